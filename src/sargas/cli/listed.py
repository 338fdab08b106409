"""What a scan says of the user's vessel lists: a cell of its table, a line of its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sargas.cli.words import counted, say

if TYPE_CHECKING:
    from collections.abc import Collection

    from sargas.model.alerts import Alert
    from sargas.reference.vessel_lists import VesselLists


def lists_naming(alert: Alert) -> str:
    """Name the lists that the vessel of an alert stands on."""
    return "; ".join(dict.fromkeys(entry["list"] for entry in alert.context.get("lists", ())))


def say_lists(
    lists: VesselLists, from_ms: int | None, to_ms: int | None, alerts: Collection[Alert]
) -> None:
    """Say on stderr what the lists held, and how many alerts they have something on.

    Entries that count at no time of what was read are said: a list of today over an archive of
    last year would else look like an all-clear.

    Args:
        lists: of the watch.
        from_ms, to_ms: first and last event time of what was read; None where it has none.
        alerts: the latest version of each.
    """
    entries, names = len(lists.entries), len(lists.names)
    text = f"{counted(entries, 'entry', 'entries')} of {counted(names, 'vessel list')} of your own"
    if from_ms is not None and to_ms is not None:
        idle = sum(
            to_ms < entry.valid_from_ms or entry.valid_until_ms <= from_ms
            for entry in lists.entries
        )
        text += f", {idle:,} of them only for other times" if idle else ""
    named = sum(bool(alert.context.get("lists")) for alert in alerts)
    say(f"lists     {text}; the vessel of {counted(named, 'alert')} is on one")
