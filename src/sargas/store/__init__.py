"""What is kept: fixes as Parquet shards, alerts and checkpoints in the ledger, and questions.

Importing this package loads neither DuckDB, SQLAlchemy nor pyarrow; the names below do so when
they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sargas.store.audit import AuditLog as AuditLog
    from sargas.store.home import Home as Home
    from sargas.store.ledger import Ledger as Ledger
    from sargas.store.merging import compact as compact
    from sargas.store.query import Archive as Archive
    from sargas.store.shards import ShardWriter as ShardWriter
    from sargas.store.shards import read_day as read_day
    from sargas.store.shards import read_statics_day as read_statics_day

_PLACES = {
    "Archive": "query",
    "AuditLog": "audit",
    "Home": "home",
    "Ledger": "ledger",
    "ShardWriter": "shards",
    "compact": "merging",
    "read_day": "shards",
    "read_statics_day": "shards",
}
__all__ = [
    "Archive",
    "AuditLog",
    "Home",
    "Ledger",
    "ShardWriter",
    "compact",
    "read_day",
    "read_statics_day",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class or a function
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
