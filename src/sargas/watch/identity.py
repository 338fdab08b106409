"""Who the subjects say they are, as of any event time.

Statics of a minute count before the fixes of that minute. The history of a subject's claims is
kept where it changes, so that an alert names the vessel as it was called when the alert arose,
however the stream was cut.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import Statics
from sargas.model.jit import kernel
from sargas.model.time import MINUTE_MS


@dataclass(frozen=True)
class Claim:
    """What a subject says about itself; None where it has not said."""

    imo: int | None = None
    name: str | None = None
    callsign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    destination: str | None = None


@kernel
def apply_statics(
    who: NDArray[np.int32],
    length: NDArray[np.uint16],
    ship_type: NDArray[np.uint8],
    has_name: NDArray[np.bool_],
    payload: NDArray[np.uint64],
    static_bounds: NDArray[np.int64],
    fix_who: NDArray[np.int32],
    fix_bounds: NDArray[np.int64],
    length_of: NDArray[np.uint16],
    type_of: NDArray[np.uint8],
    last_payload: NDArray[np.uint64],
    fix_length: NDArray[np.uint16],
    fix_type: NDArray[np.uint8],
    changed: NDArray[np.bool_],
) -> None:
    """Carry length and ship type from statics to fixes, minute by minute.

    Args:
        who, length, ship_type, has_name, payload: (s,) columns of the statics.
        static_bounds, fix_bounds: (m + 1,) where each minute begins.
        fix_who: (n,) subject numbers of the fixes.
        length_of, type_of: (subjects,) what was last said; changed in place.
        last_payload: (subjects, 2) last report without and with a name; changed in place.
        fix_length, fix_type: (n,) out. changed: (s,) out, whether a report says anything new.
    """
    for k in range(static_bounds.shape[0] - 1):
        for i in range(static_bounds[k], static_bounds[k + 1]):
            w, kind = who[i], 1 if has_name[i] else 0
            changed[i] = last_payload[w, kind] != payload[i]
            last_payload[w, kind] = payload[i]
            if length[i] > 0:
                length_of[w] = length[i]
            if ship_type[i] > 0:
                type_of[w] = ship_type[i]
        for i in range(fix_bounds[k], fix_bounds[k + 1]):
            fix_length[i] = length_of[fix_who[i]]
            fix_type[i] = type_of[fix_who[i]]


class Registry:
    """The claims of every subject, in order of event time."""

    def __init__(self) -> None:
        self._times: dict[int, list[int]] = {}
        self._claims: dict[int, list[Claim]] = {}
        self.length_of = np.zeros(0, np.uint16)
        self.type_of = np.zeros(0, np.uint8)
        self.last_payload = np.zeros((0, 2), np.uint64)

    def fold(
        self,
        statics: Statics,
        static_who: NDArray[np.int32],
        static_bounds: NDArray[np.int64],
        fix_who: NDArray[np.int32],
        fix_bounds: NDArray[np.int64],
        subjects: int,
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Take one release of statics; give length and ship type for each of its fixes.

        Args:
            statics: s rows in canonical order. static_who: (s,) subject numbers.
            fix_who: (n,) subject numbers. static_bounds, fix_bounds: (m + 1,) by minute.
            subjects: how many there are by now.

        Returns:
            (n,) length in metres and (n,) ship type, 0 where not said.
        """
        self._grow(subjects)
        length, kind = np.empty(len(fix_who), np.uint16), np.empty(len(fix_who), np.uint8)
        changed = np.zeros(len(statics), np.bool_)
        apply_statics(
            static_who, statics.length_m, statics.ship_type, statics.name != b"",
            statics.payload_hash, static_bounds, fix_who, fix_bounds,
            self.length_of, self.type_of, self.last_payload, length, kind, changed,
        )  # fmt: skip
        for i in np.flatnonzero(changed):
            self._note(int(static_who[i]), statics, int(i))
        return length, kind

    def as_of(self, subject: int, t_ms: int) -> Claim:
        """Give what a subject had said by the end of the minute of `t_ms`."""
        times = self._times.get(subject, [])
        at = bisect_right(times, t_ms // MINUTE_MS)
        return self._claims[subject][at - 1] if at else Claim()

    def _note(self, subject: int, statics: Statics, i: int) -> None:
        """Add a report to the subject's history where it says something new."""
        said: dict[str, Any] = {
            "imo": int(statics.imo[i]) or None,
            "name": _text(statics.name[i]),
            "callsign": _text(statics.callsign[i]),
            "ship_type": int(statics.ship_type[i]) or None,
            "length_m": int(statics.length_m[i]) or None,
            "destination": _text(statics.destination[i]),
        }
        times = self._times.setdefault(subject, [])
        claims = self._claims.setdefault(subject, [])
        old = claims[-1] if claims else Claim()
        new = replace(old, **{k: v for k, v in said.items() if v is not None})
        if new == old:
            return
        minute = int(statics.t_ms[i]) // MINUTE_MS
        if times and times[-1] == minute:
            claims[-1] = new
        else:
            times.append(minute)
            claims.append(new)

    def _grow(self, subjects: int) -> None:
        """Make room for new subjects."""
        more = subjects - len(self.length_of)
        if more > 0:
            more = max(more, len(self.length_of), 1024)
            self.length_of = np.append(self.length_of, np.zeros(more, np.uint16))
            self.type_of = np.append(self.type_of, np.zeros(more, np.uint8))
            self.last_payload = np.append(self.last_payload, np.zeros((more, 2), np.uint64), 0)

    def dump(self) -> tuple[dict[str, NDArray[Any]], list[Any]]:
        """Give the state: arrays, and what JSON can hold."""
        arrays: dict[str, NDArray[Any]] = {
            "length_of": self.length_of,
            "type_of": self.type_of,
            "last_payload": self.last_payload,
        }
        history: list[Any] = [
            [subject, self._times[subject], [list(vars(c).values()) for c in claims]]
            for subject, claims in self._claims.items()
        ]
        return arrays, history

    def load(self, arrays: dict[str, NDArray[Any]], history: Any) -> None:  # noqa: ANN401 - JSON
        """Take up the state that `dump` gave."""
        self.length_of = arrays["length_of"].copy()
        self.type_of = arrays["type_of"].copy()
        self.last_payload = arrays["last_payload"].copy()
        self._times = {s: list(times) for s, times, _ in history}
        self._claims = {s: [Claim(*c) for c in claims] for s, _, claims in history}


def _text(value: bytes) -> str | None:
    """Read a self-reported text; control characters go, nothing else: escaping is the edge's."""
    text = "".join(c for c in value.decode("latin-1") if c.isprintable()).rstrip()
    return text or None
