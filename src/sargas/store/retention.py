"""Retention: the rule by which old days of a home are let go, and which days are past by it.

The rule is `retention.toml` in the home. Where there is none, nothing is ever deleted.

```
fixes_days = 90            # so many days of fixes stay; left out: all of them
statics_days = 365         # and of what vessels said about themselves
keep_evidence = true       # rows that alerts rest on stay; or "P1", "P2"; or false
keep = ["2024-12-25"]      # days of which every row stays, as for an inquiry
```

Age is counted in event time from the newest day that holds traffic, never from the clock on the
wall: a home of an old archive must not vanish because it is old. A sender with a broken clock must
not move that day: it is the newest one with at least a tenth of the rows of the fullest day.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sargas.errors import StoreError, UsageError
from sargas.model.alerts import PRIORITIES
from sargas.store import files
from sargas.store.home import FIXES, STATICS, Home, sync_directory, unusable

FILE: Final = "retention.toml"
LEAST_DAYS: Final = 7
"""Days that stay at least (chosen): a slip of the finger must not empty a home, and no feed may
be later than a week, so that no day is let go that a live watch still writes."""
MOST_DAYS: Final = 36_500
FULL_ENOUGH: Final = 0.1
"""Share of the fullest day's rows from which on a day can be the newest (chosen)."""
_KEYS: Final = ("fixes_days", "statics_days", "keep_evidence", "keep")


@dataclass(frozen=True)
class Rule:
    """What stays of a home.

    Attributes:
        fixes_days, statics_days: so many days up to the newest; None keeps all.
        evidence: alerts of this priority or worse keep the rows they rest on; `P3` is all of
            them, empty none.
        keep: days of which every row stays.

    Example:
        >>> rule = read_rule('fixes_days = 30')
        >>> rule.days_of("fixes"), rule.days_of("statics"), rule.evidence
        (30, None, 'P3')
        >>> read_rule(write_rule(rule)) == rule
        True
    """

    fixes_days: int | None = None
    statics_days: int | None = None
    evidence: str = PRIORITIES[-1]
    keep: tuple[str, ...] = ()

    def days_of(self, table: str) -> int | None:
        """Give how many days of a table stay; None for all."""
        return self.fixes_days if table == FIXES else self.statics_days

    def to_dict(self) -> dict[str, Any]:
        """Write the rule as the audit log and `--json` have it."""
        return {
            "fixes_days": self.fixes_days, "statics_days": self.statics_days,
            "keep_evidence": _evidence_word(self.evidence), "keep": list(self.keep),
        }  # fmt: skip


@dataclass(frozen=True)
class Past:
    """Which days are past by a rule.

    Attributes:
        newest: the day from which age is counted; empty where nothing is stored.
        days: the days of each table that are let go, oldest first.
        ahead: days after `newest`: what is still coming in, or told by a broken clock.
    """

    newest: str
    days: Mapping[str, tuple[str, ...]]
    ahead: tuple[str, ...] = ()


def read_rule(text: str, where: str = "") -> Rule:
    """Read a rule.

    Raises:
        UsageError: it is no TOML, a key is unknown, or a value is none that can be.

    Example:
        >>> read_rule("fixes_days = 3")
        Traceback (most recent call last):
        ...
        sargas.errors.UsageError: fixes_days = 3 is not a number of days from 7 to 36500.
    """
    try:
        said = tomllib.loads(text)
    # A number of thousands of digits is a plain ValueError, as are the errors of TOML.
    except (ValueError, RecursionError) as error:
        raise UsageError(f"This is no TOML: {error}.", where=where) from error
    if strange := sorted(set(said) - set(_KEYS)):
        near = difflib.get_close_matches(strange[0], _KEYS, n=1)
        raise UsageError(
            f"There is no key '{strange[0]}' in a rule of retention.", where=where,
            hint=f"Did you mean {near[0]}?" if near else f"Keys are {', '.join(_KEYS)}.",
        )  # fmt: skip
    return checked_rule(said, where)


def checked_rule(said: Mapping[str, Any], where: str = "") -> Rule:
    """Make a rule of values as the file has them.

    Raises:
        UsageError: a value is none that can be.
    """
    keep = said.get("keep", [])
    if not isinstance(keep, list):
        raise UsageError(
            f"keep = {keep!r} is no list of days.", where=where, hint='Write keep = ["2024-12-25"].'
        )
    return Rule(
        _checked_days("fixes_days", said.get("fixes_days"), where),
        _checked_days("statics_days", said.get("statics_days"), where),
        _checked_evidence(said.get("keep_evidence", True), where),
        tuple(sorted({checked_day(day, where) for day in keep})),
    )


def checked_day(day: object, where: str = "") -> str:
    """Check a day's name.

    Raises:
        UsageError: it is none.
    """
    try:
        if not isinstance(day, str) or date.fromisoformat(day).isoformat() != day:
            raise ValueError(day)
    except ValueError as error:
        raise UsageError(
            f"{day!r} is not a day.", where=where, hint='Write it like "2024-12-25".'
        ) from error
    return day


