"""The vicinity of a fault: who was near an asset around a time, how slow, how well heard.

An observer of the watch (see `fold.Observer`) for one asset and one span of time. It counts what
was heard within 20 km of the asset, finds vessels that stayed slow in its corridor, and silences
in which a vessel could have reached it. It knows only what was received: a vessel that never
transmitted leaves no silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Subject
from sargas.model.assets import Asset, AssetSet
from sargas.model.geodesy import KN_MS, distance_m
from sargas.model.jit import kernel
from sargas.model.time import DAY_MS, MINUTE_MS, NO_TIME, iso
from sargas.watch.clean import OK
from sargas.watch.detect.base import Identity
from sargas.watch.locate import Located, PieceIndex, best_piece, build_index, cell_at
from sargas.watch.minutes import Minutes
from sargas.watch.rules import Rules

SAMPLE_M = 1000.0
"""Reach is tested to points this far apart along the asset, so it is widened by as much."""

NEAR = np.dtype(
    [
        ("t_ms", "i8"), ("lon", "f8"), ("lat", "f8"), ("sog_kn", "f8"),
        ("in_window", "i4"), ("in_before", "i4"),
        ("slow", "i4"), ("slow_from_ms", "i8"), ("slow_to_ms", "i8"), ("slow_sum_kn", "f8"),
        ("closest_m", "f8"), ("closest_ms", "i8"), ("closest_lon", "f8"), ("closest_lat", "f8"),
        ("closest_kp_m", "f8"), ("closest_accuracy_m", "f8"),
    ]
)  # fmt: skip
"""State of a segment: its last fix; fixes near the asset; its slow fixes in the corridor, and
where of them it was closest."""

SILENCE = np.dtype(
    [
        ("slot", "i4"), ("t1_ms", "i8"), ("t2_ms", "i8"), ("lon1", "f8"), ("lat1", "f8"),
        ("lon2", "f8"), ("lat2", "f8"), ("sog_kn", "f8"),
    ]
)  # fmt: skip


class Span(NamedTuple):
    """The span asked about, and the limits, for the kernel."""

    from_ms: int
    to_ms: int
    gap_ms: int
    slow_kn: float
    corridor_m: float
    within_m: float
    kp_low_m: float
    kp_high_m: float


@dataclass(frozen=True)
class Gap:
    """A silence in which a vessel could have reached the asset.

    Attributes:
        t2_ms: when it was received again; None where it was not.
        lon, lat: its last place before. sog_kn: its speed then, None where unknown.
        kp_km: where along the asset the way was shortest.
        needed_kn: speed that way would have taken; limit_kn: what it is believed capable of.
    """

    subject: Subject
    t1_ms: int
    t2_ms: int | None
    lon: float
    lat: float
    sog_kn: float | None
    kp_km: float
    needed_kn: float
    limit_kn: float


@dataclass(frozen=True)
class Presence:
    """A vessel slow within the asset's corridor.

    Attributes:
        t_from_ms, t_to_ms: first and last slow fix there within the span.
        t_ms: when it was closest, at lon, lat, kp_km, distance_m.
        sog_kn: mean of its slow fixes there.
    """

    subject: Subject
    t_from_ms: int
    t_to_ms: int
    t_ms: int
    lon: float
    lat: float
    kp_km: float
    distance_m: float
    accuracy_m: float
    sog_kn: float


@dataclass(frozen=True)
class Coverage:
    """How well the asset's surroundings were heard in the span, and in one as long before it.

    Attributes:
        kp_km: only around this part of the asset, from and to; None for all of it.
    """

    asset: str
    within_km: float
    from_ms: int
    to_ms: int
    vessels: int
    fixes: int
    vessels_before: int
    fixes_before: int
    longest_silence_min: int
    data_from_ms: int | None
    data_to_ms: int | None
    kp_km: tuple[float, float] | None = None

    @property
    def is_partial(self) -> bool:
        """Whether the data begin after the span's start or end before its end."""
        if self.data_from_ms is None or self.data_to_ms is None:
            return True
        return self.data_from_ms > self.from_ms or self.data_to_ms < self.to_ms - MINUTE_MS

    @property
    def text(self) -> str:
        """Say in words what was heard."""
        span = f"{iso(self.from_ms)} to {iso(self.to_ms)}"
        where = f"within {self.within_km:g} km of {self.asset}{part_words(self.kp_km)}"
        if not self.fixes:
            said = f"No vessel was heard {where}, {span}."
        else:
            said = (
                f"Heard {where}, {span}: {self.vessels} "
                f"vessels, {self.fixes} fixes, longest silence {self.longest_silence_min} min; "
                f"in as long a time before: {self.vessels_before} vessels, "
                f"{self.fixes_before} fixes."
            )
        if self.data_from_ms is None or self.data_to_ms is None:
            return f"{said} There are no fixes at all."
        if self.is_partial:
            read = f"from {iso(self.data_from_ms)} to {iso(self.data_to_ms)}"
            said += f" What was read ({read}) does not cover all of that time."
        return said

    def to_dict(self) -> dict[str, object]:
        """Write it for JSON, times in ISO 8601."""
        return {
            "within_km": self.within_km,
            "kp_from_km": None if self.kp_km is None else self.kp_km[0],
            "kp_to_km": None if self.kp_km is None else self.kp_km[1],
            "from": iso(self.from_ms),
            "to": iso(self.to_ms),
            "vessels": self.vessels,
            "fixes": self.fixes,
            "vessels_before": self.vessels_before,
            "fixes_before": self.fixes_before,
            "longest_silence_min": self.longest_silence_min,
            "data_from": None if self.data_from_ms is None else iso(self.data_from_ms),
            "data_to": None if self.data_to_ms is None else iso(self.data_to_ms),
            "text": self.text,
        }


