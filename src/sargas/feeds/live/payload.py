"""The payload of a report, put together again from the values of its fields, for its hash.

Source: ITU-R M.1371-5, tables 48 (types 1-3) and 67 (type 18).
"""

from __future__ import annotations

from typing import Any, Final

from sargas.decode.bits import WORD_BITS
from sargas.model.fixes import PER_DEGREE

_BITS: Final = 168
_64: Final = 2**64 - 1


def payload_hash(value: int, n_bits: int) -> int:
    """Hash a payload as `decode.bits.payload_hash` does.

    Args:
        value: the bits as one number, the first bit highest. n_bits: how many.
    """
    n_words = -(-n_bits // WORD_BITS)
    value <<= n_words * WORD_BITS - n_bits
    h = n_bits * 0x9E3779B97F4A7C15 & _64
    for word in range(n_words - 1, -1, -1):
        h = (h ^ (value >> word * WORD_BITS & ((1 << WORD_BITS) - 1))) * 0xBF58476D1CE4E5B9 & _64
        h ^= h >> 29
    h = h * 0x94D049BB133111EB & _64
    return h ^ (h >> 32)


def class_a_hash(body: Any) -> int | None:  # noqa: ANN401 - aisstream.PositionReport
    """Hash a report of type 1, 2 or 3; None where a field is missing or not of the wire."""
    return _hash(
        (body.MessageID, 6, 1), (body.RepeatIndicator, 2, 1), (body.UserID, 30, 1),
        (body.NavigationalStatus, 4, 1), (body.RateOfTurn, -8, 1), (body.Sog, 10, 10),
        (body.PositionAccuracy, 1, 1), (body.Longitude, -28, PER_DEGREE),
        (body.Latitude, -27, PER_DEGREE), (body.Cog, 12, 10), (body.TrueHeading, 9, 1),
        (body.Timestamp, 6, 1), (body.SpecialManoeuvreIndicator, 2, 1), (body.Spare, 3, 1),
        (body.Raim, 1, 1), (body.CommunicationState, 19, 1),
    )  # fmt: skip


def class_b_hash(body: Any) -> int | None:  # noqa: ANN401 - aisstream.ClassB
    """Hash a report of type 18; None where a field is missing or not of the wire."""
    return _hash(
        (body.MessageID, 6, 1), (body.RepeatIndicator, 2, 1), (body.UserID, 30, 1),
        (body.Spare1, 8, 1), (body.Sog, 10, 10), (body.PositionAccuracy, 1, 1),
        (body.Longitude, -28, PER_DEGREE), (body.Latitude, -27, PER_DEGREE), (body.Cog, 12, 10),
        (body.TrueHeading, 9, 1), (body.Timestamp, 6, 1), (body.Spare2, 2, 1),
        (body.ClassBUnit, 1, 1), (body.ClassBDisplay, 1, 1), (body.ClassBDsc, 1, 1),
        (body.ClassBBand, 1, 1), (body.ClassBMsg22, 1, 1), (body.AssignedMode, 1, 1),
        (body.Raim, 1, 1), (body.CommunicationStateIsItdma, 1, 1),
        (body.CommunicationState, 19, 1),
    )  # fmt: skip


def _hash(*fields: tuple[float | None, int, float]) -> int | None:
    """Hash fields of (value, bits, wire units in one unit); negative bits: two's complement."""
    bits = 0
    for value, width, per in fields:
        if value is None:
            return None
        scaled, n = value * per, abs(width)
        low, high = (0, 1 << n) if width > 0 else (-1 << (n - 1), 1 << (n - 1))
        if not low <= scaled <= high - 1:
            return None
        bits = bits << n | (round(scaled) & ((1 << n) - 1))
    return payload_hash(bits, _BITS)
