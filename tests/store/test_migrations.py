"""Ledgers of older schemas: upgraded when opened, with every row, to exactly today's tables."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from sargas.errors import StateVersionError, StoreError
from sargas.store import AuditLog, Home, Ledger, migrations, tables
from sargas.store.access import Access
from sargas.store.audit import Seen
from sargas.store.backup import back_up
from sargas.store.restore import restore
from sargas.store.users import By
from sargas.store.verify_ledger import check_ledger
from tests.store.alerts import make_alert
from tests.store.postgres import server
from tests.store.rows import T0_MS

BLOB = {"sqlite": "BLOB", "postgresql": "BYTEA"}
SCHEMA_1 = """
CREATE TABLE sargas_meta (name VARCHAR(40) NOT NULL, value VARCHAR(200) NOT NULL,
    PRIMARY KEY (name));
CREATE TABLE alerts (id VARCHAR(64) NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    state VARCHAR(20) NOT NULL, priority VARCHAR(4) NOT NULL, detector VARCHAR(40) NOT NULL,
    domain VARCHAR(8) NOT NULL, mmsi BIGINT NOT NULL, t_start_ms BIGINT NOT NULL,
    t_detected_ms BIGINT NOT NULL, t_issued_ms BIGINT NOT NULL, exercise TEXT,
    PRIMARY KEY (id, version));
CREATE INDEX alerts_by_issue ON alerts (t_issued_ms);
CREATE INDEX alerts_by_vessel ON alerts (domain, mmsi);
CREATE TABLE suppressions (id VARCHAR(64) NOT NULL, version INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL, PRIMARY KEY (id, version, name));
CREATE TABLE checkpoints (source VARCHAR(400) NOT NULL, source_offset BIGINT NOT NULL,
    state {blob} NOT NULL, state_version INTEGER NOT NULL, applied TEXT NOT NULL,
    PRIMARY KEY (source));
CREATE TABLE counters (run VARCHAR(200) NOT NULL, source VARCHAR(400) NOT NULL,
    reason VARCHAR(200) NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (run, source, reason));
"""
SCHEMA_2 = """
CREATE TABLE audit_log (seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, t_ms BIGINT NOT NULL,
    officer VARCHAR(80) NOT NULL, verb VARCHAR(20) NOT NULL, alert VARCHAR(64) NOT NULL,
    version INTEGER NOT NULL, batch BIGINT NOT NULL, old VARCHAR(20) NOT NULL,
    new VARCHAR(20) NOT NULL, detail TEXT NOT NULL, hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (seq));
CREATE INDEX audit_log_by_alert ON audit_log (alert);
"""
SCHEMA_3 = """
CREATE TABLE users (login VARCHAR(120) NOT NULL, name VARCHAR(40) NOT NULL,
    password VARCHAR(200) NOT NULL, role VARCHAR(12) NOT NULL, disabled INTEGER NOT NULL,
    created_ms BIGINT NOT NULL, PRIMARY KEY (login));
CREATE TABLE sessions (hash VARCHAR(64) NOT NULL, login VARCHAR(120) NOT NULL,
    created_ms BIGINT NOT NULL, seen_ms BIGINT NOT NULL, PRIMARY KEY (hash));
CREATE INDEX sessions_by_login ON sessions (login);
CREATE TABLE tokens (id VARCHAR(16) NOT NULL, hash VARCHAR(64) NOT NULL,
    login VARCHAR(120) NOT NULL, name VARCHAR(60) NOT NULL, role VARCHAR(12) NOT NULL,
    created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
    PRIMARY KEY (id));
CREATE UNIQUE INDEX tokens_by_hash ON tokens (hash);
"""
SCHEMA_4 = """
CREATE TABLE peers (name VARCHAR(30) NOT NULL, instance VARCHAR(32) NOT NULL,
    key VARCHAR(64) NOT NULL, url TEXT NOT NULL, release_group VARCHAR(40) NOT NULL,
    trusted INTEGER NOT NULL, allow_private INTEGER NOT NULL, ca TEXT NOT NULL,
    created_ms BIGINT NOT NULL, PRIMARY KEY (name));
