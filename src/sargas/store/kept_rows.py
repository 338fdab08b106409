"""Which rows stay although their day is past: those that alerts rest on.

An alert's dossier and its evidence bundle are made from stored rows whenever they are asked for.
What stays is what they ask for: the vessel's rows from the first version's evidence to the last
one's, with half a day on either side, by which the ship's usual speed is told. An alert about an
area or a feed rests on rows of everybody, and none stay for it; hold its day instead.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from sargas.errors import StoreError
from sargas.model.alerts import PRIORITIES, RETRACTED
from sargas.model.evidence import told_span_ms
from sargas.model.fixes import AIR, SEA, Fixes, Statics
from sargas.model.time import DAY_MS, HOUR_MS
from sargas.store import tables
from sargas.store.canon import shard_of, subject_keys
from sargas.store.home import Home
from sargas.store.log import Log

MARGIN_MS: Final = 12 * HOUR_MS
"""Rows before and after the evidence: a dossier tells the usual speed of the twelve hours before
an alert, and draws an hour after it."""

Span = tuple[int, int, int]
"""A subject's key (`subject_keys`), and the first and last event time, ms UTC, both included."""


class KeptRows:
    """Spans of subjects of which rows stay, asked by shard and day.

    Args:
        spans: of any order; they may overlap.
        shards: number of shards of the home.

    Example:
        >>> kept = KeptRows([(7, 0, 1000), (7, 900, 2000), (8, 5, DAY_MS)], 1)
        >>> kept.of(0, 0)
        ((7, 0, 2000), (8, 5, 86399999))
        >>> KeptRows([], 1).of(0, 0)
        ()
    """

    def __init__(self, spans: Iterable[Span], shards: int) -> None:
        self._by_shard: dict[int, list[Span]] = defaultdict(list)
        for span in _joined(spans):
            domain, subject_id = divmod(span[0], 1 << 32)
            self._by_shard[int(shard_of(domain, subject_id, shards)[0])].append(span)

    def of(self, shard: int, day_ms: int) -> tuple[Span, ...]:
        """Give the spans of one shard, cut to the day that begins at `day_ms`."""
        last_ms = day_ms + DAY_MS - 1
        return tuple(
            (key, max(first, day_ms), min(last, last_ms))
            for key, first, last in self._by_shard.get(shard, ())
            if first <= last_ms and last >= day_ms
        )


def rows_in(rows: Fixes | Statics, spans: Iterable[Span]) -> NDArray[np.bool_]:
    """Mark the rows that lie in a span of their subject.

    Args:
        rows: in canonical order.
        spans: any.

    Returns:
        (n,) true where a row stays.
    """
    keys = subject_keys(rows.domain, rows.subject_id)
    stays = np.zeros(len(rows), np.bool_)
    for key, first_ms, last_ms in spans:
        low, high = np.searchsorted(keys, np.uint64(key)), np.searchsorted(
            keys, np.uint64(key), side="right"
        )  # fmt: skip
        t_ms = rows.t_ms[low:high]
        a = low + np.searchsorted(t_ms, first_ms)
        b = low + np.searchsorted(t_ms, last_ms, side="right")
        stays[a:b] = True
    return stays


def subjects_of(version: Mapping[str, Any]) -> Iterator[int]:
    """Give the keys of an alert's vessel, and of the other one where two met.

    Args:
        version: one version of the alert, as `Alert.to_dict` gives it.

    Example:
        >>> met = {"subject": {"domain": "sea", "mmsi": 7}, "context": {"other": {"mmsi": 9}}}
        >>> list(subjects_of(met))
        [7, 9]
    """
    domain = AIR if version["subject"]["domain"] == "air" else SEA
    context = version.get("context") or {}
    for who in (version["subject"], context.get("other")):
        number = who.get("mmsi") if isinstance(who, dict) else None
        if number:  # an area and a feed have none
            yield int(subject_keys(domain, np.array([number]))[0])


def digest_of(spans: tuple[Span, ...]) -> str:
    """Name spans, to know a shard that was thinned by them."""
    return hashlib.blake2b(json.dumps(spans).encode(), digest_size=8).hexdigest()


def evidence_rows(home: Home, priority: str) -> KeptRows:
    """Read from the ledger which rows the alerts of a home rest on.

    An alert counts if it was of this priority or worse in any of its versions, was not muted in
    all of them, and is not retracted by now.

    Args:
        home: whose ledger.
        priority: `P1`, `P2` or `P3`, as the rule says; empty for none.

    Raises:
        StoreError: there is no ledger to say, or it cannot be read: nothing is let go then.
    """
    if not priority:
        return KeptRows((), home.shards)
    if not home.ledger_path.exists():
        raise StoreError(
            "There is no ledger here that says what alerts rest on.",
            where=str(home.path),
            hint="Restore it, or let the rule say keep_evidence = false.",
        )
    with _Alerts(home) as alerts:
        spans = [
            span
            for versions in alerts.each()
            if keeps(priority, versions)
            for span in _spans(versions)
        ]
    return KeptRows(spans, home.shards)


def keeps(priority: str, versions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the rows of an alert stay, see `evidence_rows`.

    Args:
        priority: as the rule says.
        versions: all of the alert, oldest first.
    """
    worse = PRIORITIES[: PRIORITIES.index(priority) + 1] if priority else ()
    is_loud = any(not v["muted_by"] and v["priority"] in worse for v in versions)
    return is_loud and versions[-1]["state"] != RETRACTED


class _Alerts(Log):
    """The alerts of a ledger, read one after the other: there may be years of them."""

    def each(self) -> Iterator[list[dict[str, Any]]]:
        """Give all versions of each alert."""
        t = tables.alerts
        query = select(t.c.id, t.c.body).order_by(t.c.id, t.c.version)
        with self._reading() as connection:
            rows = connection.execution_options(yield_per=500).execute(query)
            for _, versions in groupby(rows, key=lambda row: row.id):
                yield [json.loads(row.body) for row in versions]


def _spans(versions: list[dict[str, Any]]) -> Iterator[Span]:
    """Give the span of an alert for each vessel that it is about."""
    first_ms, last_ms = told_span_ms(versions)
    for key in {key for version in versions for key in subjects_of(version)}:
        yield key, first_ms - MARGIN_MS, last_ms + MARGIN_MS


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans of one subject that overlap or touch; in order."""
    held: Span | None = None
    for span in sorted(spans):
        if held is not None and held[0] == span[0] and span[1] <= held[2] + 1:
            held = (held[0], held[1], max(held[2], span[2]))
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
