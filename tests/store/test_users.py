"""Users, their sessions and tokens: who goes in, what ends it, and what is kept of secrets."""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.model.roles import ROLES, lesser, may
from sargas.model.time import DAY_MS, MINUTE_MS
from sargas.store import Home, passwords
from sargas.store.access import (
    IDLE_MS,
    SESSION_MOST_MS,
    TOKEN_PREFIX,
    TOKENS_MOST,
    TOUCH_MS,
    Access,
)
from sargas.store.users import By, login_of

WORDS = "sentry at the sound"
OTHER = "anchors hold in clay"
NOW_MS = 1_800_000_000_000
BY = By("root", 5, NOW_MS)


@pytest.fixture
def access(home: Home) -> Iterator[Access]:
    with Access(home) as opened:
        opened.add("Vita", WORDS, "admin", BY)
        opened.add("Jonas", WORDS, "officer", BY)
        yield opened


def enter(access: Access, name: str = "Jonas", password: str = WORDS, at_ms: int = NOW_MS) -> str:
    secret = access.log_in(name, password, t_ms=7, at_ms=at_ms)
    assert secret is not None
    return secret


def test_a_user_logs_in_by_name_and_password(access: Access) -> None:
    secret = enter(access, " JONAS ")
    who = access.session(secret, NOW_MS)
    assert who is not None
    assert (who.name, who.role, who.token) == ("Jonas", "officer", "")
    assert who.may("viewer")
    assert not who.may("supervisor")
    for name, password in (("Jonas", OTHER), ("Nobody", WORDS), ("", ""), ("Jonas", WORDS + " "),
                           ("Jonas\0", WORDS), ("\ud800", "\ud800")):  # fmt: skip
        assert access.log_in(name, password, t_ms=0, at_ms=NOW_MS) is None
    assert access.session("", NOW_MS) is None
    assert access.session(secret[:-1], NOW_MS) is None


def test_an_accent_is_the_same_letter_however_it_is_typed(access: Access) -> None:
    access.add("Žydrė", "budėtojas prie sąsiaurio", "viewer", BY)
    for form in ("NFC", "NFD"):
        name, words = (
            unicodedata.normalize(form, t) for t in ("Žydrė", "budėtojas prie sąsiaurio")
        )
        assert access.log_in(name, words, t_ms=0, at_ms=NOW_MS)


def test_of_passwords_sessions_and_tokens_only_hashes_are_kept(access: Access, home: Home) -> None:
    secret = enter(access)
    _, token = access.add_token("Jonas", "display", "viewer", BY)
    access.close()
    with sqlite3.connect(home.ledger_path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = [row[0] for row in db.execute("SELECT password FROM users")]
    db.close()
    assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in kept)
    assert len(set(kept)) == 2, "the same password has another salt"
    content = home.ledger_path.read_bytes()
    for one in (WORDS, secret, token, token.removeprefix(TOKEN_PREFIX)):
        assert one.encode() not in content
    assert secret != token
    assert len(secret) >= 43, "256 bits"
    assert b"Jonas" in content