CREATE UNIQUE INDEX peers_by_instance ON peers (instance);
CREATE TABLE sent_bundles (origin VARCHAR(32) NOT NULL, recipient VARCHAR(32) NOT NULL,
    sequence BIGINT NOT NULL, previous BIGINT NOT NULL, hash VARCHAR(64) NOT NULL,
    created_ms BIGINT NOT NULL, held INTEGER NOT NULL, told TEXT NOT NULL,
    PRIMARY KEY (origin, recipient, sequence));
CREATE TABLE partner_bundles (origin VARCHAR(32) NOT NULL, recipient VARCHAR(32) NOT NULL,
    sequence BIGINT NOT NULL, hash VARCHAR(64) NOT NULL, whole INTEGER NOT NULL,
    created_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (origin, recipient, sequence));
CREATE TABLE partner_alerts (origin VARCHAR(32) NOT NULL, id VARCHAR(64) NOT NULL,
    version INTEGER NOT NULL, origin_name VARCHAR(40) NOT NULL, body TEXT NOT NULL, exercise TEXT,
    t_issued_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL, bundle VARCHAR(64) NOT NULL,
    PRIMARY KEY (origin, id, version));
CREATE TABLE partner_nonces (instance VARCHAR(32) NOT NULL, nonce VARCHAR(64) NOT NULL,
    at_ms BIGINT NOT NULL, PRIMARY KEY (instance, nonce));
"""
"""The tables as they were released, frozen here: not made by the code of today."""
PARTS = (SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4)
DDL = {str(n): PARTS[:n] for n in range(1, len(PARTS) + 1)}
OLD_TABLES = {
    "1": ("alerts", "suppressions", "checkpoints", "counters"),
    "2": ("alerts", "suppressions", "checkpoints", "counters", "audit_log"),
    "3": (
        "alerts",
        "suppressions",
        "checkpoints",
        "counters",
        "audit_log",
        "users",
        "sessions",
        "tokens",
    ),
}
OLD_TABLES["4"] = (
    *OLD_TABLES["3"], "peers", "sent_bundles", "partner_bundles", "partner_alerts",
    "partner_nonces",
)  # fmt: skip


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Gives the address of an empty database, by a name."""
    if request.param == "sqlite":
        return lambda name: f"sqlite:///{tmp_path}/{name}.db"
    address = request.getfixturevalue("postgres")

    def made(name: str) -> str:
        admin = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        admin.dispose()
        return address.format(name)

    return made


def rows_of(url: str, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a schema's tables, by the columns that they had then."""
    engine, found = create_engine(url), {}
    with engine.connect() as connection:
        for name in OLD_TABLES[schema]:
            rows = connection.execute(text(f"SELECT {', '.join(columns_of(name))} FROM {name}"))
            found[name] = sorted(tuple(row) for row in rows)
    engine.dispose()
    return found


def columns_of(name: str) -> list[str]:
    """The columns that a table had first, as its DDL has them."""
    (body,) = re.findall(rf"CREATE TABLE {name} \((.*?),\s+PRIMARY KEY", "".join(PARTS), re.DOTALL)
    return [part.split()[0] for part in body.split(",")]


def shape_of(url: str) -> dict[str, Any]:
    """Everything that the database says of its tables."""
    engine = create_engine(url)
    asked = inspect(engine)
    shape = {}
    for name in sorted(asked.get_table_names()):
        shape[name] = {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c.get("default"))
                for c in asked.get_columns(name)
            ],
            "key": asked.get_pk_constraint(name)["constrained_columns"],
            "indexes": sorted((i["name"], i["unique"], tuple(i["column_names"]))
                              for i in asked.get_indexes(name)),
            "unique": sorted(tuple(u["column_names"]) for u in asked.get_unique_constraints(name)),
            "foreign": asked.get_foreign_keys(name),
        }  # fmt: skip
    engine.dispose()
    return shape


def make_old(url: str, filled: str, schema: str) -> None:
    """Build a ledger of an older schema with the rows of one that is filled."""
    engine, source = create_engine(url), create_engine(filled)
    blob = BLOB[engine.dialect.name]
    with engine.begin() as connection, source.connect() as old:
        for statement in "".join(DDL[schema]).format(blob=blob).split(";"):
            if statement.strip():
                connection.execute(text(statement))
        for name in OLD_TABLES[schema]:
            told = text(f"SELECT {', '.join(columns_of(name))} FROM {name}")
            for row in old.execute(told).mappings():
                names = ", ".join(row)
                places = ", ".join(f":{key}" for key in row)
                statement = text(f"INSERT INTO {name} ({names}) VALUES ({places})")
                connection.execute(statement, dict(row))
        connection.execute(text("INSERT INTO sargas_meta VALUES ('schema', :n)"), {"n": schema})
    engine.dispose()
    source.dispose()


