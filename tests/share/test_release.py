"""The gate: what a group was not released is not there for it; what it gets lacks what it must."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import FormatError, NotFoundError, StoreError
from sargas.model.alerts import Subject, alert_id
from sargas.model.fixes import Fixes
from sargas.model.triage import RELEASE_TO, UNDO, WITHDRAW, Act
from sargas.share.policy import (
    REDACTION_WORDS,
    REDACTIONS,
    load_policy,
    read_policy,
    shipped_text,
)
from sargas.share.release import FIELDS, Released, ReleasedTrack, clean, released, released_track
from sargas.store import Archive, AuditLog, Home, Ledger, ShardWriter
from sargas.store.audit import Seen
from sargas.store.standing import Standing

from .conftest import HOSTILE, T0_MS, alert, fixes

KEY = b"k" * 64
SHIPPED = read_policy(shipped_text(), key=KEY)
OTHERS = [name for name in SHIPPED.groups if name != "national"]
TRIAGE = {
    "state": "ack", "owner": "OFFICER-O", "taken_by": "OFFICER-T", "comment": "SAID-C",
    "reason": "SAID-R", "to": "SAID-TO", "ref": "SAID-REF", "incident": "SAID-I",
}  # fmt: skip


def policy(text: str):
    return read_policy(
        f'[groups.nato]\nlabel = "NATO"\n{text}\n[groups.eu]\nlabel = "EU"'.encode(), key=KEY
    )


def act(seq: int, verb: str = RELEASE_TO, group: str = "nato", version: int = 1, **more) -> Act:
    one = alert().id
    detail = {"undoes": more.pop("undoes")} if verb == UNDO else {"group": group}
    return Act(seq, 0, 0, "V.P.", verb, more.get("alert", one), version, seq, "", "", detail)


def body(*versions, **more):
    """Alerts as the store gives them: the newest, with all its versions."""
    bodies = [v.to_dict() for v in versions or (alert(),)]
    return {**bodies[-1], "versions": bodies, **more}


def test_as_shipped_nothing_leaves_by_itself():
    assert list(SHIPPED.groups) == ["national", "3+3", "nato", "eu", "partners", "public"]
    alerts = [body(), body(alert(id="e" * 24, exercise="drill", priority="P1"))]
    assert len(released(alerts, "national", SHIPPED, [])) == 2
    for group in OTHERS:
        assert released(alerts, group, SHIPPED, []) == []
        assert "triage" in SHIPPED.group(group).redacted


@pytest.mark.parametrize(
    ("rule", "changes", "fits"),
    [
        ("{}", {}, True),
        ('{priorities = ["P1"]}', {}, False),
        ('{priorities = ["P1", "P2"]}', {}, True),
        ('{detectors = ["slow_*"]}', {}, True),
        ('{detectors = ["drag_*"]}', {}, False),
        ('{priorities = ["P2"], detectors = ["drag_*"]}', {}, False),
        ("{}", {"muted_by": ("port",)}, False),
        ("{}", {"exercise": "drill"}, False),
        ("{exercises = true}", {"exercise": "drill"}, True),
        ('{feeds = ["no*", "south"]}', {}, True),
        ('{feeds = ["no*"]}', {}, False),
        ('{feeds = ["north", "south"], priorities = ["P1"]}', {}, False),
    ],
)
def test_a_rule_lets_out_what_fits_all_its_conditions(rule, changes, fits):
    made = policy(f"sees = [{rule}]")
    got = released([body(alert(**changes))], "nato", made, [], lambda _: ["north", "south"])
    assert bool(got) == fits
    assert released([body(alert(**changes))], "eu", made, []) == []


def test_a_feed_that_nobody_can_name_might_be_any():
    made = policy('sees = [{feeds = ["*"]}]')
    assert released([body()], "nato", made, [], lambda _: []) == []


def test_feeds_are_looked_for_only_where_a_rule_asks():
    def never(_):
        raise AssertionError("nobody asked")

    assert released([body()], "nato", policy("sees = [{}]"), [], never)
    assert released([body()], "eu", policy('sees = [{feeds = ["x"]}]'), [], never) == []


def test_an_act_of_a_person_releases_from_its_version_and_can_be_withdrawn():
    three = [alert(version=n, priority=f"P{n}") for n in (1, 2, 3)]
    (one,) = released([body(*three)], "nato", SHIPPED, [act(5, version=2)])
    assert [v["version"] for v in one.history] == [2, 3]
    assert one.because == "line 5 of the log"
    assert released([body(*three)], "eu", SHIPPED, [act(5, version=2)]) == []
    ended = [act(5), act(6, WITHDRAW, version=2)]
    assert released([body(*three)], "nato", SHIPPED, ended) == []
    (again,) = released([body(*three)], "nato", SHIPPED, [*ended, act(7, version=3)])
    assert [v["version"] for v in again.history] == [3]
    assert released([body(*three)], "nato", SHIPPED, [act(5), act(6, UNDO, undoes=5)]) == []
    kept = [act(5), act(6, WITHDRAW), act(7, UNDO, undoes=6)]
    assert len(released([body(*three)], "nato", SHIPPED, kept)) == 1


def test_a_withdrawal_ends_what_a_rule_lets_out():
    made = policy("sees = [{}]")
    assert released([body()], "nato", made, [])
    assert released([body()], "nato", made, [act(1, WITHDRAW)]) == []
    assert released([body()], "nato", made, [act(1, WITHDRAW, alert="0" * 24)])


def test_who_was_told_hears_that_it_is_less_or_nothing():
    versions = [
        alert(version=1, priority="P3"), alert(version=2, priority="P1"),
        alert(version=3, priority="P3", state="retracted"),
    ]  # fmt: skip
    made = policy('sees = [{priorities = ["P1"]}]')
    (one,) = released([body(*versions)], "nato", made, [])
    assert [v["version"] for v in one.history] == [2, 3], "the first was not for them"
    assert one.body["state"] == "retracted"
    assert released([body(versions[0])], "nato", made, []) == []


def test_every_field_of_an_alert_is_known_and_others_stay_inside():
    assert set(alert().to_dict()) - FIELDS == {"group", "caveat"}
    (one,) = released([body(thought_of_tomorrow="SECRET")], "national", SHIPPED, [])
    assert "SECRET" not in json.dumps(one.history)
    assert "group" not in one.body


@pytest.mark.parametrize("word", REDACTIONS)
def test_a_redacted_field_is_absent_and_named(word):
    said = "A SHIP (MMSI 518998865) 14.2 km on Cable X, receiver 3"
    made = alert(
        text=said, against=(said,), notes=(f"listed by {said}",), muted_by=("MASK-M",),
        context={"lists": [{"list": "LIST-L"}], "lists_version": "LIST-V", "coverage": "COV-C"},
    )  # fmt: skip
    gate = policy(f'redact = ["{word}"]')
    whole = body(made, triage=TRIAGE, log=[{"officer": "OFFICER-L", "comment": "SAID-L"}])
    (one,) = released([whole], "nato", gate, [act(1)])
    assert one.redacted == tuple(sorted(REDACTIONS[word]))
    text = json.dumps(one.history)
    for path in one.redacted:
        found = one.body
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        assert found is None, path
    gone = {
        "triage": ["OFFICER", "SAID-"], "officers": ["OFFICER"], "comments": ["SAID-"],
        "lists": ["LIST-", "listed by"], "sources": ["COV-C"], "mutes": ["MASK-M"],
        "notes": ["listed by"], "tests": ["mean speed over ground"], "context": ["LIST-", "COV-C"],
        "kp": ["kp_km"], "asset": ["Cable X", "Cable Two", "power-cable-x"],
        "vessel": ["518998865", "9329760", "A SHIP"], "place": ["25.6", "59.9", "25.5"],
        "text": ['"text"'], "rules": ["rrrrrrrrrrrr", "gggggggggggg"], "against": ['"against"'],
    }  # fmt: skip
    for secret in gone.get(word, []):
        assert secret in json.dumps({**whole, "text": said}), "else this looks for nothing"
        assert secret not in text
    assert word in REDACTION_WORDS


def test_of_a_feed_the_name_is_its_source():
    feed = alert(subject=Subject("feed", 0, name="receiver 3"), text="receiver 3 brings little")
    gate = policy('redact = ["sources"]')
    (one,) = released([body(feed)], "nato", gate, [act(1)])
    assert "receiver 3" not in json.dumps(one.history)


@pytest.mark.parametrize("word", ["vessel", "asset", "place"])
def test_an_id_that_would_tell_what_is_redacted_is_another_one(word):
    """An id is a hash of vessel, asset and second; ships are few enough to try them all."""
    one = alert()
    words = alert_id(
        one.detector, one.detector_version, one.subject.key, one.asset.id, one.t_start_ms
    )
    named = replace(one, id=words)
    gate = policy(f'redact = ["{word}"]')
    acts = [act(1, alert=words), act(2, alert=words, group="eu")]
    (told,) = released([body(named)], "nato", gate, acts)
    assert told.own_id == words
    assert words not in json.dumps(told.history)
    assert len(told.id) == len(words)
    assert released([body(named)], "nato", gate, acts)[0].id == told.id, "the same each time"
    (open_,) = released([body(named)], "eu", gate, acts)
    assert open_.id == words, "who may know all of it gets the id of home"
    other = replace(gate, key=b"another home's key" * 4)
    assert released([body(named)], "nato", other, acts)[0].id != told.id
    with pytest.raises(StoreError, match="no secret"):
        released([body(named)], "nato", replace(gate, key=b""), acts)


def test_the_secret_of_a_home_is_made_once_and_is_its_owners_alone(tmp_path):
    first = load_policy(tmp_path)
    path = tmp_path / "release.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_policy(tmp_path).key == first.key == path.read_bytes()
    assert len(first.key) >= 32
    assert first.key.decode() not in repr(first)
    assert [p.name for p in tmp_path.iterdir()] == ["release.key"]
    path.chmod(0o644)
    load_policy(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600, "a restored home does not open it to others"
    path.write_bytes(b"short")
    with pytest.raises(StoreError, match="cut short"):
        load_policy(tmp_path)
    assert load_policy(tmp_path / "none").key == b""
    assert not (tmp_path / "none").exists()


def test_of_an_area_the_name_is_its_place():
    area = alert(subject=Subject("area", 0, name="the area 59N 25E"), text="in the area 59N 25E")
    (one,) = released([body(area)], "nato", policy('redact = ["place"]'), [act(1)])
    assert "59N" not in json.dumps(one.history)
    (one,) = released([body(area)], "nato", policy('redact = ["kp"]'), [act(1)])
    assert "59N" in json.dumps(one.history)


def test_nothing_but_the_gate_makes_what_writers_take():
    (one,) = released([body()], "national", SHIPPED, [])
    with pytest.raises(TypeError, match="gate"):
        Released(object(), "public", one.id, [one.body], (), "")
    with pytest.raises(TypeError, match="gate"):
        ReleasedTrack(None, one, fixes())
    with pytest.raises(TypeError):
        type("Mine", (Released,), {})
    one.body["id"] = one.history[0]["id"] = "changed"
    assert one.id == alert().id, "what a writer does to its copy is its own"


def test_hostile_texts_are_cleaned_and_an_exercise_stays_one():
    bad = alert(
        text=HOSTILE + "\ud800\ufffe\x00", exercise="\u202e\x00", context={HOSTILE: HOSTILE}
    )
    (one,) = released([body(bad)], "national", SHIPPED, [])
    text = json.dumps(one.body, ensure_ascii=False)
    text.encode("utf-8")
    assert not {"\u202e", "\x1b", "\x00", "\ufffe"} & set(text)
    assert one.exercise == "unnamed"
    assert clean("a\tb\r\nc") == "a b  c"


def test_a_track_is_of_the_span_the_alert_rests_on_or_not_there():
    rows = fixes()
    (one,) = released([body()], "national", SHIPPED, [])
    track = released_track(one, rows, SHIPPED, {})
    assert 0 < len(track.fixes) < len(rows)
    other = Fixes.build(len(rows), **rows.columns() | {"subject_id": rows.subject_id + 1})
    assert len(released_track(one, other, SHIPPED, {}).fixes) == 0
    for word in ("track", "vessel", "place"):
        (one,) = released([body()], "nato", policy(f'redact = ["{word}"]'), [act(1)])
        assert released_track(one, rows, SHIPPED, {}) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([RELEASE_TO, WITHDRAW]), st.sampled_from(["nato", "eu"]),
                  st.integers(0, 2)),
        max_size=12,
    )
)  # fmt: skip
def test_a_group_gets_what_was_last_said_and_no_trace_of_the_rest(said):
    ids = [f"{n}" * 24 for n in range(3)]
    alerts = [body(alert(id=name, text=f"text of {name}")) for name in ids]
    acts = [act(n, verb, group, alert=ids[k]) for n, (verb, group, k) in enumerate(said, 1)]
    for group in ("nato", "eu"):
        last = {k: verb for verb, to, k in said if to == group}
        got = released(alerts, group, policy(""), acts)
        assert [one.id for one in got] == [ids[k] for k in range(3) if last.get(k) == RELEASE_TO]
        text = json.dumps([one.history for one in got])
        for k in range(3):
            assert (ids[k] in text) == (last.get(k) == RELEASE_TO)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[groups.nato]\nlabel = 1", "label"),
        (b"[groups.nato]\nlabel = 'x'\nredact = ['nonsense']", "nonsense"),
        (b"[groups.'A B']\nlabel = 'x'", "name of a group"),
        (b"[groups.nato]\nlabel = 'x'\nsees = [{priorities = ['P9']}]", "P9"),
        (b"[groups.nato]\nlabel = 'x'\nsess = []", "sess"),
        (b"sender = 'a, b'\n[groups.nato]\nlabel = 'x'", "sender"),
        (b"\xff\xfe", "No release policy"),
        (b"[[[", "No release policy"),
    ],
)
def test_a_policy_that_cannot_be_read_lets_nothing_out(tmp_path, text, says):
    (tmp_path / "release.toml").write_bytes(text)
    with pytest.raises(FormatError, match=says):
        load_policy(tmp_path)


def test_an_unknown_group_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="no release group 'natoo'"):
        released([body()], "natoo", SHIPPED, [])
    assert load_policy(tmp_path).version == SHIPPED.version


def test_a_home_gives_its_group_the_versions_it_may_know(tmp_path):
    from sargas.share.outgoing import outgoing

    home = Home(tmp_path / "home")
    first = alert()
    later = replace(first, version=2, priority="P1", t_issued_ms=first.t_issued_ms + 60_000)
    other = alert(id="f" * 24)
    now = later.t_issued_ms + 1
    with Ledger(home) as ledger, AuditLog(home) as log, Archive(home) as archive:
        ledger.commit("live", 1, b"", [first, other], {"ok": 1})
        standing = Standing(ledger, log)
        assert outgoing(standing, "nato", SHIPPED, now, archive=archive) == []
        log.act(RELEASE_TO, "V.P.", [Seen(first.id)], t_ms=first.t_issued_ms, at_ms=now,
                said={"group": "nato", "comment": "SAID"})  # fmt: skip
        ledger.commit("live", 2, b"", [later])
        (one,) = outgoing(standing, "nato", SHIPPED, now, archive=archive)
        assert [v["version"] for v in one.history] == [1, 2]
        assert "SAID" not in json.dumps(one.history)
        assert outgoing(standing, "eu", SHIPPED, now, archive=archive) == []
        assert outgoing(standing, "nato", SHIPPED, first.t_issued_ms - 1, archive=archive) == []
        assert outgoing(standing, "nato", SHIPPED, now, archive=archive, ids={other.id}) == []


@pytest.mark.parametrize(
    ("numbers", "feeds", "fits"),
    [
        ([1000], '["north"]', True),
        ([1000, 1001], '["north"]', False),
        ([1000, 1001], '["north", "south"]', True),
        ([0], '["north", "south"]', False),
        ([0], '["scan"]', True),
        ([1000], '["south"]', False),
        ([1700], '["north", "south"]', False),
        ([1700], '["*"]', True),
        ([], '["north", "south"]', False),
        ([], '["*"]', True),
    ],
)
def test_an_alert_rests_on_the_feeds_that_brought_its_fixes(tmp_path, numbers, feeds, fits):
    from sargas.share.outgoing import outgoing
    from sargas.store.feed_book import FeedBook

    home = Home(tmp_path / "home")
    book = FeedBook(home)
    assert (book.number("north", "tcp://n:1"), book.number("south", "udp://s:1")) == (1000, 1001)
    rows = fixes()
    with ShardWriter(home) as writer:
        for k, number in enumerate(numbers):
            own = rows.columns() | {"src_id": [number] * len(rows), "t_ms": rows.t_ms + k * 1000}
            writer.append(Fixes.build(len(rows), **own))
    made = policy(f"sees = [{{feeds = {feeds}}}]")
    with Ledger(home) as ledger, AuditLog(home) as log, Archive(home) as archive:
        area = alert(id="a" * 24, subject=Subject("area", 0, name="an area"))
        ledger.commit("live", 1, b"", [alert(), area])
        got = outgoing(Standing(ledger, log), "nato", made, T0_MS + 10**8, archive=archive)
    assert (alert().id in [one.id for one in got]) == fits
    assert (area.id in [one.id for one in got]) == (feeds == '["*"]'), "an area is of any feed"
