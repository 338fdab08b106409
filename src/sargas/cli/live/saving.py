"""The state of a live watch as bytes: what a commit stores, packed, with its version."""

from __future__ import annotations

import struct
import zlib
from typing import Final, TypeVar

import msgspec

from sargas.errors import StateVersionError
from sargas.model.saved import refusing_damage

VERSION: Final = 2005
"""Version of the encoding. The watch's own state within has its own version: where only that is
another one, how far feeds were read and what was counted is known all the same."""
_HEAD: Final = struct.Struct("<QI")
"""Bytes when unpacked, and the checksum of that and of what is packed."""
_LENGTH: Final = struct.Struct("<Q")
T = TypeVar("T", bound=msgspec.Struct)


def pack(state: msgspec.Struct) -> tuple[bytes, int]:
    """Write a state.

    Returns:
        (the bytes, their version).
    """
    import pyarrow.lib as pa

    plain = msgspec.msgpack.encode(state)
    packed = pa.Codec("zstd", compression_level=1).compress(plain, asbytes=True)
    return _HEAD.pack(len(plain), _checksum(len(plain), packed)) + packed, VERSION


def unpack(data: bytes, version: int, kind: type[T]) -> T:
    """Read a state.

    Raises:
        StateVersionError: it is of a version this sargas does not read, is damaged, or is none.
    """
    import pyarrow.lib as pa

    hint = "The watch goes on with what is received from now on."
    if version != VERSION:
        raise StateVersionError(
            f"The saved state has version {version}, wanted {VERSION}.", hint=hint
        )
    with refusing_damage("a live watch", hint):
        length, checksum = _HEAD.unpack_from(data)
        packed = data[_HEAD.size :]
        # Before it is unpacked: a length that is damaged may be one that no memory holds.
        if _checksum(length, packed) != checksum:
            raise ValueError("its checksum does not fit")
        plain = pa.Codec("zstd").decompress(packed, length, asbytes=True)
        state = msgspec.msgpack.decode(plain, type=kind)
    return state


def _checksum(length: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(_LENGTH.pack(length)))
