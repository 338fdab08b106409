"""Upgrades of a ledger's tables, one step a schema, run by Alembic when an older ledger is opened.

The number of a ledger's schema stands in its own `sargas_meta`, beside the tables, and is written
in the transaction that changes them: Alembic's table of versions is not used. A step never changes
once it is released, and says what it does in its own words, not with the tables of today.
"""

from __future__ import annotations

import threading
from importlib.resources import files

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

_turn = threading.Lock()
"""Alembic's `op` is one for the whole process."""


def steps() -> list[Script]:
    """List the steps from the oldest schema on; the revision of each is the schema it leads to."""
    place = files(__name__)
    scripts = ScriptDirectory(str(place), version_locations=[str(place / "versions")])
    return list(scripts.walk_revisions())[::-1]


def upgrade(connection: Connection, schema: str) -> None:
    """Upgrade a ledger's tables to the newest schema, in the transaction that is open.

    Args:
        connection: to the ledger, with the database's write lock.
        schema: the number that the ledger has.
    """
    with _turn, Operations.context(MigrationContext.configure(connection)):
        for step in steps():
            if int(step.revision) > int(schema):
                step.module.upgrade()
