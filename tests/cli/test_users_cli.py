"""Users and tokens at the command line: told, logged, and never a password among the arguments."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from sargas.cli.home import person
from sargas.model.time import parse_iso
from sargas.store import AuditLog, Home, Ledger
from sargas.store.access import Access
from tests.store.alerts import make_alert

from .conftest import SARGAS, Call

WORDS = "sentry at the sound"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", [make_alert(0)])
    return home


def run(home: Home, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SARGAS, *words, "--home", home.path], input=stdin, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


def add(home: Home, name: str, role: str = "officer") -> subprocess.CompletedProcess[str]:
    return run(home, "users", "add", name, "--role", role, "--password-stdin", stdin=WORDS + "\n")


def typed(home: Home, words: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command on a terminal of its own and type what it asks for."""
    child, master = pty.fork()
    if child == 0:
        os.execv(SARGAS, [str(SARGAS), *words, "--home", str(home.path)])
    seen = b""
    for answer in answers:
        asked = seen.count(b": ")
        while seen.count(b": ") == asked:
            seen += os.read(master, 4096)
        os.write(master, answer.encode() + b"\n")
    try:
        while piece := os.read(master, 4096):
            seen += piece
    except OSError:
        pass  # the terminal's other end is closed
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()


def test_users_are_added_listed_and_changed(call: Call, home: Home) -> None:
    none = call("users", "list", "--home", home.path)
    assert (none.code, none.out) == (0, "")
    assert "There are no users" in none.err
    first = add(home, "Vita", "admin")
    assert first.returncode == 0, first.stderr
    assert first.stdout == ""
    assert "From now on the service asks" in first.stderr
    assert add(home, "Jonas").returncode == 0
    again = add(home, "jonas")
    assert again.returncode == 2
    assert "already" in again.stderr
    listed = call("users", "list", "--home", home.path)
    assert re.search(r"Jonas +officer +\S+Z +enabled", listed.out)
    role = call("users", "role", "jonas", "supervisor", "--home", home.path, "--json")
    assert role.rows[0]["role"] == "supervisor"
    assert call("users", "disable", "Jonas", "--home", home.path).code == 0
    rows = call("users", "list", "--home", home.path, "--json").rows
    assert [(r["name"], r["role"], r["disabled"]) for r in rows] == [
        ("Jonas", "supervisor", True), ("Vita", "admin", False)
    ]  # fmt: skip
    assert call("users", "enable", "Jonas", "--home", home.path).code == 0
    other = "anchors hold in clay"
    changed = run(home, "users", "password", "Jonas", "--password-stdin", stdin=other)
    assert changed.returncode == 0, changed.stderr
    with Access(home) as access:
        assert access.log_in("Jonas", other, t_ms=0, at_ms=0)
    log = call("audit", "list", "--home", home.path, "--json").rows
    assert [line["verb"] for line in log[:6]] == [
        "add_user", "add_user", "change_role", "disable_user", "enable_user", "set_password"
    ]  # fmt: skip
    assert {line["officer"] for line in log[:6]} == {person()}
    # At the newest event time that the home knows, as all that is done here.
    assert {parse_iso(line["t"]) for line in log[:6]} == {make_alert(0).t_issued_ms}
    assert WORDS not in str(log)


def test_what_is_refused_says_what_to_do(call: Call, home: Home) -> None:
    add(home, "Vita", "admin")
    for words, code, what in (
        (("users", "role", "Nobody", "viewer"), 5, "sargas users list"),
        (("users", "role", "Vita", "viewer"), 2, "last admin"),
        (("users", "disable", "Vita"), 2, "last admin"),
        (("users", "password", "Nobody", "--password-stdin"), 5, "no user"),
        (("tokens", "add", "Nobody", "x"), 5, "no user"),
        (("tokens", "add", "Vita", "x", "--lasts", "0h"), 2, "lasts"),
        (("tokens", "add", "Vita", "x", "--lasts", "2y"), 2, "8h or 7d"),
        (("tokens", "add", "Vita", "x", "--lasts", "2027-01-01T00:00"), 2, "time zone"),
        (("tokens", "revoke", "beef"), 5, "sargas tokens list"),
        (("users", "role", "Vita", "root"), 2, "root"),
    ):
        done = call(*words, "--home", home.path)
        assert done.code == code, (words, done.err)
        assert what in done.err
    short = run(home, "users", "add", "Ona", "--password-stdin", stdin="short\n")
    assert short.returncode == 2
    assert "12 to 200" in short.stderr
    blind = run(home, "users", "add", "Ona")
    assert blind.returncode == 2
    assert "--password-stdin" in blind.stderr
    with Access(home) as access:
        assert [user.name for user in access.all()] == ["Vita"]


def test_the_log_tells_people_who_was_added_as_what(call: Call, home: Home) -> None:
    add(home, "Vita", "admin")
    assert call("tokens", "add", "Vita", "wall", "--home", home.path).code == 0
    user, token = call("audit", "list", "--home", home.path).out.splitlines()[1:]
    assert "Vita; admin" in user
    assert "Vita; viewer" in token
    assert "wall" in token