@pytest.mark.parametrize(
    "what", ["role", "disable", "password", "logout", "idle", "absolute"],
)  # fmt: skip
def test_what_ends_a_session(access: Access, what: str) -> None:
    ended, others = enter(access), enter(access, "Vita")
    at_ms = NOW_MS + 1
    if what == "role":
        access.set_role("Jonas", "supervisor", BY)
    elif what == "disable":
        access.set_disabled("Jonas", BY, is_disabled=True)
        assert access.log_in("Jonas", WORDS, t_ms=0, at_ms=at_ms) is None
    elif what == "password":
        access.set_password("Jonas", OTHER, BY)
        assert access.log_in("Jonas", WORDS, t_ms=0, at_ms=at_ms) is None
        assert access.log_in("Jonas", OTHER, t_ms=0, at_ms=at_ms) is not None
    elif what == "logout":
        access.log_out(ended, t_ms=8, at_ms=at_ms)
        access.log_out(ended, t_ms=8, at_ms=at_ms)  # has ended: nothing is written
        assert [a.officer for a in access.lines(verbs=["logout"])] == ["Jonas"]
    elif what == "idle":
        at_ms = NOW_MS + IDLE_MS
        assert access.session(others, at_ms - 1) is not None
    else:
        at_ms = NOW_MS
        while (at_ms := at_ms + IDLE_MS // 2) < NOW_MS + SESSION_MOST_MS:
            assert access.session(ended, at_ms) is not None
        at_ms = NOW_MS + SESSION_MOST_MS
    assert access.session(ended, at_ms) is None
    if what != "absolute":
        assert access.session(others, at_ms) is not None


def test_enabled_again_a_user_has_to_log_in_again(access: Access) -> None:
    secret = enter(access)
    access.set_disabled("Jonas", BY, is_disabled=True)
    access.set_disabled("Jonas", BY, is_disabled=False)
    assert access.session(secret, NOW_MS) is None
    assert enter(access)


def test_who_is_disabled_gets_no_token_back(access: Access, home: Home) -> None:
    ids, secrets = zip(*(access.add_token("Jonas", n, "viewer", BY) for n in "ab"), strict=True)
    _, bound = access.add_token("Jonas", "map", "", BY, group="nato")
    _, other = access.add_token("Vita", "c", "viewer", BY)
    access.set_disabled("Jonas", BY, is_disabled=True)
    line = access.lines()[-1]
    assert line.verb == "disable_user"
    assert {token.id for token in ids} < set(line.detail["revoked"])
    assert len(line.detail["revoked"]) == 3
    access.set_disabled("Jonas", BY, is_disabled=False)
    assert "revoked" not in access.lines()[-1].detail
    for secret in (*secrets, bound):
        assert access.token(secret, NOW_MS) is None
    assert access.token(other, NOW_MS) is not None, "those of others stay"
    assert [token.user for token in access.tokens()] == ["Vita"]
    # By a sargas that left the tokens of who it disabled.
    _, old = access.add_token("Jonas", "d", "viewer", BY)
    with sqlite3.connect(home.ledger_path) as db:
        db.execute("UPDATE users SET disabled = 1 WHERE login = 'jonas'")
    db.close()
    access.set_disabled("Jonas", BY, is_disabled=False)
    assert access.token(old, NOW_MS) is None
    assert len(access.lines()[-1].detail["revoked"]) == 1


def test_another_password_revokes_the_tokens_unless_they_are_kept(access: Access) -> None:
    made, secret = access.add_token("Jonas", "a", "officer", BY)
    access.set_password("Jonas", OTHER, BY, keeps_tokens=True)
    assert access.token(secret, NOW_MS) is not None
    assert access.lines()[-1].detail == {"user": "Jonas"}
    access.set_password("Jonas", WORDS, BY)
    assert access.token(secret, NOW_MS) is None
    assert access.lines()[-1].detail == {"user": "Jonas", "revoked": [made.id]}
    assert access.verify().broken_at is None


def test_a_token_is_no_more_than_its_user(access: Access) -> None:
    with pytest.raises(UsageError, match="cannot be more"):
        access.add_token("Jonas", "x", "admin", BY)
    made, secret = access.add_token("Jonas", "export", "officer", BY)
    assert secret.startswith("sargas_")
    who = access.token(secret, NOW_MS)
    assert who is not None
    assert (who.name, who.role, who.token) == ("Jonas", "officer", made.id)
    access.set_role("Jonas", "viewer", BY)
    now = access.token(secret, NOW_MS)
    assert now is not None
    assert now.role == "viewer"
    access.set_role("Jonas", "admin", BY)
    then = access.token(secret, NOW_MS)
    assert then is not None
    assert then.role == "officer"
    access.set_disabled("Jonas", BY, is_disabled=True)
    assert access.token(secret, NOW_MS) is None
    with pytest.raises(UsageError, match="disabled"):
        access.add_token("Jonas", "y", "viewer", BY)


def test_a_token_ends_and_says_when_it_was_used(access: Access) -> None:
    made, secret = access.add_token("Jonas", "a", "viewer", BY, lasts_ms=DAY_MS)
    assert access.tokens()[0].used_ms == 0
    assert access.token(secret, made.expires_ms - 1) is not None
    assert access.tokens()[0].used_ms == made.expires_ms - 1
    assert access.token(secret, made.expires_ms) is None
    other, secret = access.add_token("Vita", "b", "viewer", BY)
    gone = access.revoke_token(other.id, BY)
    assert (gone.user, gone.name) == ("Vita", "b")
    assert access.token(secret, NOW_MS) is None
    with pytest.raises(NotFoundError):
        access.revoke_token(other.id, BY)
    for secret in ("", "sargas_", "sargas_" + "x" * 43, "Bearer"):
        assert access.token(secret, NOW_MS) is None
    for lasts_ms in (0, MINUTE_MS - 1, 367 * DAY_MS, -1):
        with pytest.raises(UsageError, match="lasts"):
            access.add_token("Vita", "c", "viewer", BY, lasts_ms=lasts_ms)
    with pytest.raises(UsageError, match="name"):
        access.add_token("Vita", "  ", "viewer", BY)


def test_tokens_are_bounded(access: Access) -> None:
    for n in range(TOKENS_MOST):
        access.add_token("Vita", f"t{n}", "viewer", BY)
    with pytest.raises(UsageError, match="Revoke some"):
        access.add_token("Vita", "one more", "viewer", BY)
    access.add_token("Vita", "later", "viewer", By("root", 5, NOW_MS + 400 * DAY_MS))
    assert len(access.tokens()) == 1, "what has expired is forgotten"


def test_the_last_admin_stays(access: Access) -> None:
    for change in (
        lambda: access.set_role("Vita", "viewer", BY),
        lambda: access.set_disabled("Vita", BY, is_disabled=True),
    ):
        with pytest.raises(UsageError, match="last admin"):
            change()
    access.set_role("Jonas", "admin", BY)
    access.set_role("Vita", "viewer", BY)
    assert [(u.name, u.role) for u in access.all()] == [("Jonas", "admin"), ("Vita", "viewer")]


@pytest.mark.parametrize(
    ("name", "password", "role", "what"),
    [
        ("", WORDS, "officer", "needs a name"),
        ("x" * 41, WORDS, "officer", "letters"),
        ("a\u202eb", WORDS, "officer", "cannot be seen"),
        ("two\nlines", WORDS, "officer", "one line"),
        ("VITA", WORDS, "officer", "already"),
        ("Ona", "short", "officer", "12 to 200"),
        ("Ona", "x" * 201, "officer", "12 to 200"),
        ("Ona", "aaaaaaaaaaaaaa", "officer", "guessed"),
        ("Ona Petraite", "ona petraite", "officer", "guessed"),
        ("Ona", WORDS, "root", "no role"),
    ],
)
def test_what_cannot_be_a_user_is_refused(
    access: Access, name: str, password: str, role: str, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        access.add(name, password, role, BY)
    assert len(access.all()) == 2
    assert access.last_seq() == 2


def test_every_change_is_a_line_of_the_log_without_a_secret(access: Access) -> None:
    access.set_role("Jonas", "supervisor", BY)
    access.set_role("Jonas", "supervisor", BY)  # nothing changes, nothing is written
    access.set_password("Jonas", OTHER, By("Vita", 6, NOW_MS))
    made, secret = access.add_token("Jonas", "display", "viewer", BY)
    access.revoke_token(made.id, BY)
    access.set_disabled("Jonas", BY, is_disabled=True)
    access.set_disabled("Jonas", BY, is_disabled=False)
    session = enter(access, "Jonas", OTHER)
    access.log_out(session, t_ms=8, at_ms=NOW_MS)
    lines = access.lines()
    assert [(line.officer, line.verb, line.t_ms) for line in lines] == [
        ("root", "add_user", 5), ("root", "add_user", 5), ("root", "change_role", 5),
        ("Vita", "set_password", 6), ("root", "add_token", 5), ("root", "revoke_token", 5),
        ("root", "disable_user", 5), ("root", "enable_user", 5), ("Jonas", "login", 7),
        ("Jonas", "logout", 8),
    ]  # fmt: skip
    assert lines[2].detail == {"user": "Jonas", "was": "officer", "role": "supervisor"}
    told = str([line.to_dict() for line in lines])
    for one in (WORDS, OTHER, secret, session, "argon2"):
        assert one not in told
    assert access.verify().broken_at is None


def test_an_unknown_user_takes_the_same_work(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher, worked = passwords._hasher(), []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(hasher, name)

        def verify(self, kept: str, password: str) -> bool:
            worked.append(kept.split("$")[3])
            return hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    for name in ("Jonas", "Nobody"):
        assert access.log_in(name, OTHER, t_ms=0, at_ms=NOW_MS) is None
    access.set_disabled("Jonas", BY, is_disabled=True)
    assert access.log_in("Jonas", WORDS, t_ms=0, at_ms=NOW_MS) is None
    assert worked == ["m=65536,t=3,p=4"] * 3


def test_a_hash_of_less_work_is_made_anew_at_login(access: Access, home: Home) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(WORDS)
    with sqlite3.connect(home.ledger_path) as db:
        db.execute("UPDATE users SET password = ? WHERE login = 'jonas'", (weak,))
    assert enter(access)
    with sqlite3.connect(home.ledger_path) as db:
        (kept,) = db.execute("SELECT password FROM users WHERE login = 'jonas'").fetchone()
    db.close()
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert enter(access)


def test_two_who_add_the_same_user_at_once_add_one(home: Home) -> None:
    done: list[str] = []
    together = threading.Barrier(4)

    def add() -> None:
        with Access(home) as access:
            together.wait(60)
            try:
                access.add("Vita", WORDS, "admin", BY)
                done.append("added")
            except UsageError:
                done.append("refused")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["added", "refused", "refused", "refused"]


@given(st.text(max_size=60))
def test_a_login_is_the_same_however_often_it_is_folded(name: str) -> None:
    assert login_of(login_of(name)) == login_of(name)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in login_of(name))


def test_roles_are_a_ladder() -> None:
    rungs = list(ROLES)
    assert rungs == ["viewer", "officer", "supervisor", "admin"]
    for i, one in enumerate(rungs):
        for j, other in enumerate(rungs):
            assert may(one, other) == (i >= j)
            assert lesser(one, other) == rungs[min(i, j)]


def test_users_are_in_a_backup(access: Access, home: Home, tmp_path: Path) -> None:
    from sargas.store.backup import back_up
    from sargas.store.restore import restore

    back_up(home, tmp_path / "b.tar", created="2026-01-01T00:00:00Z", version="0")
    restore(tmp_path / "b.tar", tmp_path / "again")
    with Access(Home(tmp_path / "again")) as again:
        assert [user.name for user in again.all()] == ["Jonas", "Vita"]
        assert enter(again)


def test_a_full_disk_keeps_nobody_out_who_is_logged_in(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = enter(access)
    _, token = access.add_token("Jonas", "display", "viewer", BY)

    def full(doing: str) -> None:
        raise StoreError(f"Cannot {doing}: database or disk is full.")

    monkeypatch.setattr(access, "_writing", full)
    later_ms = NOW_MS + 2 * TOUCH_MS
    assert access.session(secret, later_ms) is not None
    assert access.token(token, later_ms) is not None
    with pytest.raises(StoreError, match="full"):
        access.log_in("Jonas", WORDS, t_ms=0, at_ms=later_ms)


def test_evidence_holds_no_secret(access: Access, home: Home) -> None:
    from sargas.cli.gathering import gather
    from sargas.share.bundle import contents
    from sargas.store import Ledger
    from tests.store.alerts import make_alert

    alert = make_alert(0)
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [alert])
    secret = enter(access)
    _, token = access.add_token("Jonas", "display", "viewer", BY)
    told = b"".join(contents(gather(home, alert.id)).values())
    for one in (secret, token, WORDS, "argon2", "add_token"):
        assert one.encode() not in told
    assert alert.id.encode() in told


def test_users_are_kept_in_postgresql_too() -> None:
    from sqlalchemy import create_engine, text

    from tests.store.postgres import server

    with server() as address:
        admin = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE watch"))
        admin.dispose()
        with Access(address.format("watch")) as access:
            access.add("Vita", WORDS, "admin", BY)
            access.add("Jonas", WORDS, "officer", BY)
            assert access.log_in("Jonas\0\ud800", WORDS, t_ms=0, at_ms=NOW_MS) is None
            secret = enter(access)
            assert access.session(secret, NOW_MS + 2 * TOUCH_MS) is not None
            made, token = access.add_token("Jonas", "display", "officer", BY)
            assert access.token(token, NOW_MS + 2 * TOUCH_MS) is not None
            access.set_role("Jonas", "viewer", BY)
            assert access.session(secret, NOW_MS) is None
            who = access.token(token, NOW_MS)
            assert who is not None
            assert who.role == "viewer"
            access.revoke_token(made.id, BY)
            assert access.tokens() == []
            with pytest.raises(UsageError, match="last admin"):
                access.set_disabled("Vita", BY, is_disabled=True)
            assert access.verify().broken_at is None
