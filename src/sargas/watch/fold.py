"""The watch itself: batches of fixes in, alerts out. A pure fold over event time.

`push` takes rows in any order of arrival within the lateness; equal rows give equal alerts, byte
for byte, however they were cut or ordered (law 2). It reads no clock, no file, no environment.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StateVersionError
from sargas.model.alerts import Alert
from sargas.model.assets import AssetSet
from sargas.model.crossings import Crossing
from sargas.model.fixes import SEA, Batch, Fixes
from sargas.model.saved import read_arrays, refusing_damage
from sargas.model.suspension import Suspension
from sargas.model.time import MINUTE_MS
from sargas.reference import Geography, Mask
from sargas.reference.vessel_lists import VesselLists
from sargas.watch.clean import RECENT, SEGMENT, VERDICTS, CleanRules, clean_rows
from sargas.watch.detect import DETECTORS
from sargas.watch.detect.base import Detector, Identity, Surroundings
from sargas.watch.detect.crossing import CrossingLog, crossing_of
from sargas.watch.detect.crossing_fold import CROSSING
from sargas.watch.detect.gap import Gap
from sargas.watch.hunting import Hunting
from sargas.watch.identity import Registry
from sargas.watch.judge import Judge
from sargas.watch.locate import Located, build_ground, build_index, locate_rows
from sargas.watch.minutes import Minutes, Wire, feeds_of, minutes_of
from sargas.watch.order import Released, ReorderBuffer, released_or_newest_ms
from sargas.watch.rules import Rules, load_rules
from sargas.watch.slots import SubjectTable

STATE_VERSION = 5
_REBUILD = "Scan the archive again to rebuild it."
QUIET_MINUTES = 48 * 60
"""So long after the last row of all, ticks change nothing."""
EVENT_ORDER = ("minute", "t_ms", "slot", "t_start_ms", "op")


@dataclass(frozen=True)
class Outcome:
    """What one push or flush gave.

    Attributes:
        alerts: new versions, in the order they became known.
        late: rows that came after their minute had gone; to be stored, not folded.
        crossings: (k,) `CROSSING`, the rows of the crossing log that became final, in that order;
            `Watch.crossings_of` puts them into words.
    """

    alerts: list[Alert]
    late: Batch
    crossings: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, CROSSING))


class Observer(Protocol):
    """Looks at the cleaned, located rows as detectors do, and gives nothing back to the watch."""

    def fold(self, minutes: Minutes) -> object:
        """Take some whole minutes (see `Detector.fold`)."""
        ...


class Watch:
    """Folds fixes into alerts.

    Args:
        assets: all assets; those in service, out of service or of unknown status are watched.
        geography: land, depth, ports.
        rules: thresholds; the shipped ones if not given.
        lateness_ms: see `order.ReorderBuffer`; from the rules if not given.
        exercise: name of the exercise these fixes belong to; marks every alert.
        masks: the user's masks, besides ports and the land distance.
        lists: what the user's lists say of vessels (D16); told in their alerts.
        suspensions: what officers have suspended, with the event times at which it counts.
        detectors: which to run; all if not given.
        observers: shown the same rows after the detectors; not part of the saved state.
        reception: what another watch over the same waters has learnt (`learnt_reception`), to
            begin with. Equal rows give equal alerts only from equal beginnings.
    """

    def __init__(
        self,
        assets: AssetSet,
        geography: Geography,
        rules: Rules | None = None,
        *,
        lateness_ms: int | None = None,
        exercise: str | None = None,
        masks: tuple[Mask, ...] = (),
        lists: VesselLists | None = None,
        suspensions: tuple[Suspension, ...] = (),
        detectors: tuple[type[Detector], ...] | None = None,
        observers: tuple[Observer, ...] = (),
        reception: NDArray[np.void] | None = None,
    ) -> None:
        rules = rules or load_rules()
        watched = assets.watched()
        self.around = Surroundings(
            watched, geography, build_index(watched.pieces, rules["locate"]["buffer_m"]),
            build_ground(geography), rules, exercise, masks,
        )  # fmt: skip
        clean = rules["clean"]
        self._clean = CleanRules(
            int(clean["copy_window_s"] * 1000), clean["max_speed_kn"], clean["slack_m"],
            int(clean["confirm_fixes"]),
        )  # fmt: skip
        if lateness_ms is None:
            lateness_ms = int(rules["order"]["lateness_s"] * 1000)
        self.order = ReorderBuffer(lateness_ms)
        # No rule waits longer than two of its spans together.
        longest_min = max(
            t.value for table in rules.tables.values() for t in table.values() if t.unit == "min"
        )
        self._quiet_minutes = max(QUIET_MINUTES, int(2 * longest_min) + 1)
        self.registry = Registry()
        self.judge = Judge(self.around, lists, suspensions)
        self.hunting = Hunting(rules["hunting"]["min_kn"], rules["hunting"]["wide_deg"])
        chosen = sorted(
            DETECTORS if detectors is None else detectors, key=lambda make: bool(make.rests_on)
        )
        self.detectors: tuple[Detector, ...] = tuple(make(self.around) for make in chosen)
        for detector in self.detectors:
            detector.name_of = self.identity
            detector.meet({d.word: d for d in self.detectors})
        self.judge.meet(self.detectors)
        if reception is not None:
            for detector in self._learners():
                detector.take_up(reception)
        self.crossing_log = CrossingLog(self.around)
        self.observers = observers
        self.counts: Counter[str] = Counter()
        self._subjects = SubjectTable()
        self._segments = np.zeros(1024, dtype=SEGMENT)
        self._used = 0
        self._recent = _fresh_recent(1024)

    def push(self, batch: Batch, until_ms: int | None = None) -> Outcome:
        """Take rows in; give the alerts that arose in the minutes now complete.

        Args:
            batch: rows in order of arrival.
            until_ms: the time up to which other sources have brought everything, if there are any.
        """
        released, late = self.order.push(batch, until_ms)
        if released is None:
            return Outcome([], late)
        alerts, crossings = self._fold(released)
        return Outcome(alerts, late, crossings)

    def flush(self) -> Outcome:
        """Fold all that is still held: the stream has ended."""
        released = self.order.flush()
        last = self.crossing_log.flush
        if released is None:
            return Outcome([], Batch.empty(), last())
        alerts, crossings = self._fold(released)
        return Outcome(alerts, Batch.empty(), np.concatenate([crossings, last()]))

    def begin_replay(self) -> None:
        """Let go of the rows that are held: all from `judged_to_ms` on come again by `replay`."""
        self.order.forget_held()

    def replay(self, batch: Batch, to_ms: int) -> list[Alert]:
        """Fold rows that are stored, of which none before a time is missing.

        Args:
            batch: rows in any order; those before `judged_to_ms` are left out.
            to_ms: the time up to which all is here; the minutes before it are judged.

        Returns:
            New versions, as `push` gives them.
        """
        released = self.order.replay(batch, to_ms)
        return [] if released is None else self._fold(released)[0]

    def take_over(self, replayed: Watch) -> None:
        """Go on with what another watch has made of the same minutes, and with the rows held here.

        Args:
            replayed: of the same rules, assets and detectors; it has judged as far as this one.
        """
        replayed.order = self.order
        self.load(replayed.dump())

    def take_masks(self, masks: tuple[Mask, ...]) -> None:
        """Judge by other masks from the next batch on.

        Equal rows give equal alerts only if what is new in them counts from after `judged_to_ms`,
        as what is added to a home's book does.
        """
        self.around = replace(self.around, masks=masks)
        self.judge.take_masks(masks)

    def take_suspensions(self, suspensions: tuple[Suspension, ...]) -> None:
        """Judge by other suspensions from the next batch on; each says from when it counts."""
        self.judge.suspensions = suspensions

    @property
    def judged_to_ms(self) -> int:
        """The event time up to which all was judged; `NO_TIME` before the first minute."""
        return self.order.released_to_ms

    def _learners(self) -> list[Gap]:
        """List the detectors that learn reception."""
        return [d for d in self.detectors if isinstance(d, Gap)]

    def learnt_reception(self) -> NDArray[np.void] | None:
        """Give what was learnt of reception by now, for another watch; None without `gap`."""
        return next((d.learnt.dump() for d in self._learners()), None)

    @property
    def vessels(self) -> int:
        """Subjects heard so far that are ships."""
        return int((self._recent["first"][: self._subjects.count] >= 0).sum())

    def tally(self) -> dict[str, int]:
        """Count what became of every fix: verdicts, rows late or without time."""
        return dict(self.counts) | self.order.counts

    def _fold(self, released: Released) -> tuple[list[Alert], NDArray[np.void]]:
        """Fold whole minutes; gives new versions of alerts, and crossings that became final."""
        parts = [self._fold_stretch(part) for part in released.stretches(self._quiet_minutes)]
        alerts = [alert for part, _ in parts for alert in part]
        return alerts, np.concatenate([crossings for _, crossings in parts])

    def _fold_stretch(self, released: Released) -> tuple[list[Alert], NDArray[np.void]]:
        """Fold one part of a release."""
        minutes = self._prepare(released)
        events = [
            (event, detector) for detector in self.detectors for event in detector.fold(minutes)
        ]
        # The judge groups the alerts of a vessel as they come, so they must come in an order that
        # does not depend on where the stream was cut. Areas and feeds come first of their minute:
        # what is told of vessels in it is weighed by them.
        events.sort(
            key=lambda e: (
                int(e[0]["minute"]), e[1].of_vessels, *(int(e[0][k]) for k in EVENT_ORDER),
                e[1].word,
            )
        )  # fmt: skip
        alerts = []
        for event, detector in events:
            # By the minute it was folded in: a tick ends it, and what is said in the next minute
            # may be known by now or not.
            who = detector.subject_of(event) or self.identity(
                int(event["slot"]), int(event["minute"]) * MINUTE_MS
            )
            alert = self.judge.weigh(detector, event, who)
            if alert is not None:
                alerts += [alert, *self.judge.lowered_by(alert)]
        crossings = self.crossing_log.fold(minutes)
        for observer in self.observers:
            observer.fold(minutes)
        return alerts, crossings

    def _prepare(self, released: Released) -> Minutes:
        """Clean, locate and sample one release."""
        fixes, statics = released.fixes, released.statics
        begins = np.arange(released.from_minute, released.to_minute + 1) * 60_000
        bounds = np.searchsorted(fixes.t_ms // 60_000 * 60_000, begins)
        static_bounds = np.searchsorted(statics.t_ms // 60_000 * 60_000, begins)
        who = self._subjects.number(fixes.domain, fixes.subject_id)
        static_who = self._subjects.number(statics.domain, statics.subject_id)
        self._grow_recent()
        length, kind = self.registry.fold(
            statics, static_who, static_bounds, who, bounds, self._subjects.count
        )
        slot, verdict = self._clean_all(fixes, who)
        for code, n in zip(*np.unique(verdict, return_counts=True), strict=True):
            self.counts[VERDICTS[int(code)]] += int(n)
        rows = _located(fixes, slot, verdict, length, kind, who)
        locate_rows(
            fixes.lon_raw, fixes.lat_raw, fixes.sog_raw, fixes.cog_raw, fixes.heading_raw,
            self.around.index, self.around.ground, rows,
        )  # fmt: skip
        wire = Wire(
            fixes.station, feeds_of(fixes.src_id), fixes.second_s, statics, static_who,
            static_bounds.astype(np.int64),
        )  # fmt: skip
        minutes = minutes_of(
            rows, bounds.astype(np.int64), released.from_minute, self._used,
            self._subjects.count, wire,
        )  # fmt: skip
        self.hunting.fold(minutes)
        return minutes

    def _clean_all(
        self, fixes: Fixes, who: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Run the cleaning kernel, making room for segments whenever it asks."""
        n = len(fixes)
        slot, verdict = np.empty(n, np.int32), np.empty(n, np.uint8)
        row = 0
        while row < n:
            row, self._used = clean_rows(
                who, fixes.subject_id, fixes.msg_type, fixes.t_ms, fixes.lon_raw, fixes.lat_raw,
                fixes.payload_hash, self._segments, self._recent, self._used, row, self._clean,
                slot, verdict,
            )  # fmt: skip
            if row < n:
                self._segments = np.append(self._segments, np.zeros_like(self._segments))
        return slot, verdict

    def _grow_recent(self) -> None:
        """Make room for new subjects."""
        if self._subjects.count > len(self._recent):
            more = max(self._subjects.count - len(self._recent), len(self._recent))
            self._recent = np.append(self._recent, _fresh_recent(more))

    def identity(self, slot: int, t_ms: int) -> Identity:
        """Name the vessel of an identity segment as it was known by a time."""
        segment = self._segments[slot]
        subject = int(segment["subject"])
        key = int(self._subject_keys()[subject])
        claim = self.registry.as_of(subject, t_ms)
        domain = "sea" if key >> 32 == SEA else "air"
        return Identity(
            domain, key & 0xFFFFFFFF, int(segment["number"]), claim.imo, claim.name,
            claim.callsign, claim.ship_type, claim.length_m,
        )  # fmt: skip

    def crossings_of(self, rows: NDArray[np.void]) -> list[Crossing]:
        """Put rows of the crossing log into words, each vessel named as by the time it was final.

        Args:
            rows: (k,) `CROSSING`, from an outcome of this watch.
        """
        out = []
        for row in rows:
            who = self.identity(int(row["slot"]), self.crossing_log.due_ms(row) - 1)
            asset = self.around.assets[int(row["asset"])]
            out.append(crossing_of(row, who.subject, asset, self.around.exercise))
        return out

    def crossing_rows(self, rows: NDArray[np.void]) -> list[dict[str, Any]]:
        """Give rows of the crossing log as `crossings --json` prints them."""
        return [crossing.to_dict() for crossing in self.crossings_of(rows)]

    def _subject_keys(self) -> NDArray[np.int64]:
        """List the subjects' keys, made anew only when there are new ones."""
        if len(self._keys) != self._subjects.count:
            self._keys = self._subjects.subjects()
        return self._keys

    _keys: NDArray[np.int64] = np.zeros(0, np.int64)

    def dump(self) -> bytes:
        """Give the whole state as bytes that carry their version."""
        arrays: dict[str, NDArray[Any]] = {
            "subjects": self._subjects.subjects(),
            "segments": self._segments[: self._used],
            "recent": self._recent[: self._subjects.count],
        }
        claims, history = self.registry.dump()
        parts = {
            "order": self.order.dump(),
            "claims": claims,
            "crossings": self.crossing_log.dump(),
            "hunting": self.hunting.dump(),
        }
        parts |= {d.word: d.dump() for d in self.detectors}
        for part, columns in parts.items():
            arrays |= {f"{part}/{name}": column for name, column in columns.items()}
        meta = {
            "version": STATE_VERSION, "made_for": self._made_for(), "counts": self.counts,
            "history": history,
        }  # fmt: skip
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        arrays["judge"] = np.frombuffer(self.judge.dump(), np.uint8)
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, **arrays)
        return out.getvalue()

    def _made_for(self) -> list[str]:
        """Name all that the numbers in the state stand for."""
        around = self.around
        return [around.rules.version, around.assets.version, *(d.word for d in self.detectors)]

    def load(self, state: bytes) -> None:
        """Take up the state that `dump` gave to a watch of the same rules and detectors.

        Raises:
            StateVersionError: it is of a version this sargas does not read, or of a watch over
                other rules or assets, or with other detectors, or damaged. Make a new watch then.
        """
        with refusing_damage("a watch", _REBUILD):
            self._load(read_arrays(state))

    def _load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take up the arrays of a state."""
        meta = json.loads(arrays["meta"].tobytes())
        if meta["version"] != STATE_VERSION:
            raise StateVersionError(
                f"The saved state is version {meta['version']}, wanted {STATE_VERSION}.",
                hint=_REBUILD,
            )
        if meta["made_for"] != self._made_for():
            raise StateVersionError(
                "The saved state is of a watch with other rules, assets or detectors.",
                hint=_REBUILD,
            )
        self._keys = np.zeros(0, np.int64)
        self._subjects.load(arrays["subjects"])
        self._used = len(arrays["segments"])
        self._segments = np.append(arrays["segments"], np.zeros(1024, SEGMENT))
        self._recent = np.append(arrays["recent"], _fresh_recent(1024))
        self.counts = Counter(meta["counts"])
        self.order.load(_part(arrays, "order"))
        self.registry.load(_part(arrays, "claims"), meta["history"])
        self.judge.load(arrays["judge"].tobytes())
        self.crossing_log.load(_part(arrays, "crossings"))
        self.hunting.load(_part(arrays, "hunting"))
        for detector in self.detectors:
            detector.load(_part(arrays, detector.word))


def reached_ms(state: bytes) -> int:
    """Tell how far in event time a saved state has come; the rest of it is not read.

    Raises:
        StateVersionError: it is damaged.
    """
    with refusing_damage("a watch", _REBUILD):
        file = np.load(io.BytesIO(state), allow_pickle=False)
        return released_or_newest_ms({"clock": file["order/clock"], "next": file["order/next"]})


def _part(arrays: dict[str, NDArray[Any]], part: str) -> dict[str, NDArray[Any]]:
    """Pick one part's arrays out of a saved state."""
    return {n.removeprefix(f"{part}/"): a for n, a in arrays.items() if n.startswith(f"{part}/")}


def _fresh_recent(n: int) -> NDArray[np.void]:
    """Make state for subjects never heard."""
    recent = np.zeros(n, dtype=RECENT)
    recent["first"] = -1
    recent["t_ms"] = np.iinfo(np.int64).min // 2
    return recent


def _located(
    fixes: Fixes,
    slot: NDArray[np.int32],
    verdict: NDArray[np.uint8],
    length: NDArray[np.uint16],
    kind: NDArray[np.uint8],
    who: NDArray[np.int32],
) -> Located:
    """Make the columns that `locate_rows` fills."""
    n = len(fixes)

    def new() -> NDArray[np.float64]:
        return np.empty(n, np.float64)

    return Located(
        slot=slot, verdict=verdict, t_ms=fixes.t_ms, lon=new(), lat=new(), sog_kn=new(),
        cog_deg=new(), heading_deg=new(), nav_status=fixes.nav_status, msg_type=fixes.msg_type,
        length_m=length, ship_type=kind, asset=np.empty(n, np.int32), distance_m=new(),
        buffer_m=new(), accuracy_m=new(), kp_m=new(), land_m=new(), depth_m=new(), subject=who,
    )  # fmt: skip
