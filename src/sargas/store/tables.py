"""The ledger's tables, in SQL that SQLite and PostgreSQL both speak, and how they are opened.

Nothing here is of one database but `open_engine`: SQLite is told to keep a write-ahead log (readers
never wait), to bring each commit to the disk, and to take the write lock when a commit begins.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from sargas.errors import SargasError, StateVersionError, StoreError, UsageError
from sargas.store.home import Home

SCHEMA_VERSION = 5
"""Number of the tables below; a change of them is a step in `migrations/` and one more here."""
_FIRST = frozenset({"sargas_meta", "alerts", "suppressions", "checkpoints", "counters"})
_SECOND = _FIRST | {"audit_log"}
_THIRD = _SECOND | {"users", "sessions", "tokens"}
_FOURTH = _THIRD | {"peers", "sent_bundles", "partner_bundles", "partner_alerts", "partner_nonces"}
OLDER = {"1": _FIRST, "2": _SECOND, "3": _THIRD, "4": _FOURTH}
"""Schemas that opening a ledger upgrades, and the tables that each of them had."""
WAIT_S = 30
"""How long a commit waits for another one to end (chosen: commits take milliseconds)."""

_OPENING = 0x5A26A5
"""PostgreSQL's advisory lock under which tables are made: any number that is ours."""

WRITING = {"sargas_writing": True}
"""Execution option of a connection whose transaction will write."""

