"""What the ledger keeps of partners: all of a bundle or nothing, once, and never as one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sargas.errors import ConflictError, NotFoundError, UsageError
from sargas.store import AuditLog, Home, Ledger
from sargas.store import partners as store
from sargas.store.partners import Incoming, Partners, Sent
from sargas.store.peers import NONCES_KEPT_MS, Peer
from sargas.store.standing import Standing
from sargas.store.users import By
from sargas.store.verify_ledger import check_ledger

from .alerts import make_alert
from .postgres import server
from .rows import T0_MS

US, RIGA, OTHER = "0" * 32, "1" * 32, "2" * 32
BY = By("V.P.", T0_MS, 1_800_000_000_000)
PEER = Peer("riga", RIGA, "11" * 32, "", "nato", False, False, "", BY.at_ms)


@pytest.fixture
def partners(home: Home) -> Iterator[Partners]:
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [make_alert(0)])
    with Partners(home) as opened:
        opened.add(PEER, BY)
        opened.trust("riga", BY)
        yield opened


def row(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    body = {"id": name, "version": version, "text": "theirs", "exercise": None} | more
    return {
        "id": name, "version": version, "exercise": body["exercise"],
        "t_issued_ms": T0_MS + version, "body": json.dumps(body),
    }  # fmt: skip


def bundle(n: int, *rows: dict[str, Any], before: Incoming | None = None, **more: Any) -> Incoming:
    previous, its_hash = (before.sequence, before.hash) if before else (0, "")
    made = Incoming(
        RIGA, "Riga", US, n, previous, its_hash, f"{n:064x}", BY.at_ms,
        list(rows) or [row("ab" * 8)],
    )  # fmt: skip
    return replace(made, **more)


def verbs(home: Home) -> list[str]:
    with AuditLog(home) as log:
        assert log.verify().broken_at is None
        return [act.verb for act in log.lines()]


def test_peers_are_added_trusted_and_removed_in_the_log(home: Home, partners: Partners) -> None:
    assert partners.peer("riga").is_trusted
    assert partners.peer_of(RIGA) == partners.peer("riga")
    assert partners.peer_of(OTHER) is None
    for wrong in (replace(PEER, instance=OTHER), replace(PEER, name="tallinn")):
        with pytest.raises(UsageError, match="already"):
            partners.add(wrong, BY)
    for name in ("", "own", "all", "partners", "Riga", "-x", "a" * 31, "a b", "../x"):
        with pytest.raises(UsageError, match="no name"):
            partners.add(replace(PEER, name=name, instance=OTHER), BY)
    partners.trust("riga", BY)  # again: no line
    partners.remove("riga", BY)
    with pytest.raises(NotFoundError):
        partners.remove("riga", BY)
    assert verbs(home) == ["add_peer", "trust_peer", "remove_peer"]


def test_a_bundle_is_taken_once(home: Home, partners: Partners) -> None:
    one = bundle(1, row("ab" * 8), row("ab" * 8, 2), row("cd" * 8, exercise="drill"))
    done = partners.take(one, BY)
    assert (done.added, done.is_known, done.is_gap, done.held) == (3, False, False, 1)
    again = partners.take(one, BY)
    assert (again.added, again.is_known, again.known, again.held) == (0, True, 3, 1)
    assert verbs(home) == ["add_peer", "trust_peer", "receive"]
    shown = partners.alerts()
    assert [(a["id"], a["version"], a["exercise"]) for a in shown] == [
        ("cd" * 8, 1, "drill"), ("ab" * 8, 2, None)
    ]  # fmt: skip
    assert shown[0]["origin"]["peer"] == "riga"
    assert [v["version"] for v in partners.versions("ab" * 8, RIGA)] == [1, 2]
    assert partners.versions("ab" * 8, OTHER) == []
    assert partners.count() == 2


def test_an_old_bundle_and_a_second_one_of_a_number_are_refused(partners: Partners) -> None:
    one = bundle(1)
    two = bundle(2, row("cd" * 8), before=one)
    partners.take(one, BY)
    partners.take(bundle(5, row("ee" * 8), before=two), BY)
    for wrong in (two, bundle(4), bundle(5, hash="f" * 64)):
        with pytest.raises(ConflictError):
            partners.take(wrong, BY)
    assert partners.count() == 2


def test_a_lost_bundle_is_noticed_and_what_goes_on_from_before_it_mends_that(
    partners: Partners,
) -> None:
    one, two = bundle(1), bundle(2, row("cd" * 8))
    partners.take(one, BY)
    three = bundle(3, row("ee" * 8), before=two)
    done = partners.take(three, BY)
    assert (done.is_gap, done.held, done.added) == (True, 1, 1)
    after = partners.take(bundle(4, row("ff" * 8), before=three), BY)
    assert (after.is_gap, after.held) == (True, 1)  # what follows a gap is after a gap
    forged = partners.take(bundle(5, previous=1, previous_hash="e" * 64), BY)
    assert forged.is_gap
    mended = partners.take(bundle(6, row("cd" * 8), row("ee" * 8), before=one), BY)
    assert (mended.is_gap, mended.held, mended.added, mended.known) == (False, 6, 1, 1)
    assert partners.held(RIGA, US) == 6


def test_a_new_key_of_ours_begins_a_new_row_of_bundles(partners: Partners) -> None:
    partners.take(bundle(7), BY)
    assert partners.take(bundle(1, recipient=OTHER), BY).held == 1
    assert (partners.held(RIGA, US), partners.held(RIGA, OTHER)) == (7, 1)


def test_the_first_text_of_a_version_stands(partners: Partners) -> None:
    one = bundle(1, row("ab" * 8, text="first"))
    partners.take(one, BY)
    done = partners.take(bundle(2, row("ab" * 8, text="second"), row("cd" * 8), before=one), BY)
    assert (done.added, done.known, done.differing) == (1, 0, ("ab" * 8,))
    assert partners.versions("ab" * 8, RIGA)[0]["text"] == "first"


def test_an_alert_of_our_id_touches_none_of_ours(home: Home, partners: Partners) -> None:
    own = make_alert(0)
    with Ledger(home) as ledger, AuditLog(home) as log:
        before = Standing(ledger, log).alert(own.id, T0_MS + 10**10)
        partners.take(bundle(1, row(own.id, 1), row(own.id, 2), row(own.id, 9)), BY)
        assert Standing(ledger, log).alert(own.id, T0_MS + 10**10) == before
        assert len(ledger.alerts()) == 1
        assert partners.versions(own.id, RIGA)[-1]["version"] == 9
    assert check_ledger(home.ledger_path).findings == []


def test_who_is_not_trusted_brings_nothing(home: Home, partners: Partners) -> None:
    with pytest.raises(UsageError, match="no trusted peer"):
        partners.take(bundle(1, origin=OTHER), BY)
    partners.remove("riga", BY)
    with pytest.raises(UsageError, match="no trusted peer"):
        partners.take(bundle(1), BY)
    partners.add(PEER, BY)  # not trusted again by itself
    with pytest.raises(UsageError, match="no trusted peer"):
        partners.take(bundle(1), BY)
    assert partners.count() == 0


def test_what_came_stays_when_the_peer_is_removed(partners: Partners) -> None:
    partners.take(bundle(1), BY)
    partners.remove("riga", BY)
    [shown] = partners.alerts()
    assert (shown["origin"]["peer"], shown["origin"]["name"]) == (None, "Riga")
    assert partners.origin_of(RIGA[:10]) == RIGA
    for word in ("riga", RIGA[:7], OTHER, "%"):
        with pytest.raises(NotFoundError):
            partners.origin_of(word)


def test_a_fault_at_the_last_moment_leaves_nothing(
    home: Home, partners: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("power")

    before = verbs(home)
    monkeypatch.setattr(store, "append_one", fails)
    with pytest.raises(RuntimeError, match="power"):
        partners.take(bundle(1), BY)
    with pytest.raises(RuntimeError, match="power"):
        partners.send(US, PEER, Sent(1, 0, "a" * 64, 1, False, ()), BY, {})
    monkeypatch.undo()
    assert (partners.count(), partners.held(RIGA, US), partners.sent(US, RIGA)) == (0, 0, [])
    assert verbs(home) == before
    assert partners.take(bundle(1), BY).added == 1


def test_numbers_of_bundles_are_used_once(partners: Partners) -> None:
    made = Sent(1, 0, "a" * 64, 1, False, (("ab", 1),))
    partners.send(US, PEER, made, BY, {"group": "nato"})
    with pytest.raises(ConflictError):
        partners.send(US, PEER, made, BY, {})
    partners.send(US, PEER, replace(made, sequence=3), BY, {})
    partners.held_is(US, RIGA, 3)
    assert [(s.sequence, s.is_held) for s in partners.sent(US, RIGA)] == [(1, False), (3, True)]
    partners.held_is(US, RIGA, 1)  # it lost what came later
    assert [(s.sequence, s.is_held) for s in partners.sent(US, RIGA)] == [(1, True), (3, False)]
    assert partners.sent(US, OTHER) == []


def test_a_request_is_taken_once_and_then_forgotten(partners: Partners) -> None:
    assert partners.is_fresh(RIGA, "aa", 1)
    assert not partners.is_fresh(RIGA, "aa", 2)
    assert partners.is_fresh(OTHER, "aa", 2)
    assert not partners.is_fresh(RIGA, "aa", 1 + NONCES_KEPT_MS)
    assert partners.is_fresh(RIGA, "aa", 3 + NONCES_KEPT_MS)


def test_a_ledger_in_postgresql_keeps_partners_too() -> None:
    with server() as address, Partners(address.format("postgres")) as opened:
        opened.add(PEER, BY)
        opened.trust("riga", BY)
        one = bundle(1, row("ab" * 8), row("cd" * 8, exercise="drill"))
        assert opened.take(one, BY).added == 2
        assert opened.take(one, BY).is_known
        done = opened.take(bundle(2, row("ab" * 8, 2), row("ab" * 8, text="other"), before=one), BY)
        assert (done.added, done.differing, done.held) == (1, ("ab" * 8,), 2)
        assert [(a["id"], a["version"]) for a in opened.alerts([RIGA])] == [
            ("cd" * 8, 1), ("ab" * 8, 2)
        ]  # fmt: skip
        opened.send(US, PEER, Sent(1, 0, "a" * 64, 1, False, (("ab", 1),)), BY, {})
        opened.held_is(US, RIGA, 1)
        assert opened.sent(US, RIGA)[0].is_held
        assert opened.is_fresh(RIGA, "aa", 1)
        assert not opened.is_fresh(RIGA, "aa", 1)
        assert opened.verify().broken_at is None
