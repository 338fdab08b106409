"""Which span of fixes an alert rests on, as its written form says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sargas.errors import FormatError
from sargas.model.time import parse_iso


def evidence_span_ms(alert: Mapping[str, Any]) -> tuple[int, int]:
    """Give the span of the fixes that one version of an alert rests on, ms UTC.

    Raises:
        FormatError: it has none that can be read.

    Example:
        >>> told = {"from": "2024-12-25T10:26:00Z", "to": "2024-12-25T10:27:00Z"}
        >>> evidence_span_ms({"evidence": told})
        (1735122360000, 1735122420000)
    """
    try:
        said = alert["evidence"] or {"from": alert["t_start"], "to": alert["t_detected"]}
        return parse_iso(said["from"]), parse_iso(said["to"])
    except (KeyError, TypeError) as error:
        raise FormatError(
            f"The alert says no span of evidence ({error}).", where=str(alert.get("id", ""))
        ) from error
