"""Canonical order, copies and shards: which rows are the same, and where a subject's rows live."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import Fixes, Statics

T = TypeVar("T", Fixes, Statics)

NOT_IDENTITY = frozenset(
    {"t_source", "flags", "quality", "src_id", "src_offset", "arrival_seq"},
)
"""Columns that say how a row came to us or what we think of it, not what was reported."""

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def subject_keys(domain: NDArray[Any] | int, subject_id: NDArray[Any]) -> NDArray[np.uint64]:
    """Put domain and id into one number, `domain * 2**32 + id`, that sorts as the pair does."""
    high = np.asarray(domain, dtype=np.uint64) << np.uint64(32)
    return np.asarray(high | np.asarray(subject_id, dtype=np.uint64))


def shard_of(
    domain: NDArray[Any] | int, subject_id: NDArray[Any] | int, shards: int
) -> NDArray[np.uint8]:
    """Say in which shard a subject's rows live. This never changes: homes depend on it.

    The hash is the finaliser of SplitMix64 over `domain * 2**32 + id`, modulo `shards`: MMSIs
    share their leading digits by flag, so that the plain remainder would load shards unevenly.

    Args:
        domain: (n,) uint8 or one number.
        subject_id: (n,) uint32 or one number.
        shards: number of shards of the home.

    Returns:
        (n,) uint8, 0 to `shards` - 1.

    Source:
        Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014, fig. 17.

    Example:
        >>> shard_of(0, [230_123_450, 265_987_000], 16).tolist()
        [8, 10]
    """
    mixed = _mix(subject_keys(domain, np.atleast_1d(np.asarray(subject_id))))
    return (mixed % np.uint64(shards)).astype(np.uint8)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of 64-bit numbers, one to one."""
    z = (values ^ (values >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return np.asarray(z ^ (z >> np.uint64(31)))


def canonical_order(table: T) -> NDArray[np.intp]:
    """Sort rows by (subject, t_ms, payload, station), as settled for the watch.

    Rows that agree in all four but not in what they report (sources without payload) are put in
    an order that depends on the reports only; equal reports keep their order of arrival.

    Cost: rows come nearly in order of time, which a stable sort by time turns to account; few
    distinct subjects then sort by counting; only ties meet the full comparison.

    Returns:
        (n,) indices.
    """
    subjects = subject_keys(table.domain, table.subject_id)
    order = np.argsort(table.t_ms, kind="stable")
    order = order[np.argsort(_ranks(subjects)[order], kind="stable")]
    tied = _ties(subjects[order], table.t_ms[order])
    member = np.zeros(len(order), dtype=np.bool_)
    member[1:] = tied
    member[:-1] |= tied
    if member.any():
        rows = order[member]
        part = table.take(rows)
        keys = (_digest(part), part.station, part.payload_hash, part.t_ms, subjects[rows])
        order[member] = rows[np.lexsort(keys)]
    return order


def is_canonical(table: T) -> bool:
    """Tell whether the rows are strictly in order of (subject, t_ms); then none is a copy."""
    subjects = subject_keys(table.domain, table.subject_id)
    ahead = subjects[1:] > subjects[:-1]
    later = (subjects[1:] == subjects[:-1]) & (table.t_ms[1:] > table.t_ms[:-1])
    return bool(np.all(ahead | later))


def copies(table: T) -> NDArray[np.bool_]:
    """Mark the rows of a canonically ordered table that repeat the report before them.

    Two rows are copies if all columns but those of `NOT_IDENTITY` agree; the first one stays.

    Returns:
        (n,) true where a row adds nothing.
    """
    repeated = np.zeros(len(table), dtype=np.bool_)
    tied = _ties(subject_keys(table.domain, table.subject_id), table.t_ms)
    rows = np.flatnonzero(tied) + 1
    same = np.ones(len(rows), dtype=np.bool_)
    for name, column in table.columns().items():
        if name not in NOT_IDENTITY:
            same &= column[rows] == column[rows - 1]
    repeated[rows[same]] = True
    return repeated


def _ties(subjects: NDArray[np.uint64], t_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark where a row has the subject and time of the one before it; (n - 1,)."""
    return np.asarray((subjects[1:] == subjects[:-1]) & (t_ms[1:] == t_ms[:-1]))


def _ranks(subjects: NDArray[np.uint64]) -> NDArray[Any]:
    """Number the subjects in their order, in the narrowest type: numpy counts 16-bit keys."""
    distinct, ranks = np.unique(subjects, return_inverse=True)
    return ranks.astype(np.uint16) if len(distinct) <= 1 << 16 else ranks


def _digest(table: T) -> NDArray[np.uint64]:
    """Hash what the rows report; used to break ties, never to decide that rows are equal."""
    digest = np.zeros(len(table), dtype=np.uint64)
    for name, column in table.columns().items():
        if name in NOT_IDENTITY:
            continue
        for word in _words(column):
            digest = _mix((digest + np.uint64(0x9E3779B97F4A7C15)) ^ word)
    return digest


def _words(column: NDArray[Any]) -> list[NDArray[np.uint64]]:
    """Give a column as 64-bit words; texts are cut into pieces of eight bytes."""
    if column.dtype.kind != "S":
        return [column.astype(np.int64).view(np.uint64)]
    count = -(-column.dtype.itemsize // 8)
    padded = np.ascontiguousarray(column.astype(f"S{count * 8}"))
    pieces = padded.view("<u8").reshape(len(column), count)
    return [pieces[:, i] for i in range(count)]