def test_a_password_is_typed_twice_and_not_shown(home: Home) -> None:
    code, seen = typed(home, ["users", "add", "Vita", "--role", "admin"], [WORDS, WORDS])
    assert code == 0, seen
    assert WORDS not in seen
    code, seen = typed(home, ["users", "add", "Ona"], [WORDS, WORDS + "x"])
    assert code == 2
    assert "two different" in seen
    with Access(home) as access:
        assert [user.name for user in access.all()] == ["Vita"]
        assert access.log_in("Vita", WORDS, t_ms=0, at_ms=0)


def test_a_password_is_no_argument(call: Call, home: Home) -> None:
    for words in (("--password", WORDS), (WORDS,)):
        done = call("users", "add", "Vita", "--password-stdin", *words, "--home", home.path)
        assert done.code == 2
    with Access(home) as access:
        assert not access.any()


def test_a_token_is_shown_once(call: Call, home: Home) -> None:
    add(home, "Vita", "admin")
    made = call("tokens", "add", "Vita", "wall display", "--lasts", "7d", "--home", home.path)
    assert made.code == 0, made.err
    secret = made.out.strip()
    assert re.fullmatch(r"sargas_[\w-]{43}", secret)
    assert secret not in made.err
    other = call("tokens", "add", "Vita", "b", "--role", "admin", "--home", home.path, "--json")
    assert other.rows[0]["token"].startswith("sargas_")
    listed = call("tokens", "list", "--home", home.path)
    assert "wall display" in listed.out
    assert "sargas_" not in listed.out
    (row, _) = sorted(
        call("tokens", "list", "--home", home.path, "--json").rows,
        key=lambda r: r["role"] != "viewer",
    )
    assert (row["user"], row["role"], row["last_used"]) == ("Vita", "viewer", None)
    assert parse_iso(row["expires"]) - parse_iso(row["created"]) == 7 * 86_400_000
    gone = call("tokens", "revoke", row["id"], "--home", home.path)
    assert gone.code == 0
    assert row["id"] in gone.err
    assert len(call("tokens", "list", "--home", home.path, "--json").rows) == 1
    with AuditLog(home) as log:
        assert secret not in str([line.to_dict() for line in log.lines()])


def test_a_token_of_a_group_is_listed_logged_and_revoked(call: Call, home: Home) -> None:
    add(home, "Vita", "admin")
    words = ("tokens", "add", "Vita", "map of a partner", "--home", home.path)
    made = call(*words, "--group", "nato")
    assert made.code == 0, made.err
    secret = made.out.strip()
    assert "/ogc for nato" in made.err
    for more, code, what in (
        (("--group", "nato", "--role", "viewer"), 2, "in place of --role"),
        (("--group", "natoo"), 5, "no release group"),
        (("--group", ""), 5, "no release group"),
    ):
        refused = call(*words, *more)
        assert (refused.code, refused.out) == (code, ""), refused.err
        assert what in refused.err
    (row,) = call("tokens", "list", "--home", home.path, "--json").rows
    assert (row["user"], row["group"], row["role"]) == ("Vita", "nato", None)
    assert "/ogc for nato" in call("tokens", "list", "--home", home.path).out
    with Access(home) as access:
        who = access.token(secret, parse_iso(row["created"]))
        assert who is not None
        assert (who.group, who.may("viewer")) == ("nato", False)
    assert call("tokens", "revoke", row["id"], "--home", home.path).code == 0
    with Access(home) as access:
        made_line, gone = access.lines()[1:]
        assert (made_line.verb, gone.verb) == ("add_token", "revoke_token")
        assert made_line.detail == {
            "user": "Vita", "token": row["id"], "name": "map of a partner", "group": "nato"
        }  # fmt: skip
        assert access.token(secret, parse_iso(row["created"])) is None


def test_tokens_go_with_the_password_unless_they_are_kept(call: Call, home: Home) -> None:
    add(home, "Vita", "admin")
    add(home, "Jonas")
    made = call("tokens", "add", "Jonas", "export", "--home", home.path)
    listed = ("tokens", "list", "--home", home.path, "--json")
    (row,) = call(*listed).rows
    words = ("users", "password", "Jonas", "--password-stdin")
    kept = run(home, *words, "--keep-tokens", stdin="anchors hold in clay")
    assert kept.returncode == 0, kept.stderr
    assert "Revoked" not in kept.stderr
    assert call(*listed).rows == [row]
    gone = run(home, *words, stdin="anchors drag in clay")
    assert gone.returncode == 0, gone.stderr
    assert f"Revoked with it: 1 token ({row['id']})" in gone.stderr
    assert call(*listed).rows == []
    with Access(home) as access:
        assert access.token(made.out.strip(), parse_iso(row["created"])) is None
    call("tokens", "add", "Jonas", "again", "--home", home.path)
    left = call("users", "disable", "Jonas", "--home", home.path)
    assert "Revoked with it: 1 token" in left.err
    assert "Revoked" not in call("users", "enable", "Jonas", "--home", home.path).err
    assert call(*listed).rows == []


def test_the_first_user_makes_the_home(tmp_path: Path) -> None:
    done = subprocess.run(
        [SARGAS, "users", "add", "Vita", "--role", "officer", "--password-stdin", "--home",
         tmp_path / "new"], input=WORDS, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "new") in done.stderr
    assert "No user is admin" in done.stderr
    with Access(Home(tmp_path / "new", create=False)) as access:
        assert access.user("vita").role == "officer"
