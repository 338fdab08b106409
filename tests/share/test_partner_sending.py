"""What a partner gets next: whatever is lost, withdrawn or asked for again, no more and no less."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.errors import ConflictError, UsageError
from sargas.share.partner import sending
from sargas.share.partner.bundle import read
from sargas.share.partner.sending import Made, next_bundle
from sargas.store import AuditLog, Home
from sargas.store.partners import Partners
from sargas.store.users import By

from .conftest import alert
from .partners import NOW_MS, OURS, STRANGER, THEIRS, gate, lines_of, peer_of

BY = By("V.P.", 0, NOW_MS)
RIGA = peer_of(THEIRS)


def versions(name: str, count: int) -> tuple[Any, ...]:
    first = alert(id=name)
    return tuple(
        replace(first, version=n, t_issued_ms=first.t_issued_ms + 1000 * n)
        for n in range(1, count + 1)
    )


@pytest.fixture
def partners(tmp_path):
    with Partners(Home(tmp_path / "home")) as opened:
        yield opened


def make(partners: Partners, *alerts: Any, after: int | None = None) -> Made | None:
    found = gate(*alerts) if alerts else []
    return next_bundle(partners, OURS, RIGA, found, BY, "p", after=after)


def told(made: Made) -> list[tuple[str, int]]:
    _, *bodies = lines_of(made.data)
    return [(body["id"], body["version"]) for body in bodies]


def exits(partners: Partners) -> list[dict[str, Any]]:
    with AuditLog.beside(partners) as log:
        return [act.detail for act in log.lines() if act.verb == "share"]


def test_what_was_not_taken_is_given_again_to_the_byte_and_noted_once(partners):
    first = make(partners, versions("a" * 24, 2))
    again = make(partners, versions("a" * 24, 2))
    assert first.data == again.data
    assert (first.is_new, again.is_new, len(exits(partners))) == (True, False, 1)
    [line] = exits(partners)
    assert line["shared"] == [f"{'a' * 24}:1", f"{'a' * 24}:2"]
    assert (line["group"], line["where"], line["sequence"]) == ("nato", "peer riga", 1)
    partners.held_is(OURS.instance, RIGA.instance, 1)
    assert make(partners, versions("a" * 24, 2)) is None
    third = make(partners, versions("a" * 24, 3))
    assert (told(third), third.sent.previous) == ([("a" * 24, 3)], 1)
    assert lines_of(third.data)[0]["previous_hash"] == first.sent.hash


def test_what_was_withdrawn_meanwhile_is_not_in_it(partners):
    both = make(partners, versions("a" * 24, 1), versions("b" * 24, 1))
    assert len(told(both)) == 2
    left = make(partners, versions("b" * 24, 1), after=0)
    assert told(left) == [("b" * 24, 1)]
    assert b"a" * 24 not in repr(lines_of(left.data)).encode()
    assert left.sent.sequence == 2  # the number 1 was given to other bytes
    assert make(partners) is None


def test_a_partner_that_has_never_got_some_is_given_them_again(partners):
    make(partners, versions("a" * 24, 1), after=0)
    make(partners, versions("a" * 24, 1), versions("b" * 24, 1), after=1)
    found = make(partners, versions("a" * 24, 1), versions("b" * 24, 1), versions("c" * 24, 1),
                 after=1)  # fmt: skip
    assert {name for name, _ in told(found)} == {"b" * 24, "c" * 24}
    everything = make(partners, versions("a" * 24, 1), versions("b" * 24, 1), after=0)
    assert {name for name, _ in told(everything)} == {"a" * 24, "b" * 24}
    assert (everything.sent.sequence, everything.sent.previous) == (4, 0)


def test_of_a_bundle_that_we_never_made_nothing_is_gone_on_from(partners):
    found = make(partners, versions("a" * 24, 1), after=40)
    assert (found.sent.sequence, found.sent.previous) == (41, 0)
    for wrong in (-1, 10**12):
        with pytest.raises(UsageError):
            make(partners, versions("a" * 24, 1), after=wrong)


def test_more_than_one_holds_goes_into_several(partners, monkeypatch):
    monkeypatch.setattr(sending, "COUNT_MOST", 2)
    got, after = [], 0
    while made := make(partners, versions("a" * 24, 5), after=after):
        assert made.has_more == (len(got) < 4)
        got += told(made)
        after = made.sent.sequence
    assert got == [("a" * 24, n) for n in range(1, 6)]
    assert after == 3
    monkeypatch.undo()
    monkeypatch.setattr(sending, "PLAIN_AIM", 10)  # one that is too long alone goes alone
    assert len(told(make(partners, versions("b" * 24, 3), after=3))) == 1


def test_only_a_trusted_peer_gets_only_what_is_for_its_group(partners):
    with pytest.raises(UsageError, match="not trusted"):
        next_bundle(partners, OURS, replace(RIGA, is_trusted=False), gate(), BY, "p")
    with pytest.raises(UsageError, match="not for the group"):
        next_bundle(partners, OURS, RIGA, gate(group="eu"), BY, "p")
    assert partners.sent(OURS.instance, RIGA.instance) == exits(partners) == []


def test_two_that_make_one_at_once_make_one(partners, monkeypatch):
    before = partners.sent(OURS.instance, RIGA.instance)
    make(partners, versions("a" * 24, 1))
    monkeypatch.setattr(partners, "sent", lambda *_: before)
    with pytest.raises(ConflictError):
        make(partners, versions("b" * 24, 1))
    assert len(exits(partners)) == 1


Step = st.one_of(
    st.tuples(st.just("version"), st.integers(0, 2)),
    st.tuples(st.just("hide"), st.integers(0, 2)),
    st.tuples(st.just("show"), st.integers(0, 2)),
    st.tuples(st.sampled_from(("deliver", "lose", "file", "stranger")), st.just(0)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(Step, max_size=20))
def test_whatever_is_lost_on_the_way_in_the_end_all_that_may_be_known_is_there(steps):
    """A model of both sides: releases, withdrawals, bundles that arrive, are lost, or are filed."""
    names = [letter * 24 for letter in "abc"]
    counts, shown = [1, 0, 0], [True, True, True]
    allowed: set[tuple[str, int]] = set()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (Partners(Home(f"{folder}/{side}")) for side in ("ours", "theirs"))
        theirs.add(peer_of(OURS, "klaipeda"), BY)
        theirs.trust("klaipeda", BY)

        def take(made: Made) -> None:
            key_of = {OURS.instance: OURS.key}.get
            theirs.take(read(made.data, key_of, THEIRS.instance, NOW_MS).incoming(), BY)

        def due(after: int | None) -> Made | None:
            out = [versions(n, c) for n, c, s in zip(names, counts, shown, strict=True) if c and s]
            allowed.update((v.id, v.version) for one in out for v in one)
            return make(ours, *out, after=after)

        for word, k in steps:
            if word == "version":
                counts[k] += 1
            elif word in ("hide", "show"):
                shown[k] = word == "show"
            elif word == "stranger":
                next_bundle(ours, OURS, peer_of(STRANGER), gate(versions("e" * 24, 1)), BY, "p")
            else:
                sent = ours.sent(OURS.instance, THEIRS.instance)
                by_file = sent[-1].sequence if sent and word == "file" else None
                held = theirs.held(OURS.instance, THEIRS.instance)
                made = due(held if word == "deliver" else by_file)
                if made and word != "lose":
                    take(made)
        shown[:] = [True, True, True]
        while made := due(theirs.held(OURS.instance, THEIRS.instance)):
            take(made)
        had = {
            (v["id"], v["version"]) for n in names for v in theirs.versions(n, OURS.instance)
        }  # fmt: skip
        assert had == allowed == {(n, v) for n, c in zip(names, counts, strict=True)
                                  for v in range(1, c + 1)}  # fmt: skip
        ours.close()
        theirs.close()
