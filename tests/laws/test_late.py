"""Late data: a scan that was disturbed, folded again, ends where an undisturbed one ends."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.cli import refolding, stored
from sargas.cli.keeping import Keeper
from sargas.cli.late_rows import LateRows
from sargas.cli.refolding import BOOKKEEPING, NOTE, Comparison, Refolded, refold
from sargas.errors import StoreError, UsageError
from sargas.model.alerts import Alert, AssetRef, Subject
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import MINUTE_MS, parse_iso
from sargas.store import Home, Ledger, compact
from sargas.store.shards import read_day, read_statics_day
from sargas.watch.detect.gap import Gap
from sargas.watch.fold import Watch
from sargas.watch.rules import Rules, load_rules
from tests.laws.test_fold import LATENESS_MS, traffic
from tests.watch.tracks import T0, batch, statics, watch

ROOT = Path(__file__).parents[2]
LANE, DRAG, SLOW, GONE, TWINS, NEIGHBOUR = *range(230_000_001, 230_000_006), 230_000_010
ENDS = int(traffic().fixes.t_ms.min()), int(traffic().fixes.t_ms.max())
Body = dict[str, Any]


def make() -> Watch:
    return watch(lateness_ms=LATENESS_MS)


@dataclass
class Scan:
    """What a scan into a home left besides."""

    late: LateRows
    latest: dict[str, Alert]


def scan(home: Home, parts: list[Batch], w: Watch | None = None, name: str = "test") -> Scan:
    """Do what `sargas scan --home` does with the rows it has read."""
    w = w or make()
    keeper, left = Keeper(home.path, w, f"scan:{name}"), Scan(LateRows(), {})
    for part in parts:
        came_ms = w.order.newest_ms
        outcome = w.push(part)
        left.late.add(outcome.late, came_ms)
        keeper.keep(outcome, part)
        left.latest |= {alert.id: alert for alert in outcome.alerts}
    outcome = w.flush()
    keeper.keep(outcome, None)
    left.latest |= {alert.id: alert for alert in outcome.alerts}
    keeper.close()
    return left


def again(home: Home, left: Scan, **options: Any) -> Refolded:
    return refold(home, make, "test", *ENDS, late=left.late, **options)


def held_back(mmsi: int, from_min: float, to_min: float) -> list[Batch]:
    """Hold a vessel's rows of some minutes back until all else has come."""
    rows = traffic()
    t_ms = rows.fixes.t_ms - T0
    is_late = (rows.fixes.subject_id == mmsi) & (t_ms >= from_min * MINUTE_MS)
    is_late &= t_ms < to_min * MINUTE_MS
    in_time = Batch(rows.fixes.take(~is_late), rows.statics)
    return [*in_time.chunks(200), Batch(rows.fixes.take(is_late), Statics.empty())]


def known(body: Body) -> Body:
    """Leave out of an alert how it became known."""
    return {name: value for name, value in body.items() if name not in BOOKKEEPING}


@functools.cache
def undisturbed() -> dict[str, Body]:
    """The latest of each alert when every row comes in time, by id."""
    w = make()
    alerts = [*w.push(traffic()).alerts, *w.flush().alerts]
    return {alert.id: known(alert.to_dict()) for alert in alerts}


def told(home: Home, **which: Any) -> dict[str, Body]:
    """The latest of each alert as the home knows it, by id."""
    with Ledger(home) as ledger:
        return {body["id"]: body for body in ledger.alerts(**which)}


def whole(home: Home) -> list[Any]:
    """Everything the ledger says of alerts, all versions."""
    with Ledger(home) as ledger:
        return [ledger.alert(name)["versions"] for name in told(home)]


def check(home: Home) -> None:
    """The law: what stands is what an undisturbed scan gives; the rest is retracted."""
    latest = told(home)
    standing = {name: known(body) for name, body in latest.items() if body["state"] != "retracted"}
    assert standing == undisturbed()