metadata = MetaData()
meta = Table(
    "sargas_meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)
alerts = Table(
    "alerts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("priority", String(4), nullable=False),
    Column("detector", String(40), nullable=False),
    Column("domain", String(8), nullable=False),
    Column("mmsi", BigInteger, nullable=False),
    Column("t_start_ms", BigInteger, nullable=False),
    Column("t_detected_ms", BigInteger, nullable=False),
    Column("t_issued_ms", BigInteger, nullable=False),
    Column("exercise", Text),
    Index("alerts_by_issue", "t_issued_ms"),
    Index("alerts_by_vessel", "domain", "mmsi"),
)
suppressions = Table(
    "suppressions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", String(200), primary_key=True),
)
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("source", String(400), primary_key=True),
    Column("source_offset", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("applied", Text, nullable=False),
)
counters = Table(
    "counters",
    metadata,
    Column("run", String(200), primary_key=True),
    Column("source", String(400), primary_key=True),
    Column("reason", String(200), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("officer", String(80), nullable=False),
    Column("verb", String(20), nullable=False),
    Column("alert", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("old", String(20), nullable=False),
    Column("new", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_log_by_alert", "alert"),
)
users = Table(
    "users",
    metadata,
    Column("login", String(120), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("password", String(200), nullable=False),
    Column("role", String(12), nullable=False),
    Column("disabled", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("login", String(120), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Index("sessions_by_login", "login"),
)
tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("login", String(120), nullable=False),
    Column("name", String(60), nullable=False),
    Column("role", String(12), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("release_group", String(40)),
    Index("tokens_by_hash", "hash", unique=True),
)
peers = Table(
    "peers",
    metadata,
    Column("name", String(30), primary_key=True),
    Column("instance", String(32), nullable=False),
    Column("key", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("release_group", String(40), nullable=False),
    Column("trusted", Integer, nullable=False),
    Column("allow_private", Integer, nullable=False),
    Column("ca", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("peers_by_instance", "instance", unique=True),
)
sent_bundles = Table(
    "sent_bundles",
    metadata,
    Column("origin", String(32), primary_key=True),
    Column("recipient", String(32), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("held", Integer, nullable=False),
    Column("told", Text, nullable=False),
)
partner_bundles = Table(
    "partner_bundles",
    metadata,
    Column("origin", String(32), primary_key=True),
    Column("recipient", String(32), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("whole", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
)
partner_alerts = Table(
    "partner_alerts",
    metadata,
    Column("origin", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("origin_name", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("exercise", Text),
    Column("t_issued_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("bundle", String(64), nullable=False),
)
partner_nonces = Table(
    "partner_nonces",
    metadata,
    Column("instance", String(32), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)


def address_of(where: Home | str) -> str | URL:
    """Give the address of a home's ledger, or the one that was given."""
    if isinstance(where, Home):  # not as text: a path may hold ? or #
        return URL.create("sqlite", database=str(where.ledger_path))
    return where


def open_engine(url: str | URL) -> Engine:
    """Connect to a ledger and make its tables if there are none.

    Args:
        url: a SQLAlchemy URL, `sqlite:///...` or `postgresql+psycopg://...`.

    Raises:
        UsageError: the URL cannot be read, or its driver is not installed.
        StoreError: the database does not answer, is full, or holds something else.
        StateVersionError: the tables are of another version.
    """
    sqlite = str(url).startswith("sqlite")
    options: dict[str, Any] = {"connect_args": {"timeout": WAIT_S}} if sqlite else {}
    try:
        engine = create_engine(url, pool_pre_ping=not sqlite, **options)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            f"The ledger's address cannot be used: {error}.",
            hint="Write sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME with psycopg.",
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _check(engine)
    except DBAPIError as error:
        engine.dispose()
        raise refused(error, engine, "open the ledger") from error
    except SargasError:
        engine.dispose()
        raise
    return engine


def refused(error: DBAPIError, engine: Engine, doing: str) -> SargasError:
    """Say in plain words why the database refused; for `raise ... from error`."""
    reason = " ".join(str(error.orig).split()).rstrip(".?") or type(error.orig).__name__
    hints = {
        "locked": "Another process holds the ledger; wait, or stop it.",
        "full": "Free some space, then run it again; what was committed stands.",
        "unable to open": "Check that the directory is there and who owns it.",
        "readonly": "Check who owns the file, or name another --home.",
        "not a database": "Move the file away; alerts come again from a scan of the archives.",
        "malformed": "Move the file away; alerts come again from a scan of the archives.",
    }
    hint = next((text for word, text in hints.items() if word in reason), "")
    return StoreError(f"Cannot {doing}: {reason}.", where=place(engine), hint=hint)


def place(engine: Engine) -> str:
    """Name the database without its password."""
    url = engine.url
    return url.database or "memory" if url.drivername == "sqlite" else url.render_as_string()


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401 - of the driver
    """Switch the driver's own transactions off and the write-ahead log on."""
    connection.isolation_level = None
    _switch_to_wal(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: Any) -> None:  # noqa: ANN401 - of the driver
    """Switch the write-ahead log on; of a new or restored file all who open it do so at once.

    Where others are at it SQLite refuses without the wait that its timeout promises.
    """
    until_s = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until_s:
                raise
        time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """Begin; a writer takes the lock at once, so that what it has read stays true."""
    writing = connection.get_execution_options().get("sargas_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def tables_of(schema: str) -> frozenset[str]:
    """Name the tables of a schema; empty for one that this sargas does not know.

    Example:
        >>> "audit_log" in tables_of("1"), "audit_log" in tables_of("2"), tables_of("0")
        (False, True, frozenset())
    """
    if schema == str(SCHEMA_VERSION):
        return frozenset(metadata.tables)
    return OLDER.get(schema, frozenset())


def _check(engine: Engine) -> None:
    """Make the tables of an empty database, and upgrade those of an older schema."""
    with engine.connect() as connection:
        if _is_of_today(connection):
            return
    with engine.connect().execution_options(**WRITING) as connection, connection.begin():
        if engine.dialect.name == "postgresql":  # SQLite has given us its write lock
            connection.execute(select(func.pg_advisory_xact_lock(_OPENING)))
        found = _schema_of(connection, engine)  # another process may have been first
        if found == "":
            metadata.create_all(connection)
        elif found != str(SCHEMA_VERSION):
            from sargas.store.migrations import upgrade  # Alembic is for older ledgers alone

            upgrade(connection, found)
        else:
            return
        connection.execute(delete(meta).where(meta.c.name == "schema"))
        row = {"name": "schema", "value": str(SCHEMA_VERSION)}
        connection.execute(insert(meta).values(row))


def _is_of_today(connection: Connection) -> bool:
    """Tell a ledger that can be used as it is; another process may be at its tables just now."""
    if not set(metadata.tables) <= set(inspect(connection).get_table_names()):
        return False
    found = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
    return bool(found == str(SCHEMA_VERSION))


def _schema_of(connection: Connection, engine: Engine) -> str:
    """Read the schema of a ledger, empty for an empty database; refuse anything else.

    To be asked with the write lock: between two questions nobody changes a table.
    """
    names = set(inspect(connection).get_table_names())
    if meta.name not in names:
        if names & set(metadata.tables):
            raise StoreError(
                "The database has tables of our names, but is no ledger of sargas.",
                where=place(engine),
                hint="Name another database.",
            )
        return ""
    found = str(connection.scalar(select(meta.c.value).where(meta.c.name == "schema")))
    needed = tables_of(found)
    if not needed:
        raise StateVersionError(
            f"The ledger has schema {found}; this sargas reads schema {SCHEMA_VERSION}.",
            where=place(engine),
            hint="Use the sargas that made it, or start a new home.",
        )
    if missing := sorted(needed - names):
        raise StoreError(
            f"The ledger has schema {found} but lacks {', '.join(missing)}.",
            where=place(engine),
            hint="Restore the newest backup that is whole with 'sargas restore'.",
        )
    return found
