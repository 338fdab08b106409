"""Which span of fixes an alert rests on, as its written form says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def told_span_ms(versions: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Give the span of all that an alert tells of, ms UTC.

    The fix by which something is over, or is proven, may be later than the evidence ends.

    Args:
        versions: all of one alert, in any order; one at least.

    Raises:
        FormatError: one has no evidence that can be read.

    Example:
        >>> told = {"from": "2024-12-25T10:26:00Z", "to": "2024-12-25T10:27:00Z"}
        >>> at = {"t_start": told["from"], "t_detected": told["to"]}
        >>> told_span_ms([{"evidence": told, "t_issued": "2024-12-25T10:28:00Z"} | at])
        (1735122360000, 1735122480000)
    """
    spans = [evidence_span_ms(version) for version in versions]
    at_ms = [parse_iso(v[name]) for v in versions for name in ("t_start", "t_detected", "t_issued")]
    return min(*(low for low, _ in spans), *at_ms), max(*(high for _, high in spans), *at_ms)