CASES = {
    "the rows of a gap": (NEIGHBOUR, 60, 150),
    "the rows before a gap": (GONE, 60, 75),
    "the last row before a gap": (GONE, 70, 75),
    "the end of a stop": (SLOW, 30, 75),
    "the whole of a stop": (SLOW, 0, 65),
    "part of a drag": (DRAG, 60, 110),
    "the end of a drag": (DRAG, 110, 170),
    "one of two hulls": (TWINS, 20, 60),
    "the middle of a lane": (LANE, 50, 110),
}


@pytest.mark.parametrize(("mmsi", "from_min", "to_min"), CASES.values(), ids=list(CASES))
def test_late_rows_folded_again_end_where_an_undisturbed_scan_ends(
    mmsi: int, from_min: float, to_min: float, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(mmsi, from_min, to_min))
    assert len(left.late)
    first = {name: known(alert.to_dict()) for name, alert in left.latest.items()}
    done = again(home, left)
    check(home)
    assert bool(done.alerts) == (first != undisturbed())
    assert {a.id for a in done.retracted} == first.keys() - undisturbed().keys()
    assert {a.id for a in done.added} == undisturbed().keys() - first.keys()
    assert done.rows == len(traffic())
    before = whole(home)
    second = again(home, left)
    assert second == Refolded((), (), (), len(before), 0, done.rows)
    assert whole(home) == before


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_comes_late_the_end_is_the_same(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(seed)
    fixes, said = traffic().fixes, traffic().statics
    # Some vessels' rows are hours late, any order; the others come as they were sent.
    late_from = rng.integers(0, 200) * MINUTE_MS + T0
    is_late = np.isin(fixes.subject_id, rng.choice(np.unique(fixes.subject_id), 3))
    is_late &= (fixes.t_ms >= late_from) & (rng.random(len(fixes)) < rng.random())
    came = np.where(is_late, ENDS[1] + rng.permutation(len(fixes)), fixes.t_ms)
    arrived = Batch(fixes.take(np.argsort(came, kind="stable")), said)
    home = Home(tmp_path_factory.mktemp("late") / "home")
    left = scan(home, list(arrived.chunks(int(rng.integers(50, 400)))))
    again(home, left)
    check(home)
    assert not again(home, left).alerts


def test_an_undisturbed_scan_is_not_changed_by_another_fold(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, list(traffic().chunks(200)))
    before = whole(home)
    assert len(left.late) == 0
    assert again(home, left) == Refolded((), (), (), len(before), 0, len(traffic()))
    for day in home.days():
        compact(home, day)
    assert not again(home, left).alerts
    assert whole(home) == before


def test_a_gap_that_late_rows_fill_is_retracted_and_says_why(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(NEIGHBOUR, 60, 150))
    (false,) = [a for a in left.latest.values() if a.subject.mmsi == NEIGHBOUR]
    assert (false.detector, false.state) == ("gap", "closed")
    done = again(home, left)
    (gone,) = done.retracted
    assert (gone.id, gone.state, gone.version) == (false.id, "retracted", false.version + 1)
    assert (gone.t_start_ms, gone.t_end_ms) == (false.t_start_ms, false.t_end_ms)
    assert gone.t_issued_ms == ENDS[1]
    came = "09:20Z"  # the last row that came in time
    assert gone.notes == (
        f"{NOTE}90 rows of this vessel that came after {came} took its ground away",
    )
    # The screen, set to a time before, still shows what the watch knew then.
    then = told(home, as_of_ms=ENDS[1] - 1)[false.id]
    assert (then["state"], then["version"]) == ("closed", false.version)
    assert told(home)[false.id] == gone.to_dict()


def test_an_alert_whose_start_moved_and_its_successor_name_each_other(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(DRAG, 60, 110))
    done = again(home, left)
    (gone,), (new,) = done.retracted, done.added
    assert gone.detector == new.detector == "drag_onset"
    assert gone.t_start_ms != new.t_start_ms
    assert any(new.id in note for note in gone.notes)
    assert any(gone.id in note for note in new.notes)
    assert (new.version, new.t_issued_ms) == (1, ENDS[1])
    assert told(home).keys() >= {gone.id, new.id}


def test_an_alert_that_ends_elsewhere_goes_on_with_its_versions(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(SLOW, 30, 75))
    done = again(home, left)
    (longer,) = done.updated
    before = left.latest[longer.id]
    assert longer.version == before.version + 1
    assert longer.t_detected_ms == before.t_detected_ms
    assert longer.t_end_ms != before.t_end_ms
    assert longer.notes[-1].endswith("changed its text, end")
    assert not done.added


def test_a_name_that_comes_late_is_put_in(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    rows, name = traffic(), statics(SLOW, T0 + MINUTE_MS, name=b"SLOW", ship_type=70)
    parts = [*rows.chunks(200), Batch(Fixes.empty(), name)]
    left = scan(home, parts)
    assert len(left.late) == 1
    (named,) = again(home, left).updated
    assert (named.subject.mmsi, named.subject.name) == (SLOW, "SLOW")
    assert "SLOW" in named.text
    assert "1 row of this vessel" in named.notes[-1]


def test_rows_that_another_file_brings_take_the_ground_away_too(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    *in_time, missing = held_back(NEIGHBOUR, 60, 150)
    first = scan(home, in_time, name="one")
    scan(home, [missing], name="two")
    (gone,) = refold(home, make, "both", *ENDS).retracted
    assert gone.id in first.latest
    assert gone.notes == (f"{NOTE}the rows stored by now took its ground away",)
    check(home)


def test_an_alert_that_gets_its_ground_back_stands_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    scan(home, held_back(NEIGHBOUR, 60, 150)[:-1])
    with Ledger(home) as ledger:
        (body,) = [b for b in ledger.alerts() if b["subject"]["mmsi"] == NEIGHBOUR]
        wrong = Alert.from_dict(body).revised(state="retracted", notes=(f"{NOTE}by mistake",))
        ledger.commit("test", 0, b"", [wrong])
    (back,) = refold(home, make, "test", *ENDS).updated
    assert (back.id, back.state, back.version) == (wrong.id, "closed", wrong.version + 1)
    assert back.notes[0] == f"{NOTE}by mistake"
    assert not refold(home, make, "test", *ENDS).alerts


def other_rules() -> Watch:
    """A watch with other rules, which differ in nothing that matters to this traffic."""
    rules = load_rules()
    hour = replace(rules.tables["judge"]["group_minutes"], value=59.0)
    tables = rules.tables | {"judge": rules.tables["judge"] | {"group_minutes": hour}}
    return watch(lateness_ms=LATENESS_MS, rules=Rules(tables))


OTHERS: dict[str, Callable[[], Watch]] = {
    "an exercise": lambda: watch(lateness_ms=LATENESS_MS, exercise="x"),
    "other rules": other_rules,
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=list(OTHERS))
def test_alerts_of_other_rules_or_exercises_are_left_alone(
    other: Callable[[], Watch], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    scan(home, held_back(DRAG, 60, 110))
    before = told(home)
    done = refold(home, other, "other", *ENDS)
    # The drag that begins elsewhere is news to either; the others are there under their ids.
    (new,) = done.added
    assert (new.detector, new.id in before) == ("drag_onset", False)
    assert (done.updated, done.retracted, done.unchanged) == ((), (), 0)
    assert done.differing == len(before) - 1
    assert told(home) == before | {new.id: new.to_dict()}


def test_a_watch_of_one_detector_has_no_say_on_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    scan(home, held_back(NEIGHBOUR, 60, 150))
    before = told(home)
    gaps = functools.partial(watch, lateness_ms=LATENESS_MS, detectors=(Gap,))
    done = refold(home, gaps, "other", *ENDS)
    assert len(done.retracted) == 1
    after = told(home)
    others = [name for name, body in before.items() if body["detector"] != "gap"]
    assert len(others) > 2
    assert all(after[name] == before[name] for name in others)


def test_alerts_of_another_span_or_run_are_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(NEIGHBOUR, 60, 150))
    before = whole(home)
    (false,) = [a for a in left.latest.values() if a.subject.mmsi == NEIGHBOUR]
    others = [name for name in left.latest if name != false.id]
    # A fold that begins after an alert's start has no say on it, nor one that ends before.
    for ends in ((false.t_start_ms + MINUTE_MS, ENDS[1]), (ENDS[0], false.t_start_ms)):
        done = refold(home, make, "part", *ends)
        assert false.id not in {a.id for a in done.alerts}
    home = Home(tmp_path / "other")
    left = scan(home, held_back(NEIGHBOUR, 60, 150))
    assert whole(home) == before
    assert not again(home, left, given=others).retracted
    (gone,) = again(home, left, given=left.latest.keys()).retracted
    assert gone.id == false.id


def test_a_span_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="before it begins"):
        refold(Home(tmp_path), make, "test", 2, 1)


def test_a_home_that_another_writes_to_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with Home(home.path).writing(), pytest.raises(StoreError, match="Another sargas"):
        refold(home, make, "test", *ENDS)


def test_a_damaged_shard_stops_the_fold_and_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    left = scan(home, held_back(NEIGHBOUR, 60, 150))
    before = whole(home)
    path = sorted(home.path.glob("fixes/**/*.parquet"))[0]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="damaged") as caught:
        again(home, left)
    assert caught.value.where == str(path)
    assert whole(home) == before
    path.write_bytes(content)
    assert again(home, left).retracted


# --- what is compared -----------------------------------------------------------------------

ALERT = Alert(
    "0a", "gap", "1", "r", 1, "closed", "P3", 0, MINUTE_MS, 2 * MINUTE_MS,
    Subject("sea", LANE), 20.0, 57.0, None, (), (), (), {}, "Not received.",
    t_end_ms=2 * MINUTE_MS,
)  # fmt: skip


def compared(found: Alert, stored_before: Alert) -> Refolded:
    one = Comparison(0, 600 * MINUTE_MS, LateRows(), None)
    return one.compare({found.id: found}, {stored_before.id: stored_before})


@pytest.mark.parametrize(
    ("changes", "is_linked"),
    [
        ({}, True),
        ({"t_start_ms": 3 * MINUTE_MS, "t_end_ms": 9 * MINUTE_MS}, False),
        ({"t_start_ms": 3 * MINUTE_MS, "t_end_ms": None, "state": "open"}, False),
        ({"detector": "drag_onset"}, False),
        ({"subject": Subject("sea", DRAG)}, False),
        ({"subject": Subject("sea", LANE, segment=1)}, True),
        ({"asset": AssetRef("c", "C", "power_cable", 0.0, None, 200.0)}, False),
    ],
    ids=["the same time", "later", "later and open", "detector", "vessel", "segment", "asset"],
)
def test_only_what_could_be_the_same_event_is_called_a_successor(
    changes: dict[str, Any], is_linked: bool
) -> None:
    done = compared(replace(ALERT, id="0b", **changes), ALERT)
    (new,), (gone,) = done.added, done.retracted
    assert any("0b takes its place" in note for note in gone.notes) == is_linked
    assert any("takes the place of 0a" in note for note in new.notes) == is_linked


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "open", "t_end_ms": None}, "state, end"),
        ({"priority": "P2", "notes": ("port: from P1 to P2",)}, "priority"),
        ({"text": "Heard."}, "text"),
        ({"against": ("unknown depth",)}, "details"),
        ({"notes": ("port: from P1 to P3",)}, "details"),
    ],
)
def test_a_next_version_keeps_when_the_alert_arose_and_says_what_changed(
    changes: dict[str, Any], words: str
) -> None:
    found = replace(ALERT, t_detected_ms=5 * MINUTE_MS, t_issued_ms=9 * MINUTE_MS, **changes)
    (alert,) = compared(found, ALERT).updated
    assert alert.notes[-1] == f"{NOTE}the rows stored by now changed its {words}"
    assert alert.notes[:-1] == found.notes
    assert (alert.version, alert.t_detected_ms) == (2, ALERT.t_detected_ms)
    assert alert.t_issued_ms == 600 * MINUTE_MS
    assert compared(found, alert) == Refolded(unchanged=1)


