"""D11 `gnss_area`: several ships of one area lose their position, or report it wrong, at a time.

Definition: the sea is cut into areas of 10 by 20 minutes of arc (10 by about 10 NM in the Baltic).
In each minute the ships heard there in the last ten are counted, by where they were when their
position last made sense, and so are those with a sign: a jump of 10 km or more that no ship makes;
no position for a minute or more where there was one within the hour; a report that says of itself
that its position is typed in, dead reckoned, or its receiver out of order, from one that had a
good one within the hour. It opens at three ships and 20 %, closes when for ten minutes less than
two ships or 10 % had a sign. P2. How many of the jumps end within 2 km of one spot is told.

It is about an area, not about a vessel. While it is open the judge lowers by one step what rests
on positions of that area, and says so.

Source: catalogue D11 (docs/detectors.md); ITU-R M.1371-5, table 45, for the second. The RAIM bit
says whether the receiver checks itself, not what it found: it is not read.

What it cannot see: interference where fewer than three ships are heard; positions that are drawn
away slowly, all of them alike; who or what causes it, and whether it reaches aircraft or the shore.

What raises false alarms: a receiver with a wrong clock that brings old reports of several ships
(10 km is further than most sail in 20 minutes); several numbers each used by two ships.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.time import MINUTE_MS
from sargas.watch.clean import JUMP, NO_POSITION, OK
from sargas.watch.detect.base import (
    Detector,
    Finding,
    Identity,
    Surroundings,
    features_of,
    reason,
)
from sargas.watch.detect.cells import CellTable, number_in
from sargas.watch.detect.gnss_fold import (
    AREA,
    CELL_LAT_DEG,
    CELL_LON_DEG,
    COLUMNS,
    FEATURE_NAMES,
    NOT_A_SECOND,
    SHIP,
    Params,
    area_key,
    count_areas,
    judge_areas,
    note_odd,
    note_samples,
)
from sargas.watch.detect.phrases import clock, place
from sargas.watch.minutes import Minutes


def area_name(key: int) -> str:
    """Name an area by its bounds.

    Example:
        >>> print(area_name(int(area_key(20.1, 57.1))))
        the area 57°00.0'N 020°00.0'E to 57°10.0'N 020°20.0'E
    """
    row, column = divmod(key, COLUMNS)
    lon, lat = column * CELL_LON_DEG - 180.0, row * CELL_LAT_DEG - 90.0
    return f"the area {place(lon, lat)} to {place(lon + CELL_LON_DEG, lat + CELL_LAT_DEG)}"


class GnssArea(Detector):
    """D11: an area in which positions are lost or wrong.

    Attributes:
        state: a row a subject. areas: a row an area.

    Example:
        >>> GnssArea.word, GnssArea.of_vessels
        ('gnss_area', False)
    """

    word = "gnss_area"
    number = "D11"
    state_dtype = SHIP
    ticks = True
    reads_samples = True
    of_vessels = False
    rests_on_positions = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(
            r["window_min"] * MINUTE_MS, r["ships"], r["share"], r["exit_share"],
            r["close_min"] * MINUTE_MS, r["jump_km"] * 1000.0, r["jump_kn"],
            r["blind_s"] * 1000.0, r["memory_min"] * MINUTE_MS, r["spot_km"] * 1000.0,
        )  # fmt: skip
        self.areas = CellTable(AREA)
        self._from_minute = 0
        self._assessed: list[NDArray[np.bool_]] = []
        self._odd, self._odd_bounds = np.zeros(0, np.int64), np.zeros(1, np.int64)
        self._minutes: Minutes | None = None

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some minutes; the state has a row per subject instead of per segment."""
        rows, second_s = minutes.rows, minutes.wire.second_s
        is_odd = (rows.verdict == JUMP) | (rows.verdict == NO_POSITION)
        is_odd |= (rows.verdict == OK) & (second_s >= NOT_A_SECOND)
        self._odd = np.flatnonzero(is_odd)
        self._odd_bounds = np.searchsorted(self._odd, minutes.bounds)
        self._from_minute, self._assessed, self._minutes = minutes.from_minute, [], minutes
        return super().fold(minutes._replace(slots=minutes.subjects))

    def _tick(self, t_ms: int) -> None:
        """Note what the minute brought, count it by areas, and judge these."""
        self._note(t_ms // MINUTE_MS - 1)
        known = self.areas.count
        count_areas(t_ms, self.state, self.areas.rows, known, self.params)
        self._assessed.append(self.areas.rows["ships"][:known] >= self.params.ships)
        area = 0
        while area < known:
            area, self._n = judge_areas(
                t_ms, area, self.areas.rows, known, self.params, self._events, self._n
            )
            self._make_room()

    def _note(self, minute: int) -> None:
        """Take the minute's odd rows, then its samples."""
        m = self._minutes
        if m is None:
            return
        k = minute - m.from_minute
        odd = self._odd_bounds
        note_odd(
            m.rows, m.wire.second_s, self._odd, int(odd[k]), int(odd[k + 1]), self.state,
            self.params,
        )  # fmt: skip
        at, end = int(m.sample_bounds[k]), int(m.sample_bounds[k + 1])
        while at < end:
            self.areas.make_room(1)
            at = note_samples(
                m.samples, m.wire.second_s, at, end, self.state, self.areas.cells,
                self.areas.rows, self.params,
            )  # fmt: skip

    def is_assessed(self, minute: int, lon: float, lat: float) -> bool:
        """Tell whether enough ships were heard in an area to say anything of it.

        Args:
            minute: one of those folded last. lon, lat: a place in the area, degrees.
        """
        known = self._assessed[minute - self._from_minute]
        number = int(number_in(self.areas.cells, area_key(lon, lat)))
        return 0 <= number < len(known) and bool(known[number])

    def subject_of(self, event: np.void) -> Identity:
        """Name the area."""
        key = int(event["slot"])
        return Identity("area", 0, key, name=area_name(key))

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, the areas with it."""
        return super().dump() | {"areas": self.areas.dump()}

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        super().load(arrays)
        self.areas.load(arrays["areas"])

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say how many ships of how many, and with what signs."""
        x, p = features_of(event, FEATURE_NAMES), self.params
        since, now = clock(float(event["t_start_ms"])), clock(float(event["t_ms"]))
        kinds = (
            (x["jumped"], "report places they cannot be at"),
            (x["blind"], "report no position"),
            (x["estimated"], "report a position that is not from a satellite receiver"),
        )
        if x["over"]:
            text = (
                f"GNSS interference in {who.spoken} no longer seen at {now}; since {since} up to "
                f"{x['most_signs']:.0f} of {x['most_ships']:.0f} ships lost their position."
            )
        else:
            signs = ", ".join(f"{n:.0f} {words}" for n, words in kinds if n)
            spot = ""
            if x["at_one_spot"] >= 2:
                at = place(x["spot_lon"], x["spot_lat"])
                spot = f", {x['at_one_spot']:.0f} of them within {p.spot_m / 1000:.0f} km of {at}"
            text = (
                f"Possible GNSS interference in {who.spoken} since {since}: of {x['ships']:.0f} "
                f"ships heard there, {signs}{spot}; positions there are not to be relied on."
            )
        return Finding(
            text=text,
            why=(
                reason("ships with signs", x["signs"], "ships", p.ships, above=True),
                reason("share of the ships heard there", x["share"], "share", p.share, above=True),
            ),
            against=(
                "a receiver on shore with a wrong clock, or a fault of the feed, looks the same",
            ),
            context={
                "coverage": f"{x['ships']:.0f} ships heard in the last "
                f"{p.window_ms / MINUTE_MS:.0f} minutes",
                "gnss": "no longer seen" if x["over"] else "active",
                "jumped": int(x["jumped"]),
                "without_position": int(x["blind"]),
                "not_from_satellites": int(x["estimated"]),
                "at_one_spot": int(x["at_one_spot"]),
            },
            priority=int(event["priority"]),
        )
