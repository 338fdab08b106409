"""Folding plays through the watch and the peers' rules, and holding what they said against truth.

One pass over a play feeds both: the watch with all its detectors, and the columns that the presets
read. What was staged stands beside the play and is looked at only here.

What matches what:
- a staged vessel is met by an alert of that vessel that becomes known from the start of what was
  staged until `TOLERANCE_MS` after its end; an alert that came before is no answer;
- a staged place is met within `TOLERANCE_MS` and `PLACE_M` of it, either way;
- kinds of a drag are met by any word of a drag (`DRAG_WORDS`); other kinds by their own word;
- muted alerts meet nothing; they are counted apart.

A play is clean where nothing is staged but what comes about by itself (`HAPPENS`; engines fail and
satellite navigation is disturbed in ordinary traffic too), and control twins, to which nothing is
done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.presets import PRESETS
from sargas.exercise.presets.tracks import Collector, Tracks
from sargas.exercise.truth import CONTROL, Play, Staged
from sargas.model.alerts import PRIORITIES, RETRACTED, Alert
from sargas.model.fixes import Batch
from sargas.model.geodesy import NM_M, distance_m
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS
from sargas.watch.fold import Outcome, Watch

TOLERANCE_MS = 10 * MINUTE_MS
PLACE_M = 0.5 * NM_M
AREA_M = 10.0 * NM_M
"""A GNSS area is told in cells of this size; the cell of an alert may lie over its edge."""
DRAG_WORDS = frozenset(("drag_onset", "drag_sustained", "drag_confirmed"))
DRAG_KINDS = ("drag_onset", "drag_sustained")
HAPPENS = frozenset(("drift", "gnss_area", "feed_health"))
NO_ALERT = frozenset(("feed_health",))
"""Kinds that raise no alert by design: they only make others more careful."""
UNDER_WAY_KN, UNDER_WAY_GAP_MS = 1.0, 15 * MINUTE_MS
"""Of real traffic, a vessel is under way between two fixes so near in time, at such a speed."""


@dataclass(frozen=True)
class Said:
    """One alert, over all its versions.

    Attributes:
        word: the detector's. mmsi: whom.
        t_ms: when its first version became known. t_p2_ms: when it first was P1 or P2, or None.
        lon, lat: degrees.
        priority: the worst it ever had, 1 to 3.
        is_muted: whether a mask muted all of it. is_retracted: whether it was withdrawn.
        text: of its first version.
    """

    word: str
    mmsi: int
    t_ms: int
    t_p2_ms: int | None
    lon: float
    lat: float
    priority: int
    is_muted: bool
    is_retracted: bool
    text: str = ""


@dataclass(frozen=True)
class Met:
    """What became of one thing that was staged.

    Attributes:
        staged: the thing. play: in which play.
        first_ms: first alert that answers it, None if none did.
        first_p2_ms: first moment at which one was P1 or P2.
        is_muted: whether a muted one would have answered.
        is_early: whether one had come of the vessel before the start; it is no answer, and where it
            is still open no other one comes.
        asset_ms: when the vessel crossed the next asset after the start, None if it did not.
        words: rules of presets that answered, with their first moment.
    """

    staged: Staged
    play: str
    first_ms: int | None
    first_p2_ms: int | None
    is_muted: bool
    is_early: bool
    asset_ms: int | None
    words: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a play gave.

    Attributes:
        play: the play's name; simulated, note: as in `Play`.
        is_clean: whether nothing was staged in it but what happens by itself.
        said: every alert.
        met: what became of everything staged that is to raise an alert.
        false_drags: unmuted alerts of a drag that answer no staged drag.
        on_controls: those of them that are of control twins. controls: how many there were.
        rows: what the presets said, by rule: (all rows, rows that answer something staged).
        vessels, hours, under_way_vessel_days: as in `Play`.
    """

    play: str
    simulated: bool
    note: str
    is_clean: bool
    said: tuple[Said, ...]
    met: tuple[Met, ...]
    false_drags: tuple[Said, ...]
    on_controls: tuple[Said, ...]
    controls: int
    rows: dict[str, tuple[int, int]]
    vessels: int
    hours: float
    under_way_vessel_days: float

    @property
    def vessel_days(self) -> float:
        """Days that all vessels of it were watched, under way or not."""
        return self.vessels * self.hours / 24.0


Progress = Callable[[str, int], None]
"""Called with the play's name and the fixes folded so far."""


