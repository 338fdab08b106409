"""The state of a live watch as bytes: what a commit stores, packed, with its version."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from sargas.errors import StateVersionError
from sargas.watch.fold import STATE_VERSION as WATCH_VERSION

VERSION: Final = 1000 + WATCH_VERSION
"""Version of the encoding; another version of the watch's own state is another of this."""
_LENGTH_BYTES: Final = 8
T = TypeVar("T", bound=msgspec.Struct)


def pack(state: msgspec.Struct) -> tuple[bytes, int]:
    """Write a state.

    Returns:
        (the bytes, their version).
    """
    import pyarrow.lib as pa

    plain = msgspec.msgpack.encode(state)
    packed = pa.Codec("zstd", compression_level=1).compress(plain, asbytes=True)
    return len(plain).to_bytes(_LENGTH_BYTES, "little") + packed, VERSION


def unpack(data: bytes, version: int, kind: type[T]) -> T:
    """Read a state.

    Raises:
        StateVersionError: it is of a version this sargas does not read, or is no state.
    """
    import pyarrow.lib as pa

    hint = "The watch goes on with what is received from now on."
    if version != VERSION:
        raise StateVersionError(
            f"The saved state has version {version}, wanted {VERSION}.", hint=hint
        )
    try:
        length = int.from_bytes(data[:_LENGTH_BYTES], "little")
        plain = pa.Codec("zstd").decompress(data[_LENGTH_BYTES:], length, asbytes=True)
        return msgspec.msgpack.decode(plain, type=kind)
    except (msgspec.DecodeError, OSError, pa.ArrowInvalid) as error:
        raise StateVersionError(f"The saved state cannot be read: {error}.", hint=hint) from error
