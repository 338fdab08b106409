"""What a home holds: the rows of one exercise, or real traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sargas.store.ledger import Ledger

KIND = "kind"
"""Checkpoint of a home that names the exercise it holds; empty for real traffic."""


def kind_of(ledger: Ledger) -> str | None:
    """Name the exercise a home holds; empty for real traffic, None where nothing is noted."""
    found = ledger.checkpoint(KIND)
    return None if found is None else found.state.decode()