def part_words(kp_km: tuple[float, float] | None) -> str:
    """Name the part of an asset that was asked about; nothing for all of it.

    Example:
        >>> part_words((10.0, 30.0)), part_words(None)
        (' between km 10 and km 30', '')
    """
    if kp_km is None:
        return ""
    low, high = (f"{km:.1f}".removesuffix(".0") for km in kp_km)
    return f" between km {low} and km {high}"


Namer = Callable[[int, int], Identity]
"""Names the vessel of a segment as known by a time: `Watch.identity`."""


class Vicinity:
    """Observes one asset around one time.

    Args:
        asset: the asset.
        at_ms: the time asked about. window_min: minutes on either side of it.
        rules: thresholds, `[suspects]` and `[locate]`.
        kp_km: only this part of the asset, from and to.
    """

    def __init__(
        self,
        asset: Asset,
        at_ms: int,
        window_min: float,
        rules: Rules,
        kp_km: tuple[float, float] | None = None,
    ) -> None:
        self.asset, self.rules, self.kp_km = asset, rules["suspects"], kp_km
        window_ms = round(window_min * MINUTE_MS)
        kp = (-math.inf, math.inf) if kp_km is None else (kp_km[0] * 1000.0, kp_km[1] * 1000.0)
        self.span = Span(
            at_ms - window_ms, at_ms + window_ms, int(self.rules["gap_min"] * MINUTE_MS),
            self.rules["slow_kn"], rules["locate"]["buffer_m"], self.rules["within_km"] * 1000.0,
            *kp,
        )  # fmt: skip
        pieces = AssetSet([asset]).pieces
        self._index = build_index(pieces, self.span.within_m)
        self._points = _sample(self._index, self.span)
        self._state = np.zeros(0, NEAR)
        self._silences = np.zeros(256, SILENCE)
        self._n = 0
        self._minutes = np.zeros(max(1, -(-2 * window_ms // MINUTE_MS)), np.int64)
        self._data = np.array([NO_TIME, NO_TIME])

    def fold(self, minutes: Minutes) -> None:
        """Take some whole minutes."""
        rows, slots = minutes.rows, minutes.slots
        if slots > len(self._state):
            more = np.zeros(max(slots, 2 * len(self._state), 1024) - len(self._state), NEAR)
            more["t_ms"] = NO_TIME
            more["closest_m"] = math.inf
            self._state = np.concatenate([self._state, more])
        row = 0
        while row < len(rows.t_ms):
            row, self._n = look(
                rows, row, self._state, self._index, self.span, self._minutes, self._data,
                self._silences, self._n,
            )  # fmt: skip
            if row < len(rows.t_ms):
                self._silences = np.concatenate([self._silences, np.zeros_like(self._silences)])

    def coverage(self) -> Coverage:
        """Say how well the vicinity was heard."""
        quiet = longest = 0
        for fixes in self._minutes:
            quiet = 0 if fixes else quiet + 1
            longest = max(longest, quiet)
        s, known = self._state, self._data[0] != NO_TIME
        return Coverage(
            self.asset.name, self.rules["within_km"], self.span.from_ms, self.span.to_ms,
            int((s["in_window"] > 0).sum()), int(s["in_window"].sum()),
            int((s["in_before"] > 0).sum()), int(s["in_before"].sum()), longest,
            int(self._data[0]) if known else None, int(self._data[1]) if known else None,
            self.kp_km,
        )  # fmt: skip

    def presences(self, name: Namer) -> list[Presence]:
        """List the vessels that stayed slow in the corridor, the closest first."""
        out = []
        least_ms = self.rules["presence_min"] * MINUTE_MS
        for slot in np.flatnonzero(self._state["slow"]):
            s = self._state[slot]
            if s["slow_to_ms"] - s["slow_from_ms"] < least_ms:
                continue
            out.append(Presence(
                name(int(slot), self.span.to_ms).subject, int(s["slow_from_ms"]),
                int(s["slow_to_ms"]), int(s["closest_ms"]), float(s["closest_lon"]),
                float(s["closest_lat"]), float(s["closest_kp_m"]) / 1000.0,
                float(s["closest_m"]), float(s["closest_accuracy_m"]),
                float(s["slow_sum_kn"] / s["slow"]),
            ))  # fmt: skip
        return sorted(out, key=lambda p: (p.distance_m, p.subject.key))

    def gaps(self, name: Namer) -> list[Gap]:
        """List the silences in which the asset could have been reached, the easiest first."""
        lon, lat, kp_m = self._points
        out = []
        for s in np.concatenate([self._silences[: self._n], self._unfinished()]):
            sog_kn = float(s["sog_kn"])
            limit_kn = self.rules["reach_kn"]
            if not math.isnan(sog_kn):
                limit_kn = max(limit_kn, sog_kn + self.rules["reach_more_kn"])
            again = int(s["t2_ms"]) if s["t2_ms"] != NO_TIME else None
            k, needed_kn = reach(
                s["lon1"], s["lat1"], s["t1_ms"], s["lon2"], s["lat2"],
                self.span.to_ms if again is None else again, again is not None,
                lon, lat, self.span, limit_kn,
            )  # fmt: skip
            if k < 0:
                continue
            out.append(Gap(
                name(int(s["slot"]), again or self.span.to_ms).subject, int(s["t1_ms"]), again,
                float(s["lon1"]), float(s["lat1"]), None if math.isnan(sog_kn) else sog_kn,
                float(kp_m[k]) / 1000.0, float(needed_kn), limit_kn,
            ))  # fmt: skip
        return sorted(out, key=lambda g: (g.needed_kn, g.subject.key, g.t1_ms))

    def _unfinished(self) -> NDArray[np.void]:
        """Make silences of the segments last heard before the span's end and never again."""
        s = self._state
        gone = (s["t_ms"] > self.span.from_ms - DAY_MS) & (
            s["t_ms"] <= min(self.span.to_ms, int(self._data[1])) - self.span.gap_ms
        )
        out = np.zeros(int(gone.sum()), SILENCE)
        out["slot"], out["t1_ms"], out["t2_ms"] = np.flatnonzero(gone), s["t_ms"][gone], NO_TIME
        out["lon1"], out["lat1"] = s["lon"][gone], s["lat"][gone]
        out["sog_kn"] = s["sog_kn"][gone]
        return out


def _sample(
    index: PieceIndex, span: Span
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Set points along the asset, at most `SAMPLE_M` apart: lon, lat, kilometre point in m."""
    parts = []
    for p in range(len(index.asset)):
        n = max(1, math.ceil(index.length_m[p] / SAMPLE_M))
        u = np.linspace(0.0, 1.0, n + 1)
        parts.append(np.stack([
            index.lon1[p] + u * (index.lon2[p] - index.lon1[p]),
            index.lat1[p] + u * (index.lat2[p] - index.lat1[p]),
            index.kp_m[p] + u * index.length_m[p],
        ]))  # fmt: skip
    lon, lat, kp_m = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))
    here = (kp_m >= span.kp_low_m) & (kp_m <= span.kp_high_m)
    return lon[here], lat[here], kp_m[here]


@kernel
def look(
    rows: Located,
    start: int,
    state: NDArray[np.void],
    index: PieceIndex,
    span: Span,
    minutes: NDArray[np.int64],
    data: NDArray[np.int64],
    silences: NDArray[np.void],
    n: int,
) -> tuple[int, int]:
    """Take note of rows, one by one.

    Args:
        rows: located fixes, canonical order; from `start`.
        state: (slots,) `NEAR`. index: the asset's pieces, entered 20 km around. span: limits.
        minutes: (m,) fixes near in each minute of the span.
        data: (2,) first and last time of any fix.
        silences: (k,) `SILENCE`, `n` taken.

    Returns:
        (row to go on with after making room for silences, or the number of rows; taken now).
    """
    slot, verdict, t_ms, lon, lat, sog_kn = (
        rows.slot, rows.verdict, rows.t_ms, rows.lon, rows.lat, rows.sog_kn,
    )  # fmt: skip
    first, entry, lon0, lat0 = index.first, index.entry, index.lon0, index.lat0
    columns, grid_rows = index.columns, index.rows
    lon1, lat1, lon2, lat2, buffer_m = (
        index.lon1, index.lat1, index.lon2, index.lat2, index.buffer_m,
    )  # fmt: skip
    piece_kp, piece_length, accuracy_m = index.kp_m, index.length_m, index.accuracy_m
    long_ms = span.to_ms - span.from_ms
    for i in range(start, slot.shape[0]):
        s, t = slot[i], t_ms[i]
        if s < 0 or verdict[i] != OK:
            continue
        last = state[s]["t_ms"]
        if last != NO_TIME and t - last >= span.gap_ms and last < span.to_ms and t > span.from_ms:
            if n >= silences.shape[0]:
                return i, n
            silences[n]["slot"], silences[n]["t1_ms"], silences[n]["t2_ms"] = s, last, t
            silences[n]["lon1"], silences[n]["lat1"] = state[s]["lon"], state[s]["lat"]
            silences[n]["lon2"], silences[n]["lat2"] = lon[i], lat[i]
            silences[n]["sog_kn"] = state[s]["sog_kn"]
            n += 1
        state[s]["t_ms"], state[s]["lon"], state[s]["lat"] = t, lon[i], lat[i]
        state[s]["sog_kn"] = sog_kn[i]
        data[0] = t if data[0] == NO_TIME else min(data[0], t)
        data[1] = max(data[1], t)
        if t < span.from_ms - long_ms or t >= span.to_ms:
            continue
        cell = cell_at(lon0, lat0, columns, grid_rows, lon[i], lat[i])
        if cell < 0 or first[cell] == first[cell + 1]:
            continue
        p, distance_m, share = best_piece(
            entry[first[cell] : first[cell + 1]],
            lon1, lat1, lon2, lat2, buffer_m, lon[i], lat[i],
        )  # fmt: skip
        kp_m = piece_kp[p] + share * piece_length[p]
        outside_m = max(span.kp_low_m - kp_m, kp_m - span.kp_high_m, 0.0)
        if max(distance_m, outside_m) > span.within_m:
            continue
        if t < span.from_ms:
            state[s]["in_before"] += 1
            continue
        state[s]["in_window"] += 1
        minutes[(t - span.from_ms) // MINUTE_MS] += 1
        corridor_m = max(span.corridor_m, accuracy_m[p])
        if sog_kn[i] <= span.slow_kn and distance_m <= corridor_m and outside_m == 0.0:
            if state[s]["slow"] == 0:
                state[s]["slow_from_ms"] = t
            state[s]["slow"] += 1
            state[s]["slow_to_ms"] = t
            state[s]["slow_sum_kn"] += sog_kn[i]
            if distance_m < state[s]["closest_m"]:
                state[s]["closest_m"], state[s]["closest_ms"] = distance_m, t
                state[s]["closest_lon"], state[s]["closest_lat"] = lon[i], lat[i]
                state[s]["closest_kp_m"] = kp_m
                state[s]["closest_accuracy_m"] = accuracy_m[p]
    return slot.shape[0], n


@kernel
def reach(
    lon1: float,
    lat1: float,
    t1_ms: int,
    lon2: float,
    lat2: float,
    t2_ms: int,
    is_heard_again: bool,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    span: Span,
    limit_kn: float,
) -> tuple[int, float]:
    """Find the point of the asset that a silent vessel could most easily have been at in the span.

    Args:
        lon1, lat1, t1_ms: its last fix before; lon2, lat2, t2_ms: its first after, of which only
            the time counts where it was not heard again.
        lon, lat: (p,) points along the asset.
        span: the span in which it should have been there. limit_kn: no faster than this.

    Returns:
        (point or -1, speed in knots that the way there and back on would have taken).
    """
    limit_ms = limit_kn * KN_MS
    there_s = (min(t2_ms, span.to_ms) - t1_ms) / 1000.0
    back_s = (t2_ms - max(t1_ms, span.from_ms)) / 1000.0
    whole_s = (t2_ms - t1_ms) / 1000.0
    best, best_m = -1, math.inf
    for k in range(lon.shape[0]):
        # A degree of latitude is at least 110.5 km: most points are told without a distance.
        if abs(lat[k] - lat1) * 110_500.0 - SAMPLE_M > limit_ms * there_s:
            continue
        there_m = max(0.0, distance_m(lon1, lat1, lon[k], lat[k]) - 0.5 * SAMPLE_M)
        if there_m > limit_ms * there_s or there_m >= best_m:
            continue
        back_m = 0.0
        if is_heard_again:
            back_m = max(0.0, distance_m(lon[k], lat[k], lon2, lat2) - 0.5 * SAMPLE_M)
        way_m = there_m + back_m
        if back_m <= limit_ms * back_s and way_m <= limit_ms * whole_s and way_m < best_m:
            best, best_m = k, way_m
    return best, best_m / whole_s / KN_MS if best >= 0 else math.nan
