"""D12 `identity`: numbers and names that contradict each other, or change.

Eight kinds, each a P3, one open event per vessel and kind:

- *cloned*: one MMSI is heard in turn, three times or more, from two hulls 20 NM or more apart,
  over 30 minutes or more;
- *imo_wrong*: the IMO number fails its check digit;
- *imo_changed*, *name_changed*, *length_changed* (by 10 m and a tenth), *class_changed*: what a
  vessel says of itself is another than before, or goes to and fro between two;
- *imo_shared*: the IMO number was another MMSI's within 30 days;
- *no_mid*: the MMSI begins with digits that are given to no state.

All but the first need three reports over 24 hours, of what it said before as of what it says now,
and no more than 30 days between: a slip of the keys is put right sooner.

Source: catalogue D12 (docs/detectors.md); IMO resolution A.1117(30); ITU-R M.585-9 and the shipped
table of identification digits (2021, some added).

What it cannot see: a vessel that has been someone else from the first report on; a number used by
two ships within 20 NM; a change made while it was not received for over 30 days. Registers of flags
and owners are not asked.

What raises false alarms: reflagging, sale, a yard stay, data mistyped for days; a ship with two
transponders; digits given to a state after the table was made; positions that GNSS interference
throws to and fro look like a clone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.alerts import Reason
from sargas.model.geodesy import NM_M
from sargas.model.time import MINUTE_MS
from sargas.reference import flag_of
from sargas.watch.detect.base import Detector, Finding, Identity, Surroundings, features_of, reason
from sargas.watch.detect.cells import CellTable
from sargas.watch.detect.identity_fold import (
    CASE,
    CLASS_CHANGED,
    CLONED,
    FEATURE_NAMES,
    IMO_CHANGED,
    IMO_SHARED,
    IMO_WRONG,
    KINDS,
    LENGTH_CHANGED,
    NAME_CHANGED,
    NEW_NAME,
    NO_MID,
    OLD_NAME,
    OWNER,
    SHIP,
    Cases,
    close_cases,
    take_samples,
    take_statics,
)
from sargas.watch.detect.identity_words import A_NUMBER, LETTERS, SAID, WORD, Params
from sargas.watch.detect.phrases import clock, minutes, place
from sargas.watch.growing import with_room
from sargas.watch.minutes import Minutes

KIND_NAMES = (
    "cloned", "imo_wrong", "imo_changed", "name_changed", "imo_shared", "no_mid", "class_changed",
    "length_changed",
)  # fmt: skip
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class IdentityConflict(Detector):
    """D12: who a vessel says it is.

    Attributes:
        state: a row a subject. words: four rows a subject, what it says. cases: the open or last
            event of each subject and kind that had one. owners: who said an IMO number last.

    Example:
        >>> IdentityConflict.word, IdentityConflict.number
        ('identity', 'D12')
    """

    word = "identity"
    number = "D12"
    state_dtype = SHIP
    ticks = True
    reads_samples = True
    rests_on_positions = False

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        r = around.rules[self.word]
        self.params = Params(
            r["clone_nm"] * NM_M, r["together_min"] * MINUTE_MS, r["turns"],
            r["hull_h"] * HOUR_MS, r["repeats"], r["span_h"] * HOUR_MS, r["recent_days"] * DAY_MS,
            r["length_m"], r["length_share"], r["close_h"] * HOUR_MS,
            r["clone_close_min"] * MINUTE_MS,
        )  # fmt: skip
        self.words = np.zeros(0, WORD)
        self.cases, self.owners = CellTable(CASE), CellTable(OWNER)
        self._is_mid = np.array([flag_of(mid * 1_000_000) is not None for mid in range(1000)])
        self._minutes: Minutes | None = None
        self._names = np.zeros((0, LETTERS), np.uint8)

    def fold(self, minutes: Minutes) -> NDArray[np.void]:
        """Take some minutes; the state has a row per subject instead of per segment."""
        self._minutes = minutes
        name = np.ascontiguousarray(minutes.wire.statics.name, f"S{LETTERS}")
        self._names = name.view(np.uint8).reshape(-1, LETTERS)
        return super().fold(minutes._replace(slots=minutes.subjects))

    def _grow(self, slots: int) -> None:
        """Make state for new subjects, with what they say."""
        super()._grow(slots)
        self.words = with_room(self.words, SAID * len(self.state))

    def _cases(self) -> Cases:
        """Give the table of cases, with room for one of each kind."""
        self.cases.make_room(KINDS)
        return Cases(self.cases.cells, self.cases.rows)

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the kernel of samples."""
        done: tuple[int, int] = take_samples(
            minutes.samples, minutes.rows.msg_type, start, end, self.state, self.words,
            self._cases(), self.params, events, n,
        )  # fmt: skip
        return done

    def _tick(self, t_ms: int) -> None:
        """Take the minute's static reports, after its samples; then close what is over."""
        m = self._minutes
        k = 0 if m is None else t_ms // MINUTE_MS - 1 - m.from_minute
        at, end = (0, 0) if m is None else map(int, m.wire.static_bounds[k : k + 2])
        while m is not None and at < end:
            said = m.wire.statics
            self.owners.make_room(1)
            self._make_room(KINDS)
            at, self._n = take_statics(
                m.wire.static_who, said.subject_id, said.t_ms, said.imo, said.length_m,
                self._names, at, end, self._is_mid, self.state, self.words, self._cases(),
                self.owners.cells, self.owners.rows, self.params, self._events, self._n,
            )  # fmt: skip
        case = 0
        while case < self.cases.count:
            self._make_room()
            case, self._n = close_cases(
                t_ms, case, self.cases.rows, self.cases.count, self.params, self._events, self._n
            )

    def dump(self) -> dict[str, NDArray[Any]]:
        """Give the state as arrays, with what was said."""
        return super().dump() | {
            "words": self.words, "cases": self.cases.dump(), "owners": self.owners.dump(),
        }  # fmt: skip

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the state that `dump` gave."""
        super().load(arrays)
        self.words = arrays["words"].copy()
        self.cases.load(arrays["cases"])
        self.owners.load(arrays["owners"])

    def explain(self, event: np.void, who: Identity) -> Finding:
        """Say what is said, and what it contradicts."""
        x = features_of(event, FEATURE_NAMES)
        kind = int(x["kind"])
        text = self._text(event, who, kind, x)
        if x["over"]:
            text += (
                "; no further sign since" if kind == CLONED else "; closed a day after it was told"
            )
        return Finding(
            text=text + ".",
            why=self._why(kind, x),
            against=self._against(kind),
            context={
                "coverage": f"{x['repeats']:.0f} reports over {x['span_h']:.0f} hours"
                if kind != CLONED
                else f"heard {x['turns']:.0f} times in turn",
                "kind": KIND_NAMES[kind],
            },
            priority=3,
        )

    def _text(self, event: np.void, who: Identity, kind: int, x: dict[str, float]) -> str:
        """Write the sentence, without its end."""
        old, new = int(x["old"]), int(x["new"])
        if kind == CLONED:
            here, there = place(float(event["lon"]), float(event["lat"])), place(
                x["other_lon"], x["other_lat"]
            )  # fmt: skip
            return (
                f"MMSI {who.mmsi} is heard in turn from {here} and {there}, "
                f"{x['away_m'] / NM_M:.0f} NM apart, for {minutes(x['together_min'])}: two "
                "transmitters use this number"
            )
        if kind == IMO_WRONG:
            return f"{who.spoken} reports IMO {new:07d}, whose check digit does not fit"
        if kind == NO_MID:
            return f"MMSI {who.mmsi} begins with {new}, digits that are given to no state"
        if kind == IMO_SHARED:
            return (
                f"{who.spoken} reports IMO {new}, which MMSI {old} last reported at "
                f"{clock(x['t_old_ms'])} on {_day(x['t_old_ms'])}"
            )
        if kind == NAME_CHANGED:
            return (
                f'MMSI {who.mmsi} calls itself "{_name(event, NEW_NAME)}"; until '
                f'{_day(x["t_old_ms"])} it called itself "{_name(event, OLD_NAME)}"'
            )
        until = f"; until {_day(x['t_old_ms'])}"
        if kind == IMO_CHANGED:
            return f"{who.spoken} reports IMO {new}{until} it reported IMO {old}"
        if kind == LENGTH_CHANGED:
            return f"{who.spoken} reports a length of {new} m{until} of {old} m"
        return f"{who.spoken} reports as class {'AB'[new - 1]}{until} as class {'AB'[old - 1]}"

    def _why(self, kind: int, x: dict[str, float]) -> tuple[Reason, ...]:
        """List the tests of a kind."""
        p = self.params
        if kind == CLONED:
            return (
                reason("distance between the two", x["away_m"] / NM_M, "NM", p.clone_m / NM_M,
                       above=True),
                reason("time heard both", x["together_min"], "min", p.together_ms / MINUTE_MS,
                       above=True),
                reason("turns", x["turns"], "turns", p.turns, above=True),
            )  # fmt: skip
        out = [
            reason("reports that say so", x["repeats"], "reports", p.repeats, above=True),
            reason("time it has said so", x["span_h"], "h", p.span_ms / HOUR_MS, above=True),
        ]
        if kind == LENGTH_CHANGED:
            least_m = max(p.length_m, p.length_share * x["old"])
            by_m = abs(x["new"] - x["old"])
            out.append(reason("change of length", by_m, "m", least_m, above=True))
        return tuple(out)

    def _against(self, kind: int) -> tuple[str, ...]:
        """List what else explains it."""
        if kind == CLONED:
            return ("a position that GNSS interference throws to and fro looks the same",)
        if kind == NO_MID:
            return ("the table is of 2021: digits given since are not in it",)
        if kind == IMO_WRONG:
            return ("typed in by hand: one wrong figure is enough",)
        if kind == CLASS_CHANGED:
            return ("a new transponder, or two of them aboard, look the same",)
        return ("a sale, a new flag, a yard stay or a typing error look the same",)


def _day(t_ms: float) -> str:
    """Write a date as it is read out.

    Example:
        >>> _day(1735122360000.0)
        '2024-12-25'
    """
    return str(np.datetime64(int(t_ms), "ms"))[:10]


def _name(event: np.void, at: int) -> str:
    """Read a name back from the numbers of an event."""
    letters = b""
    for k in range(LETTERS // A_NUMBER + 1):
        count = min(A_NUMBER, LETTERS - k * A_NUMBER)
        letters += int(event["x"][at + k]).to_bytes(count, "big")
    text = letters.rstrip(b"\0").decode("latin-1")
    return "".join(c for c in text if c.isprintable())