def score_plays(
    plays: Iterable[Play],
    make_watch: Callable[[Play], Watch],
    presets: Sequence[str] = (),
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Fold one play after the other; each result is given as soon as it is whole.

    Args:
        plays: what to fold.
        make_watch: gives a fresh watch for a play.
        presets: names in `PRESETS`.
        progress: told how far a play has been folded.
    """
    for play in plays:
        yield score_play(play, make_watch(play), presets, progress)


def score_play(
    play: Play, watch: Watch, presets: Sequence[str] = (), progress: Progress | None = None
) -> Result:
    """Fold one play and hold what was said against what was staged."""
    collector = Collector()
    wants_tracks = bool(presets) or np.isnan(play.under_way_vessel_days)
    staged_mmsi = {s.mmsi for s in play.staged if s.mmsi}
    tale = _Tale(watch, staged_mmsi)
    fixes = 0
    for batch in play.batches():
        if wants_tracks:
            collector.add(batch)
        tale.take(watch.push(batch))
        fixes += len(batch.fixes)
        if progress is not None:
            progress(play.name, fixes)
    tale.take(watch.flush())
    around = watch.around
    tracks = collector.tracks(around.assets, around.geography) if wants_tracks else None
    rows = {name: PRESETS[name].find(tracks) for name in presets if tracks is not None}
    return _result(play, tuple(tale.said()), tale.crossed, rows, _measured(play, tracks))


class _Tale:
    """Gathers what a watch says: alerts by id over their versions, crossings of some vessels."""

    def __init__(self, watch: Watch, staged_mmsi: set[int]) -> None:
        self._watch, self._staged = watch, staged_mmsi
        self._versions: dict[str, list[Alert]] = {}
        self.crossed: dict[int, list[int]] = {}

    def take(self, outcome: Outcome) -> None:
        """Take up what one push gave."""
        for alert in outcome.alerts:
            self._versions.setdefault(alert.id, []).append(alert)
        certain = outcome.crossings[outcome.crossings["uncertain"] == 0]
        if self._staged and len(certain):
            for crossing in self._watch.crossings_of(certain):
                if crossing.subject.mmsi in self._staged and crossing.t_ms is not None:
                    self.crossed.setdefault(crossing.subject.mmsi, []).append(crossing.t_ms)

    def said(self) -> Iterator[Said]:
        """Give every alert, all its versions in one."""
        for versions in self._versions.values():
            yield said_of(versions)


def said_of(versions: Sequence[Alert]) -> Said:
    """Sum up the versions of one alert, the first one first."""
    first = versions[0]
    heard = [a for a in versions if not a.muted_by]
    p2 = [a.t_issued_ms for a in heard if a.priority in PRIORITIES[:2]]
    return Said(
        first.detector, first.subject.mmsi, first.t_issued_ms, min(p2, default=None),
        first.lon, first.lat,
        min(PRIORITIES.index(a.priority) + 1 for a in heard or versions),
        not heard, versions[-1].state == RETRACTED, first.text,
    )  # fmt: skip


def answers(kind: str) -> frozenset[str]:
    """Name the detectors whose alert answers a staged kind."""
    return DRAG_WORDS if kind in DRAG_KINDS else frozenset((kind,))


def is_met(staged: Staged, mmsi: int, t_ms: int, lon: float, lat: float) -> bool:
    """Tell whether something said of a vessel, a time and a place can be of what was staged."""
    if staged.mmsi:
        return mmsi == staged.mmsi and (
            staged.t_start_ms <= t_ms <= staged.t_end_ms + TOLERANCE_MS
        )  # fmt: skip
    within = staged.t_start_ms - TOLERANCE_MS <= t_ms <= staged.t_end_ms + TOLERANCE_MS
    return within and distance_m(staged.lon, staged.lat, lon, lat) <= reach_m(staged)


def reach_m(staged: Staged) -> float:
    """Give how far from its middle an alert can be of a staged place.

    Example:
        >>> round(reach_m(Staged("gnss_area", 0, 0, 1, 20.0, 57.0, {"radius": "19 km"})))
        37520
    """
    if staged.kind != "gnss_area":
        return PLACE_M
    said, _, unit = staged.stratum.get("radius", "").partition(" ")
    return AREA_M + (1000.0 * float(said) if unit == "km" else 0.0)


def _result(
    play: Play,
    said: tuple[Said, ...],
    crossed: dict[int, list[int]],
    preset_rows: dict[str, NDArray[np.void]],
    measured: tuple[int, float, float],
) -> Result:
    """Hold what was said in a play against what was staged."""
    events = [s for s in play.staged if s.kind != CONTROL and s.kind not in NO_ALERT]
    is_clean = all(s.kind in HAPPENS or s.kind == CONTROL for s in play.staged)
    controls = {s.mmsi for s in play.staged if s.kind == CONTROL}
    rows, words = _held_against(events, preset_rows)
    met = [_met(play.name, s, said, crossed, words[k]) for k, s in enumerate(events)]
    drags = [s for s in events if s.kind in DRAG_KINDS]
    false = tuple(
        a for a in said
        if a.word in DRAG_WORDS and not a.is_muted
        and not any(is_met(s, a.mmsi, a.t_ms, a.lon, a.lat) for s in drags)
    )  # fmt: skip
    vessels, hours, days = measured
    return Result(
        play.name, play.simulated, play.note, is_clean, said, tuple(met), false,
        tuple(a for a in false if a.mmsi in controls), len(controls), rows, vessels, hours, days,
    )  # fmt: skip


def _met(
    play: str, s: Staged, said: tuple[Said, ...], crossed: dict[int, list[int]],
    words: dict[str, int],
) -> Met:  # fmt: skip
    """Find the first alert that answers one staged thing, and the asset that lay ahead."""
    right = [a for a in said if a.word in answers(s.kind)]
    mine = [a for a in right if is_met(s, a.mmsi, a.t_ms, a.lon, a.lat)]
    heard = [a for a in mine if not a.is_muted]
    # A note may become a warning after the staged span; by then it is no answer any more.
    end_ms = s.t_end_ms + TOLERANCE_MS
    p2 = [a.t_p2_ms for a in heard if a.t_p2_ms is not None and a.t_p2_ms <= end_ms]
    early = any(a.mmsi == s.mmsi and a.t_ms < s.t_start_ms and not a.is_muted for a in right)
    ahead = [t for t in crossed.get(s.mmsi, ()) if t > s.t_start_ms]
    return Met(
        s, play, min((a.t_ms for a in heard), default=None), min(p2, default=None),
        bool(mine) and not heard, early, min(ahead, default=None), words,
    )  # fmt: skip


def _held_against(
    events: Sequence[Staged], preset_rows: dict[str, NDArray[np.void]]
) -> tuple[dict[str, tuple[int, int]], list[dict[str, int]]]:
    """Count each rule's rows and those that answer what the rule asks for.

    Returns:
        (by rule: rows and rows that answer; for each event: first answer by rule).
    """
    counted: dict[str, tuple[int, int]] = {}
    words: list[dict[str, int]] = [{} for _ in events]
    for name, rows in preset_rows.items():
        for word, rule in PRESETS[name].rules.items():
            mine = rows[rows["word"] == word]
            used = np.zeros(len(mine), dtype=bool)
            for k, s in enumerate(events):
                if s.kind not in rule.kinds:
                    continue
                at = np.flatnonzero(mine["mmsi"] == s.mmsi) if s.mmsi else np.arange(len(mine))
                hits = [
                    i for i in at
                    if is_met(s, int(mine["mmsi"][i]), int(mine["t_ms"][i]),
                              float(mine["lon"][i]), float(mine["lat"][i]))
                ]  # fmt: skip
                used[hits] = True
                if hits:
                    words[k][word] = int(mine["t_ms"][hits].min())
            counted[word] = (len(mine), int(used.sum()))
    return counted, words


def _measured(play: Play, tracks: Tracks | None) -> tuple[int, float, float]:
    """Give vessels, hours and under-way vessel-days: as the play says, or measured."""
    if not np.isnan(play.under_way_vessel_days) or tracks is None:
        return play.vessels, play.hours, play.under_way_vessel_days
    if not len(tracks):
        return 0, 0.0, 0.0
    hours = (int(tracks.t_ms.max()) - int(tracks.t_ms.min())) / HOUR_MS
    return len(tracks.first) - 1, hours, under_way_days(tracks)


def under_way_days(tracks: Tracks) -> float:
    """Sum the time between fixes at which vessels were under way, in vessel-days."""
    took_ms = np.diff(tracks.t_ms)
    moving = (tracks.sog_kn[:-1] >= UNDER_WAY_KN) & (tracks.sog_kn[1:] >= UNDER_WAY_KN)
    same = np.diff(tracks.vessel) == 0
    return float(took_ms[same & moving & (took_ms <= UNDER_WAY_GAP_MS)].sum()) / DAY_MS


def real_play(
    name: str, batches: Callable[[], Iterator[Batch]], note: str, *, simulated: bool = False
) -> Play:
    """Wrap traffic of which nothing is known: rates only, all measured from itself."""
    return Play(name, batches, (), float("nan"), 0, float("nan"), simulated, note)
