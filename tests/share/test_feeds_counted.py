"""Which feeds an alert is said to rest on: while a watch goes on, and when fixes are gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.keeping import Keeper
from sargas.model.alerts import RETRACTED, Alert
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import DAY_MS
from sargas.share.outgoing import outgoing
from sargas.store import Home, ShardWriter
from sargas.store.damaged import set_aside
from sargas.store.feed_book import FeedBook
from sargas.store.retention import Rule, keep_rule
from sargas.store.thinning import Application
from sargas.watch.detect.repeat import RepeatCrossing
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.fold import Outcome
from tests.watch import laws
from tests.watch.test_repeat import zigzag
from tests.watch.tracks import Track, watch

from .conftest import T0_MS
from .feeds import CLOSED, MINUTE, NAMELESS, NUMBERS, OPEN, home_of, one_of, reports
from .test_feed_groups import Opened

ONE = one_of(1)
EVER_MS = 2**43


def gets(home: Home, group: str = "nato") -> set[str]:
    with Opened(home) as opened:
        at = {"archive": opened.archive}
        found = outgoing(opened.standing, group, opened.policy, EVER_MS, **at)
        return {one.own_id for one in found}


def moved(fixes: Fixes, by_ms: int) -> Fixes:
    return Fixes.build(len(fixes), **(dict(fixes.columns()) | {"t_ms": fixes.t_ms + by_ms}))


# ---- a watch that goes on ------------------------------------------------------------------------
def test_what_is_published_is_weighed_by_the_fixes_that_wait_for_the_next_commit(tmp_path):
    """Alerts are in the ledger at once, and a commit may be 90 s later."""
    home = home_of(tmp_path / "home", [], [reports(1, OPEN, range(2, 10))])
    two, three = one_of(2), one_of(3)
    met = replace(three, context={"other": {"mmsi": two.subject.mmsi, "name": "SHIP 2"}})
    keeper = Keeper(home.path, watch(), "live")
    waiting = [
        reports(1, CLOSED, range(10, 14)), reports(2, CLOSED), reports(3, OPEN), reports(4, OPEN)
    ]  # fmt: skip
    for fixes in waiting:
        keeper.keep(Outcome([], Batch.empty()), Batch(fixes, Statics.empty()))
    keeper.publish([ONE, met])
    assert gets(home) == set()
    keeper.publish([one_of(4)])
    assert gets(home) == {one_of(4).id}
    assert gets(home, "national") == {ONE.id, met.id, one_of(4).id}
    keeper.commit()
    assert gets(home) == {one_of(4).id}
    keeper.close()


# ---- which fixes count ---------------------------------------------------------------------------
@pytest.mark.parametrize("closed", [False, True])
def test_the_other_vessel_of_an_encounter_counts(tmp_path, closed):
    context = {"other": {"mmsi": 230_000_002, "name": "PATROL 2", "reported_status": None}}
    met = replace(ONE, detector="encounter", context=context)
    by = CLOSED if closed else OPEN
    home = home_of(tmp_path / "home", [met], [reports(1, OPEN), reports(2, by)])
    assert gets(home) == (set() if closed else {met.id})
    with Opened(home) as opened:
        assert [one.feeds for one in opened.kept("nato", met)] == ([(CLOSED,)] if closed else [])


def under_way_again() -> tuple[type, Fixes, int]:
    """A ship slow over a cable, and from when on it makes way again."""
    track = Track(lon=20.0, lat=57.003).sail(20, sog_kn=2, cog_deg=90)
    over_ms = track.t_ms + 1
    return SlowInCorridor, track.sail(5, sog_kn=9, cog_deg=90).fixes(), over_ms


def crossing_once_more() -> tuple[type, Fixes, int]:
    """A ship that crosses to and fro, and the moment of its last crossing, between two fixes."""
    fixes = zigzag(3).fixes()
    return RepeatCrossing, fixes, alerts_of(RepeatCrossing, fixes)[0].evidence_ms[1] + 1


def alerts_of(detector: type, fixes: Fixes) -> list[Alert]:
    folded = laws.new_watch(detector)
    return folded.push(laws.whole(fixes)).alerts + folded.flush().alerts


@pytest.mark.parametrize("case", [under_way_again, crossing_once_more])
def test_the_fix_by_which_it_is_over_or_proven_counts(tmp_path, case):
    """It is later than the evidence ends."""
    detector, fixes, from_ms = case()
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    alerts = alerts_of(detector, fixes)
    assert max(alert.evidence_ms[1] for alert in alerts) < from_ms
    for by, gone in ((CLOSED, set()), (OPEN, {alert.id for alert in alerts})):
        fixes.src_id[:] = np.where(fixes.t_ms < from_ms, NUMBERS[OPEN], NUMBERS[by])
        assert gets(home_of(tmp_path / by, alerts, [fixes])) == gone


def test_a_home_that_has_lost_the_names_of_its_feeds_says_of_no_alert_that_none_is_kept(tmp_path):
    area = replace(ONE, subject=replace(ONE.subject, mmsi=0))
    home = home_of(tmp_path / "home", [area], [])
    (home.path / "journal").mkdir(exist_ok=True)
    (home.path / "feeds.json").unlink()
    assert gets(home) == set()
    FeedBook(home).number(OPEN, "udp://:1")
    assert gets(home) == {area.id}


def test_the_other_vessel_counts_whichever_version_named_it_and_without_fixes(tmp_path):
    met = replace(ONE, context={"other": {"mmsi": 230_000_002}})
    later = replace(ONE, version=2, t_issued_ms=ONE.t_issued_ms + MINUTE)
    rows = [reports(1, OPEN), reports(2, CLOSED)]
    assert gets(home_of(tmp_path / "closed", [met, later], rows)) == set()
    gone = home_of(tmp_path / "gone", [met], [reports(1, OPEN)])
    with Opened(gone) as opened:
        (kept,) = opened.kept("nato", met)
    assert (gets(gone), kept.feeds, kept.is_any) == (set(), (CLOSED,), True)


@pytest.mark.parametrize(("hours", "counts"), [(2, True), (11, True), (13, False)])
def test_what_a_ship_did_in_the_half_day_before_counts(tmp_path, hours, counts):
    before = moved(reports(1, CLOSED), -hours * 60 * MINUTE)
    home = home_of(tmp_path / "home", [ONE], [before, reports(1, OPEN)])
    assert gets(home) == (set() if counts else {ONE.id})
    assert gets(home, "national") == {ONE.id}


# ---- fixes that are gone -------------------------------------------------------------------------
MIDNIGHT_MS = (T0_MS // DAY_MS + 1) * DAY_MS


def thinned_home(path: Path, versions: list[Alert], rule: Rule, days: int = 6) -> Home:
    """A home whose oldest day, on which the closed feed alone was received, is let go."""
    by_ms = MIDNIGHT_MS - T0_MS - 8 * MINUTE
    rows = [moved(reports(1, CLOSED, range(2, 8)), by_ms), moved(reports(1, OPEN), by_ms)]
    rows[1] = rows[1].take(rows[1].t_ms >= MIDNIGHT_MS)
    n, minutes = 50, np.arange(50)
    later = Fixes.build(
        n, subject_id=np.full(n, 230_000_999), t_ms=MIDNIGHT_MS + days * DAY_MS + minutes * MINUTE,
        t_source=np.ones(n), msg_type=np.ones(n), payload_hash=(minutes + 1).astype(np.uint64),
        src_id=np.full(n, NUMBERS[OPEN]),
    )  # fmt: skip
    home = home_of(path, versions, [*rows, later])
    keep_rule(home, rule)
    application = Application(home, rule)
    for place in application.places():
        application.thin(place)
    return home


def across_midnight(**changes: object) -> Alert:
    start_ms = MIDNIGHT_MS - 8 * MINUTE
    end_ms = start_ms + 15 * MINUTE
    return one_of(
        1, t_start_ms=start_ms, t_detected_ms=end_ms, evidence_ms=(start_ms, end_ms),
        **({"t_issued_ms": end_ms} | changes),
    )  # fmt: skip


@pytest.mark.parametrize("rule", [
    Rule(fixes_days=7, evidence=""), Rule(fixes_days=7, evidence="P1"), Rule(fixes_days=7),
], ids=["none", "worse", "retracted"])  # fmt: skip
def test_fixes_that_retention_let_go_may_have_been_any_feeds(tmp_path, rule):
    one = across_midnight()
    versions = [one]
    if rule.evidence == "P3":
        issued_ms = one.t_issued_ms + MINUTE
        versions.append(across_midnight(version=2, state=RETRACTED, t_issued_ms=issued_ms))
    home = thinned_home(tmp_path / "home", versions, rule)
    with Opened(home) as opened:
        left = opened.archive.track(0, one.subject.mmsi, 0, EVER_MS)
        (kept,) = opened.kept("nato", one)
    assert set(left.src_id.tolist()) == {NUMBERS[OPEN]}, "the rule let the closed feed's go"
    assert gets(home) == set()
    assert gets(home, "national") == {one.id}
    assert kept.is_any


@pytest.mark.parametrize(("rule", "days"), [
    (Rule(fixes_days=7), 6), (Rule(fixes_days=90, evidence=""), 6), (Rule(evidence=""), 6),
    (Rule(fixes_days=7, evidence=""), 5),
], ids=["kept", "young", "all", "not yet"])  # fmt: skip
def test_where_nothing_was_let_go_the_fixes_say_it_as_before(tmp_path, rule, days):
    one = across_midnight()
    home = thinned_home(tmp_path / "home", [one], rule, days)
    with Opened(home) as opened:
        left = opened.archive.track(0, one.subject.mmsi, 0, EVER_MS)
    assert set(left.src_id.tolist()) == {NUMBERS[OPEN], NUMBERS[CLOSED]}
    assert gets(home) == set()
    free = home.path.joinpath("release.toml").read_text().replace('"national-*"', '"other-*"')
    home.path.joinpath("release.toml").write_text(free)
    assert gets(home) == {one.id}


def test_a_damaged_file_that_was_set_aside_may_have_held_any_feeds_fixes(tmp_path):
    two = one_of(2)
    rows = [reports(1, OPEN), reports(2, OPEN)]
    home = home_of(tmp_path / "home", [ONE, two], rows)
    before = set(home.path.rglob("*.parquet"))
    with ShardWriter(home) as writer:
        writer.append(reports(1, CLOSED))
    (new,) = set(home.path.rglob("*.parquet")) - before
    assert gets(home) == {two.id}
    new.write_bytes(new.read_bytes()[:-30])
    aside = set_aside(home, new, "torn")
    assert gets(home) == {two.id}, "what lies in another shard is whole"
    with Opened(home) as opened:
        (kept,) = opened.kept("nato", ONE)
    assert NAMELESS not in kept.feeds
    assert CLOSED in kept.feeds
    assert kept.is_any
    aside.path.unlink()  # who has scanned its source again
    assert gets(home) == {ONE.id, two.id}
