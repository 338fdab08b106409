"""What is told of feeds while a watch that begins anew judges what is stored.

That takes minutes, in which nothing of the journal is folded. A feed that goes dead then is told
all the same: the journal is read beside, by an intake of its own, of which only the alerts about
the lines to feeds are kept. Whoever folds the same records afterwards finds the same versions.
"""

from __future__ import annotations

from sargas.cli.live.intake import Intake
from sargas.model.alerts import Alert
from sargas.store.journal import Journal


class LinksMeanwhile:
    """Follows the lines to feeds ahead of the folding.

    Args:
        journal: what feeds bring. offset: how far it is folded.
        intake: of the folding, as it is there; it is left as it is.
    """

    def __init__(self, journal: Journal, offset: int, intake: Intake) -> None:
        self._journal, self._offset, self._intake = journal, offset, intake.beside()
        self._told: set[tuple[str, int]] = set()

    def read(self, most_bytes: int) -> list[Alert]:
        """Read some of what has been received.

        Returns:
            New versions of alerts about feeds, to be published.

        Raises:
            StoreError: the journal cannot be read.
        """
        found: list[Alert] = []
        for record in self._journal.read(self._offset, most_bytes):
            _, alerts = self._intake.take(record)
            found += alerts
            self._offset = record.end
        self._told |= {(alert.id, alert.version) for alert in found}
        return found

    def untold(self, alerts: list[Alert]) -> list[Alert]:
        """Leave out what was found here: it is in the ledger, and people were told."""
        return [alert for alert in alerts if (alert.id, alert.version) not in self._told]
