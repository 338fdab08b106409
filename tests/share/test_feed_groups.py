"""Release groups of feeds: what may not go to a group goes there by no rule, person or exit."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.cli.gathering import gather
from sargas.cli.sharing import evidence_for, fixes_of_group, leaving, tracks_of
from sargas.errors import FormatError, NotFoundError, UsageError
from sargas.model.alerts import Subject
from sargas.model.fixes import Fixes
from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW
from sargas.share import fixes_csv, geojson
from sargas.share.bundle import part
from sargas.share.evidence import read_alert
from sargas.share.formats import FORMATS, documents
from sargas.share.outgoing import outgoing
from sargas.share.partner.sending import next_bundle
from sargas.share.policy import load_policy, read_policy, shipped_text
from sargas.share.reach import kept_back, reach, refuse_kept_back, would_get
from sargas.share.release import fixes_for, released, released_track
from sargas.share.saying import About
from sargas.store import Archive, AuditLog, Home, Ledger
from sargas.store.audit import Seen
from sargas.store.partners import Partners
from sargas.store.standing import Standing
from sargas.store.users import By

from .conftest import evidence
from .feeds import (
    AFTER,
    CLOSED,
    NAMELESS,
    NOW_MS,
    NUMBERS,
    OPEN,
    POLICY,
    SCAN,
    WITHIN,
    home_of,
    one_of,
    reports,
    told,
)  # fmt: skip
from .partners import NOW_MS as SENT_MS
from .partners import OURS, THEIRS, lines_of, peer_of
from .test_release import act, body

GROUPS = '[groups.national]\nlabel = "N"\n[groups.nato]\nlabel = "M"\n[groups.eu]\nlabel = "E"\n'
ALL = ("national", "nato", "eu")
ABOUT = About("watch@example.org", "", "0")


def rows(text: str):
    return read_policy((GROUPS + text).encode(), key=b"k" * 64)


# ---- what the policy says ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "feed", "groups"),
    [
        ("", "radar", ALL),
        ('[feeds.radar]\ngroups = ["national"]', "radar", ("national",)),
        ('[feeds.radar]\ngroups = ["national"]', "radar-2", ALL),
        ("[feeds.radar]\ngroups = []", "radar", ()),
        ('[feeds."radar*"]\ngroups = ["eu", "nato"]', "radar-2", ("nato", "eu")),
        ('[feeds."*"]\ngroups = ["national"]', "scan", ("national",)),
        # Its own row counts alone, wherever it stands.
        ('[feeds."r*"]\ngroups = []\n[feeds.r-1]\ngroups = ["eu"]', "r-1", ("eu",)),
        ('[feeds.r-1]\ngroups = ["eu"]\n[feeds."r*"]\ngroups = []', "r-1", ("eu",)),
        # Of patterns all that fit, in whatever order: none is forgotten behind another.
        ('[feeds."r*"]\ngroups = ["eu", "nato"]\n[feeds."*1"]\ngroups = ["nato"]', "r1", ("nato",)),
        ('[feeds."*1"]\ngroups = ["nato"]\n[feeds."r*"]\ngroups = ["eu", "nato"]', "r1", ("nato",)),
        # The row of every other counts for no feed that another row fits.
        ('[feeds."*"]\ngroups = []\n[feeds."r*"]\ngroups = ["eu"]', "r1", ("eu",)),
        ('[feeds."*"]\ngroups = []\n[feeds."r*"]\ngroups = ["eu"]', "x", ()),
    ],
)
def test_a_row_says_to_which_groups_a_feed_may_go(text, feed, groups):
    made = rows(text)
    assert made.feed_groups(feed) == groups
    for group in ALL:
        assert made.withheld(group, [feed]) == (() if group in groups else (feed,))


def test_a_feed_that_nobody_can_name_might_be_one_that_is_kept_back():
    made = rows('[feeds.radar]\ngroups = ["national", "nato"]')
    assert made.withheld("eu", [NAMELESS]) == made.withheld("eu", []) == (NAMELESS,)
    for group in ("national", "nato"):
        assert made.withheld(group, [NAMELESS, "radar"]) == made.withheld(group, []) == ()


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ('[feeds.radar]\ngroups = ["natoo"]', r"\[feeds\.\"radar\"\] names 'natoo'", "national"),
        ('[feeds.radar]\ngroup = ["nato"]', r"\[feeds\.\"radar\"\].*group", "groups ="),
        ("[feeds.radar]", r"\[feeds\.\"radar\"\].*groups", "groups ="),
        ('[feeds.radar]\ngroups = "nato"', r"\[feeds\.\"radar\"\].*array", "groups ="),
        ('feeds = {radar = ["nato"]}', r"\[feeds\.\"radar\"\]", "groups ="),
        ("[feeds.Radar]\ngroups = []", r"\[feeds\.\"Radar\"\].*no feed is called so", "small"),
        ("[feeds.'a radar']\ngroups = []", "no feed is called so", "small"),
        ("[feeds.'']\ngroups = []", "no feed is called so", "small"),
        ("feeds = 3", r"feeds", "remarks"),
    ],
)
def test_a_wrong_row_lets_nothing_out_and_says_where_it_is_wrong(tmp_path, text, says, hint):
    first, rest = (text, GROUPS) if text.startswith("feeds =") else (GROUPS, text)
    (tmp_path / "release.toml").write_text(f"{first}\n{rest}")
    with pytest.raises(FormatError, match=says) as raised:
        load_policy(tmp_path)
    assert raised.value.where == str(tmp_path / "release.toml")
    assert hint in raised.value.hint


def test_as_shipped_every_feed_may_go_everywhere():
    shipped = read_policy(shipped_text())
    assert not any(shipped.restricts(group) for group in shipped.groups)


# ---- the gate ------------------------------------------------------------------------------------
ROW = '[feeds.radar]\ngroups = ["national"]'
RADAR = rows(ROW)
RULED = read_policy((GROUPS.replace('"\n', '"\nsees = [{}]\n') + ROW).encode(), key=b"k" * 64)
"""By which every group gets everything, were it not for the feed."""


@pytest.mark.parametrize("said", [
    [], [RELEASE_TO], [WITHDRAW, RELEASE_TO], [RELEASE_TO, WITHDRAW, RELEASE_TO],
])  # fmt: skip
@pytest.mark.parametrize("feeds", [["radar"], ["ais", "radar"], [], [NAMELESS]])
def test_neither_rule_nor_person_lets_out_what_may_rest_on_such_a_feed(said, feeds):
    acts = [act(n, verb, group) for group in ALL for n, verb in enumerate(said, 1)]
    got = {g: released([body()], g, RULED, acts, lambda _: feeds) for g in ALL}
    assert [len(got[group]) for group in ALL] == [1, 0, 0]
    got = {g: released([body()], g, RULED, acts, lambda _: ["ais"]) for g in ALL}
    assert [len(got[group]) for group in ALL] == [1, 1, 1]


def test_what_was_taken_back_or_withdrawn_is_weighed_as_before():
    acts = [act(1), act(2, WITHDRAW), act(3, UNDO, undoes=2)]
    assert len(released([body()], "nato", RADAR, acts, lambda _: ["ais"])) == 1
    assert released([body()], "nato", RADAR, acts, lambda _: ["radar"]) == []
    assert released([body()], "nato", RADAR, acts[:2], lambda _: ["ais"]) == []
    assert released([body()], "nato", RADAR, [*acts[:1], act(2, UNDO, undoes=1)],
                    lambda _: ["ais"]) == []  # fmt: skip


def test_feeds_are_asked_for_only_where_one_may_not_go_there():
    def never(_):
        raise AssertionError("nobody asked")

    assert len(released([body()], "national", RULED, [], never)) == 1
    assert released([body()], "nato", RADAR, [], never) == [], "nobody released it"
    with pytest.raises(AssertionError, match="nobody asked"):
        released([body()], "nato", RULED, [], never)


def test_a_track_has_the_fixes_of_the_groups_feeds_alone():
    whole = Fixes.concat([reports(1, feed) for feed in NUMBERS])
    whole = whole.take(whole.canonical_order())
    names = {NUMBERS[OPEN]: OPEN, NUMBERS[CLOSED]: CLOSED}
    made = read_policy(POLICY.encode())
    bodies = [one_of(1).to_dict()]
    given = {}
    for group in ALL:
        assert len(fixes_for(group, whole, made, {})) == len(whole) * (
            1 if group == "national" else 0.25
        ), "without the book every live feed might be any, and a scan is none"
        (one,) = released(bodies, group, made, [act(1, alert=one_of(1).id, group=group)],
                          lambda _: [OPEN])  # fmt: skip
        track = released_track(one, whole, made, names)
        given[group] = set(np.unique(track.fixes.src_id).tolist())
        assert np.all(np.diff(track.fixes.t_ms) >= 0)
    assert given["national"] == set(NUMBERS.values())
    assert given["nato"] == given["eu"] == {NUMBERS[OPEN], NUMBERS[SCAN]}


# ---- a home --------------------------------------------------------------------------------------
class Opened:
    """A home as what leaves is read from it."""

    def __init__(self, home: Home) -> None:
        self.home, self.policy = home, load_policy(home.path)
        self.ledger, self.log, self.archive = Ledger(home), AuditLog(home), Archive(home)
        self.standing = Standing(self.ledger, self.log)

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self.archive, self.log, self.ledger):
            one.close()

    def says(self, verb: str, group: str, *alerts: object) -> list:
        return self.log.act(
            verb, "V.P.", [Seen(one.id) for one in alerts], t_ms=NOW_MS, at_ms=NOW_MS,
            said={"group": group},
        )  # fmt: skip

    def gets(self, group: str) -> set[str]:
        found = outgoing(self.standing, group, self.policy, NOW_MS, archive=self.archive)
        return {one.own_id for one in found}

    def kept(self, group: str, *alerts: object) -> list:
        ids = {one.id for one in alerts}
        return kept_back(self.standing, self.policy, group, ids, NOW_MS, archive=self.archive)


ONE, TWO, BOTH, NOBODY, AREA, GONE = (one_of(k) for k in range(1, 7))
AREA = replace(AREA, subject=Subject("area", 0, name="an area"))
HELD = [
    reports(1, OPEN), reports(2, CLOSED), reports(3, OPEN), reports(3, CLOSED),
    reports(4, NAMELESS),
]  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    home = home_of(tmp_path / "home", [ONE, TWO, BOTH, NOBODY, AREA, GONE], HELD)
    with Opened(home) as made:
        yield made


def test_what_rests_on_a_feed_goes_only_where_the_feed_may(opened):
    everything = {one.id for one in (ONE, TWO, BOTH, NOBODY, AREA, GONE)}
    assert opened.gets("national") == everything
    assert opened.gets("nato") == {ONE.id}
    assert opened.gets("eu") == set()
    opened.says(RELEASE_TO, "eu", ONE, TWO, BOTH, NOBODY, AREA, GONE)
    assert opened.gets("eu") == {ONE.id}, "whoever releases it"
    opened.says(WITHDRAW, "eu", ONE, TWO)
    assert opened.gets("eu") == set()
    (batch,) = {one.batch for one in opened.says(WITHDRAW, "nato", ONE, TWO)}
    assert opened.gets("nato") == set()
    opened.log.undo(batch, "V.P.", t_ms=NOW_MS, at_ms=NOW_MS + 1)
    assert opened.gets("nato") == {ONE.id}


def test_a_policy_that_changes_counts_at_once(opened):
    opened.policy = read_policy(POLICY.split("[feeds.")[0].encode())
    assert len(opened.gets("nato")) == 6, "without rows nothing is kept back"
    opened.policy = read_policy((POLICY + "[feeds.scan]\ngroups = []").encode())
    assert opened.gets("national") == {ONE.id, TWO.id, BOTH.id}, "an area may rest on any feed"


def test_who_releases_it_is_told_which_feed_and_what_to_do(opened):
    one, both, nobody, area, gone = opened.kept("nato", TWO, BOTH, NOBODY, AREA, GONE)
    assert one.what == (
        f"Alert {TWO.id[:10]} rests on feed 'national-radar', which may not go to nato."
    )
    assert '[feeds."national-*"]' in one.hint
    assert "release.toml" in one.hint
    assert both.feeds == (CLOSED,)
    for any_one in (area, gone):
        assert "may rest on any feed, also on feed 'national-radar'" in any_one.what
    assert nobody.feeds == ("?", CLOSED)
    assert "no name for" in nobody.what
    assert opened.kept("nato", ONE) == opened.kept("national", ONE, TWO, AREA) == []
    at = {"archive": opened.archive}
    refuse_kept_back(opened.standing, opened.policy, "nato", {ONE.id}, NOW_MS, **at)
    with pytest.raises(UsageError, match="national-radar") as raised:
        refuse_kept_back(opened.standing, opened.policy, "nato", {ONE.id, TWO.id}, NOW_MS, **at)
    assert raised.value.hint == one.hint
    with pytest.raises(NotFoundError):
        refuse_kept_back(opened.standing, opened.policy, "natoo", {ONE.id}, NOW_MS, **at)


def test_the_look_ahead_and_the_reach_say_the_same(opened):
    at = {"archive": opened.archive}
    for one, kept in ((ONE, []), (TWO, [CLOSED]), (BOTH, [CLOSED]), (NOBODY, ["?", CLOSED])):
        ahead = would_get(opened.standing, opened.policy, "eu", one.id, 1, NOW_MS, **at)
        assert (ahead is None) == bool(kept)
        found = {r.group: r for r in reach(opened.standing, opened.policy, one.id, NOW_MS, **at)}
        assert found["eu"].to_dict()["withheld"] == found["nato"].to_dict()["withheld"] == kept
        assert found["national"].to_dict()["withheld"] == []
        assert (found["nato"].alert is None) == bool(kept)


def test_a_feed_that_brings_a_copy_later_ends_what_was_let_out(tmp_path):
    """Reports may come late; what was released then rests on them too."""
    home = home_of(tmp_path / "home", [ONE], [reports(1, OPEN)])
    with Opened(home) as made:
        assert made.gets("nato") == {ONE.id}
    home_of(home.path, [], [reports(1, CLOSED)])
    with Opened(home) as made:
        assert made.gets("nato") == set()
        assert made.gets("national") == {ONE.id}


# ---- every exit ----------------------------------------------------------------------------------
def let_out(opened: Opened, group: str, word: str) -> bytes:
    """Write what a group gets of a home, as the command line does."""
    with leaving(opened.home.path, group) as left:
        kind = FORMATS[word]
        items = list(tracks_of(left, quiet=True)) if kind.of_tracks else left.alerts
        return b"".join(one.data for one in documents(kind, items, ABOUT))


def bundled(opened: Opened, group: str) -> list:
    found = outgoing(opened.standing, group, opened.policy, NOW_MS, archive=opened.archive)
    with Partners(opened.home) as partners:
        made = next_bundle(partners, OURS, peer_of(THEIRS, group=group), found,
                           By("V.P.", 0, SENT_MS), "p")  # fmt: skip
    return lines_of(made.data)[1:] if made else []


SEVEN = one_of(7, priority="P1")
FREE = [HELD[0], reports(7, OPEN), reports(7, SCAN)]
"""What of the feeds below may go to every group."""


@pytest.fixture
def twins(tmp_path):
    """A home, and the same as if what may not go to others had never been received."""
    alerts = [ONE, TWO, BOTH, NOBODY, SEVEN]
    kept = [*HELD[1:], reports(1, CLOSED, AFTER), reports(7, NAMELESS, AFTER)]
    homes = [
        home_of(tmp_path / "whole", alerts, [*FREE, *kept]),
        home_of(tmp_path / "less", [ONE, SEVEN], FREE),
    ]
    for home in homes:
        (home.path / "release.key").write_bytes(b"k" * 64)
    with Opened(homes[0]) as whole, Opened(homes[1]) as less:
        whole.says(RELEASE_TO, "eu", *alerts)
        less.says(RELEASE_TO, "eu", ONE, SEVEN)
        yield whole, less


@pytest.mark.parametrize("group", ["nato", "eu"])
@pytest.mark.parametrize("word", FORMATS)
def test_a_file_is_to_the_byte_as_if_the_rest_had_never_been_received(twins, word, group):
    whole, less = twins
    data = let_out(whole, group, word)
    assert data == let_out(less, group, word)
    assert told(data) == ({OPEN, SCAN} if FORMATS[word].of_tracks else set())
    assert all(f"SHIP {k}" not in data.decode() for k in (2, 3, 4))
    assert (word == "cise") or "SHIP 1" in data.decode() or "SHIP_1" in data.decode()
    own = let_out(whole, "national", word)
    assert ({CLOSED, NAMELESS} <= told(own)) == FORMATS[word].of_tracks
    assert len(own) > len(data), "else this looks for nothing"


@pytest.mark.parametrize("group", ["nato", "eu"])
def test_a_partners_bundle_is_as_if_the_rest_had_never_been_received(twins, group):
    whole, less = (bundled(one, group) for one in twins)
    assert whole == less
    assert [one["id"] for one in whole] == [ONE.id, SEVEN.id]
    assert len(bundled(twins[0], "national")) == 5


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".json", ".html", ".zip"])
def test_evidence_is_as_if_the_rest_had_never_been_received(twins, suffix):
    """The hours around the alert are of its evidence: other feeds brought some of their fixes."""
    made = []
    for one in twins:
        gathered = gather(one.home, ONE.id, only=fixes_of_group(one.home, "nato"))
        made.append(evidence_for(gathered, one.home.path, "nato", "V.P.", "x",
                                 lambda own: part(own, suffix)))  # fmt: skip
    assert made[0] == made[1]
    if suffix in (".csv", ".geojson"):
        assert told(made[0]) == {OPEN}
    if suffix in (".geojson", ".html", ".zip"):
        assert b"of the feeds that nato may have" in made[0]
    whole = twins[0]
    all_of_it = gather(whole.home, ONE.id)
    own = part(all_of_it, suffix)
    if suffix == ".json":
        return  # it has no fixes
    assert own != made[0]
    # Whoever forgets to choose the fixes beforehand lets none out.
    again = evidence_for(all_of_it, whole.home.path, "nato", "V.P.", "x",
                         lambda own: fixes_csv.as_text(own.fixes).encode())  # fmt: skip
    assert told(again) == {OPEN}
    assert told(fixes_csv.as_text(all_of_it.fixes)) == {OPEN, CLOSED}
    for hidden in (TWO, BOTH, NOBODY):
        with pytest.raises(NotFoundError, match="which may not go to nato"):
            evidence_for(gather(whole.home, hidden.id), whole.home.path, "nato", "V.P.", "x",
                         lambda own: b"")  # fmt: skip


Feeds = st.sampled_from(list(NUMBERS))
Brought = st.dictionaries(
    st.integers(1, 3),
    st.tuples(
        st.one_of(Feeds.map(lambda feed: {feed}), st.sets(Feeds, max_size=2)),
        st.sets(Feeds, max_size=3),
    ),
    min_size=2,
)
"""Of up to three vessels: the feeds of the fixes of the alert, and of those of the hour after."""
Rows = st.dictionaries(
    st.sampled_from([OPEN, CLOSED, SCAN, "*", "*-ais", "national-*"]),
    st.sets(st.sampled_from(["nato", "eu"])), min_size=1, max_size=3,
)  # fmt: skip
Said = st.lists(
    st.tuples(st.sampled_from([RELEASE_TO, WITHDRAW]), st.sampled_from(["nato", "eu"]),
              st.integers(1, 3)),
    max_size=5,
)  # fmt: skip


def may(feed: str, group: str, table: dict[str, set[str]]) -> bool:
    """Tell whether a feed may go to a group, by another way than the policy does."""
    if feed == NAMELESS:
        return all(group in groups for groups in table.values())
    if feed in table:
        return group in table[feed]
    fitting = {"*-ais"} if feed == OPEN else {"national-*"} if feed == CLOSED else set()
    fitting = fitting & table.keys() or {"*"} & table.keys()
    return all(group in table[row] for row in fitting)


@settings(max_examples=12, deadline=None)
@given(brought=Brought, table=Rows, said=Said)
def test_no_exit_holds_a_fix_or_an_alert_of_a_feed_the_group_may_not_have(brought, table, said):
    text = POLICY.split("[feeds.")[0] + "".join(
        f'[feeds."{row}"]\ngroups = {sorted(groups)}\n' for row, groups in table.items()
    )
    held = [
        reports(k, feed, when)
        for k, by in brought.items()
        for when, feeds in zip((WITHIN, AFTER), by, strict=True)
        for feed in sorted(feeds)
    ]
    with tempfile.TemporaryDirectory() as folder:
        home = home_of(Path(folder) / "home", [one_of(k) for k in brought], held, text)
        with Opened(home) as opened:
            last = {}
            for verb, group, k in said:
                if k in brought:
                    opened.says(verb, group, one_of(k))
                    last[k, group] = verb
            for group in ("nato", "eu"):
                allowed = {feed for feed in NUMBERS if may(feed, group, table)}
                free = {"nato": RELEASE_TO, "eu": WITHDRAW}[group]
                wanted = {
                    k
                    for k, (within, _) in brought.items()
                    if (within or {OPEN, CLOSED, SCAN}) <= allowed
                    and last.get((k, group), free) == RELEASE_TO
                }
                assert opened.gets(group) == {one_of(k).id for k in wanted}
                exits = [let_out(opened, group, word).decode() for word in FORMATS]
                exits += [str(one) for one in bundled(opened, group)]
                for k in wanted:
                    _, fixes = read_alert(opened.ledger, opened.archive, one_of(k).id)
                    made = evidence_for(
                        evidence(one_of(k), rows=fixes), home.path, group, "V.P.", "x",
                        lambda own: (fixes_csv.as_text(own.fixes) + geojson.as_text(own)).encode(),
                    )  # fmt: skip
                    assert told(made) == (brought[k][0] | brought[k][1]) & allowed
                    exits.append(made.decode())
                for data in exits:
                    assert told(data) <= allowed
                    for k in brought.keys() - wanted:
                        assert one_of(k).id not in data
                        assert str(one_of(k).subject.mmsi) not in data
