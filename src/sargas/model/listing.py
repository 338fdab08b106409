"""What a user's lists say of a vessel, in words: one line an entry, wherever a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def entry_text(entry: Mapping[str, Any]) -> str:
    """Write one entry of `context["lists"]`: which list, what kind, which entry, how it matched.

    Example:
        >>> entry_text({"list": "Port watch", "entry": "7", "date": "2025-01-02",
        ...             "kind": "insurance_unknown", "matched_by": "imo"})
        'Port watch (insurance unknown), entry 7 of 2025-01-02, matched by IMO'
    """
    return (
        f"{entry['list']} ({entry['kind'].replace('_', ' ')}), entry {entry['entry']} of "
        f"{entry['date']}, matched by {entry['matched_by'].upper()}"
    )


def entry_lines(entries: Sequence[Mapping[str, Any]], imo: int | None) -> list[str]:
    """Write all entries of an alert, one line each; where there are none, what that rests on.

    Args:
        entries: `context["lists"]` of an alert.
        imo: as the vessel reported it by then, None where it was not received.

    Example:
        >>> entry_lines([], 9187629)
        ['no entry']
        >>> entry_lines([], None)
        ['no entry by MMSI; those by IMO could not be compared, its IMO number was not received']
    """
    if entries:
        return [entry_text(entry) for entry in entries]
    if imo is None:
        return ["no entry by MMSI; those by IMO could not be compared, its IMO number was not "
                "received"]  # fmt: skip
    return ["no entry"]