def test_how_an_alert_became_known_makes_no_version() -> None:
    found = replace(ALERT, version=3, t_detected_ms=5 * MINUTE_MS, t_issued_ms=9 * MINUTE_MS)
    assert compared(found, ALERT) == Refolded(unchanged=1)


def test_a_version_that_is_known_later_is_not_gone_back_behind() -> None:
    later = replace(ALERT, t_issued_ms=700 * MINUTE_MS, text="Known later.")
    assert compared(ALERT, later) == Refolded(unchanged=1)


# --- what is read ---------------------------------------------------------------------------


def test_pieces_hold_every_stored_row_of_the_span_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    scan(home, held_back(LANE, 50, 110))
    monkeypatch.setattr(stored, "SLICE_BYTES", 20_000)
    from_ms, to_ms = T0 + 2 * 3_600_000, T0 + 3 * 3_600_000
    pieces = list(stored.stored_batches(home, from_ms, to_ms))
    assert len(pieces) > 3
    done_ms = 0
    for until_ms, piece in pieces:
        times = np.concatenate([piece.fixes.t_ms, piece.statics.t_ms])
        assert ((times >= done_ms) & (times < until_ms)).all()
        assert (np.diff(piece.fixes.t_ms) >= 0).all()
        done_ms = until_ms
    fixes = Fixes.concat(piece.fixes for _, piece in pieces)
    said = Statics.concat(piece.statics for _, piece in pieces)
    day = read_day(home, "2025-01-15")
    wanted = day.take((day.t_ms >= from_ms) & (day.t_ms <= to_ms))
    assert fixes.take(fixes.canonical_order()) == wanted
    # T0 + 5,000 s lies in the hour before the span: a name told then is known in it.
    told_then = read_statics_day(home, "2025-01-15")
    assert said == told_then.take(told_then.t_ms > T0)
    assert len(said) == 1