USERS = """
INSERT INTO users VALUES ('jonas', 'Jonas', '$argon2id$x', 'admin', 0, 5);
INSERT INTO sessions VALUES ('0a', 'jonas', 5, 6);
INSERT INTO tokens (id, hash, login, name, role, created_ms, expires_ms, used_ms)
    VALUES ('t1', '0b', 'jonas', 'a program', 'viewer', 5, 7, 0);
INSERT INTO peers VALUES ('riga', 'i1', 'k1', '', 'nato', 1, 0, '', 5);
INSERT INTO sent_bundles VALUES ('o', 'i1', 1, 0, 'h', 5, 1, '{}');
INSERT INTO partner_bundles VALUES ('i1', 'o', 1, 'h', 1, 5, 6, 2);
INSERT INTO partner_alerts VALUES ('i1', 'x1', 1, 'Riga', '{}', NULL, 5, 6, 'h');
INSERT INTO partner_nonces VALUES ('i1', 'n1', 5)
"""


def fill(url: str) -> None:
    with Ledger(url) as ledger:
        alerts = [make_alert(n, muted_by=("port",) if n == 1 else ()) for n in range(3)]
        ledger.commit("day.csv", 7, b"\x00state\xff", alerts, {"sog_missing": 2})
    with AuditLog(url) as log:
        for n, verb in enumerate(("acknowledge", "comment")):
            log.act(verb, "Ž. Petraitis", [Seen(make_alert(0).id)], t_ms=T0_MS + 10**9 + n,
                    at_ms=n, said={"comment": "Ąžuolas <b>"})  # fmt: skip
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in USERS.split(";"):
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("schema", sorted(DDL))
def test_an_older_ledger_is_upgraded_with_every_row(
    fresh: Callable[[str], str], schema: str
) -> None:
    new, old = fresh("new"), fresh("old")
    fill(new)
    make_old(old, new, schema)
    before = rows_of(old, schema)
    assert all(before.values())
    with Ledger(old) as ledger, AuditLog(old) as log:
        assert len(ledger.alerts()) == 3
        assert log.verify().broken_at is None
        assert log.verify().lines == (0 if schema == "1" else 2)
        log.start_watch("V.P.", t_ms=1, at_ms=1)
        assert log.last_seq() == (1 if schema == "1" else 3)
    after = rows_of(old, schema)
    after.get("audit_log", [])[-1:] = []  # the line that was added
    assert after == before
    assert shape_of(old) == shape_of(new)
    for url in (old, new):
        engine = create_engine(url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, tables.metadata) == []
            found = connection.scalar(text("SELECT value FROM sargas_meta WHERE name = 'schema'"))
            assert found == str(tables.SCHEMA_VERSION)
        engine.dispose()


def test_the_steps_lead_from_the_oldest_schema_to_that_of_today() -> None:
    numbers = [int(step.revision) for step in migrations.steps()]
    assert numbers == list(range(2, tables.SCHEMA_VERSION + 1))
    assert sorted(map(int, tables.OLDER)) == list(range(1, tables.SCHEMA_VERSION))
    for schema, names in OLD_TABLES.items():
        assert tables.tables_of(schema) == {"sargas_meta", *names}


def test_many_openers_upgrade_once(fresh: Callable[[str], str]) -> None:
    new, old = fresh("new"), fresh("old")
    fill(new)
    make_old(old, new, "1")
    failed: list[BaseException] = []
    together = threading.Barrier(6)

    def opens() -> None:
        try:
            together.wait(60)
            with Ledger(old) as ledger:
                assert len(ledger.alerts()) == 3
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=opens) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert shape_of(old) == shape_of(new)


