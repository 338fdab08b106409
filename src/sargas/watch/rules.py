"""Thresholds: read from `rules.toml`, each with its unit and source; a user's file lies over it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from sargas.errors import InputError, UsageError

LARGEST = 1e9
"""No threshold is larger; the kernels count some of them in milliseconds."""


@dataclass(frozen=True)
class Threshold:
    """One number of a rule: its value, unit and where it comes from."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Rules:
    """Every threshold by detector and name."""

    tables: dict[str, dict[str, Threshold]]

    def __getitem__(self, detector: str) -> dict[str, float]:
        """Give a detector's values by name."""
        return {name: t.value for name, t in self.tables[detector].items()}

    @cached_property
    def version(self) -> str:
        """Name the values: 12 hexadecimal digits, the same for equal numbers."""
        values = {d: {n: t.value for n, t in table.items()} for d, table in self.tables.items()}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def load_rules(overlay: Path | None = None) -> Rules:
    """Read the shipped rules, and a file of the user's over them.

    Args:
        overlay: TOML with the same tables; `name = 3.0` or `name = {value = 3.0, ...}` replaces a
            shipped value. Names that the shipped file does not know are refused.

    Raises:
        InputError: the file cannot be read or is not TOML.
        UsageError: an unknown table or name, or a value that is not a number.

    Example:
        >>> load_rules()["drag_onset"]["min_speed_kn"]
        5.0
    """
    shipped = tomllib.loads(resources.files("sargas.watch").joinpath("rules.toml").read_text())
    tables = {
        detector: {name: Threshold(float(e["value"]), e["unit"], e["source"])
                   for name, e in table.items()}
        for detector, table in shipped.items()
    }  # fmt: skip
    if overlay is not None:
        _lay_over(tables, _read(overlay), str(overlay))
    return Rules(tables)


def _read(path: Path) -> dict[str, Any]:
    """Read the user's file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The rules cannot be read: {error.strerror}.", where=str(path)) from error
    # A number of thousands of digits is a plain ValueError; so are the other two.
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The rules are not TOML: {error}.",
            where=str(path),
            hint="See the shipped rules.toml for the form.",
        ) from error


def _lay_over(tables: dict[str, dict[str, Threshold]], user: dict[str, Any], where: str) -> None:
    """Replace shipped values by the user's, refusing what the shipped file does not know."""
    for detector, table in user.items():
        if detector not in tables or not isinstance(table, dict):
            raise UsageError(
                f"There is no rule table '{detector}'.",
                where=where,
                hint=f"Known: {', '.join(sorted(tables))}.",
            )
        for name, entry in table.items():
            old = tables[detector].get(name)
            if old is None:
                raise UsageError(
                    f"[{detector}] has no threshold '{name}'.",
                    where=where,
                    hint=f"Known: {', '.join(sorted(tables[detector]))}.",
                )
            value = entry.get("value") if isinstance(entry, dict) else entry
            # Not a NaN, nor endless: neither is at most the largest.
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not abs(value) <= LARGEST
            ):
                raise UsageError(f"[{detector}] {name} is not a number: {value!r}.", where=where)
            tables[detector][name] = Threshold(float(value), old.unit, f"user's rules, {where}")
