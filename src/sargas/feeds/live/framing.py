r"""Several messages in one piece, as what arrives at nearly the same time is kept and read at once.

They are parted by the record separator, which can stand in no text of JSON (RFC 7464).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MARK: Final = b"\x1e"
_INSTEAD: Final = b"\x1f"


def joined(messages: Iterable[bytes]) -> bytes:
    r"""Make a piece of messages.

    A separator within one becomes another character that JSON does not allow either: nobody makes
    two messages of one.

    Example:
        >>> joined([b"{}", b"[\x1e]"])
        b'{}\x1e[\x1f]'
    """
    return MARK.join(message.replace(MARK, _INSTEAD) for message in messages)


def parted(piece: bytes) -> list[bytes]:
    r"""Give the messages of a piece.

    Example:
        >>> parted(b'{}\x1e[]')
        [b'{}', b'[]']
    """
    return piece.split(MARK)