def test_an_opener_waits_for_another_that_writes_to_a_new_file(tmp_path: Path) -> None:
    # SQLite refuses the switch to its write-ahead log at once then, whatever its timeout.
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.5, other.execute, ("COMMIT",))
    ends.start()
    with Ledger(f"sqlite:///{path}") as ledger:
        assert ledger.alerts() == []
    ends.join()
    other.close()


def test_openers_in_other_processes_upgrade_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    fill(f"sqlite:///{home.ledger_path}")
    new = f"sqlite:///{tmp_path}/old.db"
    make_old(new, f"sqlite:///{home.ledger_path}", "2")
    code = "import sys; from sargas.store import Ledger; print(len(Ledger(sys.argv[1]).alerts()))"
    going = [
        subprocess.Popen([sys.executable, "-c", code, new], stdout=-1, stderr=-1) for _ in range(3)
    ]
    for process in going:
        out, err = process.communicate(timeout=120)
        assert (out.strip(), process.returncode) == (b"3", 0), err.decode()


def test_a_step_that_fails_leaves_the_ledger_as_it_was(
    fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = fresh("new"), fresh("old")
    fill(new)
    make_old(old, new, "1")
    before = shape_of(old), rows_of(old, "1")
    real = migrations.upgrade

    def fails(*given: Any) -> None:
        real(*given)
        raise RuntimeError("power")

    monkeypatch.setattr(migrations, "upgrade", fails)
    with pytest.raises(RuntimeError, match="power"):
        Ledger(old)
    assert (shape_of(old), rows_of(old, "1")) == before
    monkeypatch.undo()
    with Ledger(old) as ledger:
        assert len(ledger.alerts()) == 3


def test_a_newer_ledger_and_one_with_a_hole_are_refused(fresh: Callable[[str], str]) -> None:
    newer = fresh("newer")
    fill(newer)
    engine = create_engine(newer)
    more = {"n": str(tables.SCHEMA_VERSION + 1)}
    with engine.begin() as connection:
        connection.execute(text("UPDATE sargas_meta SET value = :n WHERE name = 'schema'"), more)
    with pytest.raises(StateVersionError, match=f"reads schema {tables.SCHEMA_VERSION}"):
        Ledger(newer)
    with engine.begin() as connection:
        connection.execute(text("UPDATE sargas_meta SET value = '2' WHERE name = 'schema'"))
        connection.execute(text("DROP TABLE audit_log"))
    engine.dispose()
    with pytest.raises(StoreError, match="lacks audit_log"):
        Ledger(newer)


@pytest.mark.parametrize("schema", ["2", "4"])
def test_an_older_home_is_backed_up_as_it_is_and_upgraded_once_restored(
    tmp_path: Path, schema: str
) -> None:
    home = Home(tmp_path / "home")
    fill(f"sqlite:///{tmp_path}/new.db")
    make_old(f"sqlite:///{home.ledger_path}", f"sqlite:///{tmp_path}/new.db", schema)
    assert check_ledger(home.ledger_path).findings == []
    back_up(home, tmp_path / "b.tar", created="2026-01-01T00:00:00Z", version="0")
    with sqlite3.connect(home.ledger_path) as db:
        assert db.execute("SELECT value FROM sargas_meta").fetchone() == (schema,)
    db.close()
    assert restore(tmp_path / "b.tar", tmp_path / "again").findings == []
    with AuditLog(Home(tmp_path / "again")) as log:
        assert log.verify().lines == 2


def test_tokens_of_an_older_ledger_are_bound_to_no_group(fresh: Callable[[str], str]) -> None:
    new, old = fresh("new"), fresh("old")
    fill(new)
    make_old(old, new, "4")
    with Access(old) as access:
        (token,) = access.tokens()
        assert (token.id, token.role, token.group) == ("t1", "viewer", "")
        by = By("root", 5, 6)
        made, secret = access.add_token("Jonas", "map", "", by, group="nato")
        who = access.token(secret, 7)
        assert who is not None
        assert (who.group, who.token, who.may("viewer")) == ("nato", made.id, False)


def test_a_ledger_of_today_is_opened_without_alembic(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/a.db")
    code = (
        "import sys, json; from sargas.store import Ledger; Ledger(sys.argv[1]).alerts();"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules} & {'alembic', 'mako'})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{tmp_path}/a.db"], capture_output=True, check=True
    )
    assert json.loads(done.stdout) == []
