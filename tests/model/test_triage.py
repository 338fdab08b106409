"""Triage: the life cycle of an alert, as people and the watch move it together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import UsageError
from sargas.model.said import checked_detail, checked_officer
from sargas.model.triage import (
    ACK,
    DISMISSED,
    DONE,
    ESCALATED,
    RECTIFIED,
    RESOLVED,
    UNACK,
    UNSEEN,
    VERBS,
    Act,
    Step,
    Triage,
    refusal,
    triage_of,
)

FIRST = Step(1, "open", "P2", 1_000)
WORSE = Step(2, "open", "P1", 2_000)
OVER = Step(2, "closed", "P2", 2_000)
AGAIN = Step(3, "open", "P2", 3_000)


def act(verb, version=1, seq=1, officer="A", t_ms=1_500, **detail):
    if verb == "dismiss":
        detail.setdefault("reason", "permitted")
    if verb == "snooze":
        detail.setdefault("until_ms", 9_000)
    return Act(seq, 0, t_ms, officer, verb, "0a", version, seq, "", "", detail)


def state(steps, *acts):
    return triage_of(steps, acts).state


def test_the_table_of_the_life_cycle():
    """Each row of ui.md, section 7."""
    assert state([FIRST]) == UNACK
    assert state([FIRST, OVER]) == RECTIFIED
    assert state([FIRST, OVER], act("acknowledge", 2)) == RESOLVED
    assert state([FIRST], act("acknowledge")) == ACK
    assert state([FIRST, OVER], act("acknowledge")) == RESOLVED
    assert state([FIRST, WORSE], act("acknowledge")) == UNACK
    assert state([FIRST, WORSE._replace(priority="P3")], act("acknowledge")) == ACK
    assert state([FIRST, OVER, AGAIN], act("acknowledge")) == UNACK
    assert state([FIRST, OVER, AGAIN]) == UNACK
    assert state([FIRST, OVER], act("escalate", to="Coast guard")) == ESCALATED
    assert state([FIRST, WORSE], act("escalate", to="Coast guard")) == ESCALATED
    assert state([FIRST], act("dismiss")) == DISMISSED
    assert state([FIRST, OVER], act("dismiss")) == DISMISSED
    assert state([FIRST, WORSE], act("dismiss")) == UNACK
    assert state([FIRST], act("acknowledge"), act("resolve", seq=2)) == RESOLVED
    assert state([FIRST], act("dismiss"), act("reopen", seq=2)) == UNACK
    assert state([FIRST, OVER], act("dismiss"), act("reopen", 2, 2)) == RECTIFIED


def test_what_is_remembered():
    taken = triage_of([FIRST], [act("acknowledge", t_ms=1_200), act("comment", seq=2, comment="x")])
    assert (taken.owner, taken.taken_by, taken.taken_ms, taken.comment) == ("A", "A", 1_200, "x")
    assert (taken.last_seq, taken.acts) == (2, 2)
    given_on = triage_of([FIRST], [act("claim"), act("acknowledge", seq=2, officer="B")])
    assert (given_on.owner, given_on.taken_by) == ("A", "B")
    raised = triage_of([FIRST, WORSE], [act("dismiss"), act("snooze", seq=2)])
    assert (raised.raised_again_ms, raised.reason, raised.snoozed_until_ms) == (2_000, None, None)
    escalated = triage_of([FIRST, WORSE], [act("escalate", to="MRCC", ref="7")])
    assert (escalated.to, escalated.ref, escalated.raised_again_ms) == ("MRCC", "7", 2_000)
    in_one = triage_of([FIRST], [act("group", incident="i1")])
    assert in_one.incident == "i1"
    assert triage_of([FIRST], [act("group", incident="i1"), act("ungroup", seq=2)]).incident is None


def test_a_snooze_is_no_acknowledgement_and_ends_when_raised_again():
    asleep = triage_of([FIRST], [act("snooze")])
    assert (asleep.state, asleep.snoozed_until_ms) == (UNACK, 9_000)
    assert triage_of([FIRST], [act("snooze"), act("wake", seq=2)]).snoozed_until_ms is None
    assert triage_of([FIRST, WORSE], [act("snooze")]).snoozed_until_ms is None


def test_refusals_say_why():
    assert "acknowledge it first" in refusal(Triage(), "resolve", "A")
    assert "is dismissed cannot be acknowledged" in refusal(
        Triage(state=DISMISSED), "acknowledge", "A"
    )
    assert "Only who has claimed" in refusal(Triage(owner="B"), "release", "A")
    assert "not snoozed" in refusal(Triage(), "wake", "A")
    assert "no incident" in refusal(Triage(), "ungroup", "A")
    assert "Nobody can 'fly'" in refusal(Triage(), "fly", "A")
    assert refusal(Triage(owner="A"), "release", "A") == ""


SAID = st.tuples(
    st.sampled_from(["open", "closed", "retracted"]), st.sampled_from(["P1", "P2", "P3"])
)
STEPS = st.lists(SAID, min_size=1, max_size=6).map(
    lambda drawn: [Step(n, s, p, n * 1_000) for n, (s, p) in enumerate(drawn, 1)]
)


@st.composite
def histories(draw):
    """Versions, and only such acts on them as are not refused."""
    steps = draw(STEPS)
    acts: list[Act] = []
    for step in steps:
        for _ in range(draw(st.integers(0, 3))):
            known = triage_of(steps[: step.version], acts)
            verbs = [v for v in sorted(VERBS) if not refusal(known, v, "A")]
            verb = draw(st.sampled_from(verbs))
            acts.append(act(verb, step.version, len(acts) + 1, t_ms=step.t_issued_ms + len(acts)))
    return steps, acts


@given(STEPS)
def test_silence_is_never_an_acknowledgement(steps):
    found = triage_of(steps)
    assert found.state in UNSEEN
    assert (found.owner, found.taken_ms, found.raised_again_ms) == (None, None, None)


@given(histories())
def test_what_the_watch_raises_again_somebody_must_look_at(history):
    steps, acts = history
    before = triage_of(steps, acts)
    again = Step(len(steps) + 1, "open", "P1", 99_000)
    after = triage_of([*steps, again], acts)
    if before.is_over or before.priority != "P1":
        assert after.state in (UNACK, ESCALATED)
        assert after.state == UNACK or before.state == ESCALATED
        assert after.snoozed_until_ms is None
    else:
        assert after.state == before.state


@given(histories())
def test_a_row_stays_until_somebody_has_looked(history):
    """Only an act brings an alert to an end, or an end that somebody acknowledged."""
    steps, acts = history
    if triage_of(steps, acts).state in DONE:
        assert any(a.verb in ("acknowledge", "resolve", "dismiss") for a in acts)


@given(histories(), st.data())
def test_an_act_taken_back_leaves_what_was_before(history, data):
    steps, acts = history
    known = triage_of(steps, acts)
    verbs = [v for v in sorted(VERBS) if not refusal(known, v, "A")]
    verb = data.draw(st.sampled_from(verbs))
    done = act(verb, steps[-1].version, len(acts) + 1, t_ms=90_000)
    undo = Act(done.seq + 1, 0, 90_001, "A", "undo", "0a", done.version, done.seq + 1, "", "",
               {"undoes": done.batch})  # fmt: skip
    after = triage_of(steps, [*acts, done, undo])
    assert replace(after, last_seq=known.last_seq, acts=known.acts) == known


@pytest.mark.parametrize(
    ("verb", "said", "words"),
    [
        ("dismiss", {}, "needs a reason"),
        ("dismiss", {"reason": "tired"}, "needs a reason"),
        ("dismiss", {"reason": "other"}, "needs a comment"),
        ("escalate", {"to": "  "}, "To whom"),
        ("snooze", {}, "time at which it ends"),
        ("snooze", {"until_ms": True}, "time at which it ends"),
        ("snooze", {"until_ms": 1_000}, "within a minute and a day"),
        ("snooze", {"until_ms": 2 * 86_400_000}, "within a minute and a day"),
        ("snooze", {"until_ms": 10**30}, "within a minute and a day"),
        ("comment", {"comment": " \n"}, "empty"),
        ("comment", {"comment": "x" * 2_001}, "2,001 letters"),
        ("comment", {"comment": 5}, "no text"),
        ("comment", {"comment": "turned \u202e round"}, "cannot be seen"),
        ("acknowledge", {"reason": "permitted"}, "cannot be said"),
        ("escalate", {"to": "a\nb"}, "more than one line"),
    ],
)
def test_what_is_said_is_checked(verb, said, words):
    with pytest.raises(UsageError, match=words):
        checked_detail(verb, said, 0)


def test_what_is_said_is_tidied():
    said = {"reason": "other", "comment": " Ąžuolas\r\nsays so ", "to": ""}
    assert checked_detail("dismiss", said, 0) == {
        "reason": "other",
        "comment": "Ąžuolas\nsays so",
    }
    assert checked_officer("\u0041\u0328nna") == "Ąnna"
    for bad in ("", "  ", None, 7, "x" * 41, "A\u200bB", "\ud800"):
        with pytest.raises(UsageError):
            checked_officer(bad)