def _checked_days(key: str, value: object, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not (
        LEAST_DAYS <= value <= MOST_DAYS
    ):  # fmt: skip
        raise UsageError(
            f"{key} = {value!r} is not a number of days from {LEAST_DAYS} to {MOST_DAYS}.",
            where=where,
            hint="" if not where else "Leave the line out to keep all days.",
        )
    return value


def _checked_evidence(value: object, where: str) -> str:
    if isinstance(value, bool):
        return PRIORITIES[-1] if value else ""
    if value not in PRIORITIES:
        raise UsageError(
            f"keep_evidence = {value!r} is none of true, false, {', '.join(PRIORITIES)}.",
            where=where,
        )
    return str(value)


def _evidence_word(evidence: str) -> bool | str:
    """Write a priority as the file has it."""
    return evidence == PRIORITIES[-1] if evidence in ("", PRIORITIES[-1]) else evidence


def write_rule(rule: Rule) -> str:
    """Write a rule as TOML."""
    lines = ["# What stays of this home (docs/operations.md). Without this file: everything."]
    for key in ("fixes_days", "statics_days"):
        value = getattr(rule, key)
        lines.append(f"{key} = {value}" if value is not None else f"# {key}: all days stay")
    word = _evidence_word(rule.evidence)
    lines.append(f"keep_evidence = {str(word).lower() if isinstance(word, bool) else repr(word)}")
    lines.append(f"keep = [{', '.join(repr(day) for day in rule.keep)}]")
    return "\n".join(lines).replace("'", '"') + "\n"


def load_rule(home: Home) -> Rule | None:
    """Read the rule of a home; None where it has none, and keeps everything.

    Raises:
        UsageError: it cannot be read as a rule.
        StoreError: it cannot be read at all.
    """
    path = home.path / FILE
    try:
        return read_rule(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise UsageError(f"This is no text: {error}.", where=str(path)) from error
    except OSError as error:
        raise unusable(error, path, "read the rule of retention") from error


def keep_rule(home: Home, rule: Rule | None) -> None:
    """Give a home a rule, whole or not at all; None takes it away.

    Raises:
        StoreError: it cannot be written.
    """
    path = home.path / FILE
    temporary = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        if rule is None:
            path.unlink(missing_ok=True)
        else:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(write_rule(rule))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise unusable(error, path, "write the rule of retention") from error


def days_past(home: Home, rule: Rule) -> Past:
    """Say which days are past by a rule.

    Args:
        home: the home; read only.
        rule: what stays.

    Raises:
        StoreError: a folder of the home cannot be listed.
    """
    newest, ahead = newest_full_day(home)
    if not newest:
        return Past("", {FIXES: (), STATICS: ()})
    past: dict[str, tuple[str, ...]] = {}
    for table in (FIXES, STATICS):
        first = _first_of(newest, rule.days_of(table))
        past[table] = tuple(day for day in home.days(table) if day < first and day not in rule.keep)
    return Past(newest, past, ahead)


def first_day(home: Home, rule: Rule, table: str) -> str:
    """Give the first day of which every row of a table stays by a rule; empty where all do.

    Rows are counted anew only in shards whose folder has changed since: this is asked often.

    Raises:
        StoreError: a folder of the home cannot be listed.
    """
    stays = rule.days_of(table)
    newest = "" if stays is None else newest_full_day(home, _rows_known)[0]
    return _first_of(newest, stays)


def _first_of(newest: str, stays: int | None) -> str:
    if stays is None or not newest:
        return ""
    return (date.fromisoformat(newest) - timedelta(days=stays - 1)).isoformat()


def newest_full_day(
    home: Home, count: Callable[[Path], int] | None = None
) -> tuple[str, tuple[str, ...]]:
    """Find the newest day that holds traffic, and the days after it.

    A few rows of a broken clock, decades ahead, are no day to count from; nor is the first
    minute of a day, for which one day more stays.

    Args:
        home: the home; read only.
        count: counts the rows of a shard's folder; by its footers, if it is not given.
    """
    count = count or _rows_of
    table = FIXES if home.days(FIXES) else STATICS
    rows = {}
    for day in home.days(table):
        rows[day] = sum(count(home.shard_path(table, day, shard)) for shard in range(home.shards))
    most = max(rows.values(), default=0)
    full = [day for day, n in rows.items() if n and n >= FULL_ENOUGH * most]
    if not full:
        return "", ()
    return full[-1], tuple(day for day, n in rows.items() if n and day > full[-1])


def _rows_known(directory: Path) -> int:
    """Count the rows of a shard, or give what was counted while its folder was as it is now."""
    try:
        return _rows_at(str(directory), directory.stat().st_mtime_ns)
    except FileNotFoundError:
        return 0
    except OSError:
        return _rows_of(directory)


@lru_cache(maxsize=1 << 15)
def _rows_at(directory: str, modified_ns: int) -> int:
    return _rows_of(Path(directory))


def _rows_of(directory: Path) -> int:
    """Count the rows of a shard by its footers; of a damaged one, what can be counted."""
    try:
        live = files.list_shard(directory)
    except StoreError:
        return 0
    rows = 0
    for file in live:
        try:
            rows += files.count_rows(file.path)
        except (StoreError, FileNotFoundError):
            continue
    return rows