def test_pieces_go_on_over_midnight(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    midnight = parse_iso("2025-01-16T00:00:00Z")
    rows = Fixes.build(4, subject_id=np.full(4, LANE), t_ms=midnight + np.arange(-2, 2))
    scan(home, [batch(rows)])
    read = [p.fixes.t_ms.tolist() for _, p in stored.stored_batches(home, 0, 2 * midnight)]
    assert read == [[midnight - 2, midnight - 1], [midnight, midnight + 1]]


# --- kill -9 --------------------------------------------------------------------------------


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refold_and_die(path: str, where: str) -> None:
    """Fold again in this process until the point where it is killed (called in a child)."""
    home = Home(path)
    calls = iter(range(100))
    stored.SLICE_BYTES = 20_000  # type: ignore[misc]
    from sargas.store import ledger

    add = ledger._add

    def add_and_die(*args: Any, **options: Any) -> None:
        add(*args, **options)
        die()

    def commit_and_die(self: Ledger, *args: Any, **options: Any) -> None:
        commit(self, *args, **options)
        die()

    commit = Ledger.commit
    if where == "inside the transaction":
        ledger._add = add_and_die  # type: ignore[assignment]
    if where == "after the commit":
        refolding.Ledger.commit = commit_and_die  # type: ignore[method-assign, assignment]
    progress = (lambda _: next(calls) == 3 and die()) if where == "in the middle" else None
    refold(home, make, "test", *ENDS, progress)


@pytest.mark.parametrize("where", ["in the middle", "inside the transaction", "after the commit"])
def test_killed_and_called_again_it_ends_the_same(where: str, tmp_path: Path) -> None:
    one, other = Home(tmp_path / "a"), Home(tmp_path / "b")
    for home in (one, other):
        scan(home, held_back(DRAG, 60, 110))
    before = whole(one)
    code = f"from tests.laws.test_late import *; refold_and_die({str(one.path)!r}, {where!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert refold(other, make, "test", *ENDS).alerts
    after = whole(other)
    assert after != before
    assert whole(one) == (after if where == "after the commit" else before)
    second = refold(one, make, "test", *ENDS)
    assert bool(second.alerts) == (where != "after the commit")
    assert whole(one) == after
    check(one)
