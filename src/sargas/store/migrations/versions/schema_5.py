"""Schema 5: tokens that are bound to a release group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add to a token the group that it is bound to; those that are there are bound to none."""
    op.add_column("tokens", sa.Column("release_group", sa.String(40)))
