"""What a decoder remembers, as bytes: so that a stream goes on after a restart as if uncut."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sargas.decode.codes import NO_TIME
from sargas.decode.state import NAME_LENGTH, NAME_USED, Line, Tally
from sargas.errors import StateVersionError
from sargas.model.saved import read_arrays, refusing_damage

VERSION: Final = 1
_HINT: Final = "The feed is decoded anew from here on; a message cut in two is lost."
_PLAIN: Final = ("cur", "tag", "rec", "groups", "chars", "pghp", "total")


def pack(line: Line, tally: Tally, more: dict[str, npt.NDArray[Any]]) -> bytes:
    """Write the state of the line layer and the counters of stations.

    Args:
        line, tally: the state; of the tables of names and stations only what is in use is kept.
        more: other arrays of the decoder.
    """
    named = np.flatnonzero(line.name_meta[:NAME_USED, NAME_LENGTH])
    counted = np.flatnonzero(tally.keys != NO_TIME)
    arrays: dict[str, Any] = {f"line.{name}": getattr(line, name) for name in _PLAIN}
    arrays |= {
        "version": np.array([VERSION]),
        "names.at": named,
        "names.texts": line.names[named],
        "names.meta": line.name_meta[named],
        "names.used": line.name_meta[NAME_USED],
        "tally.at": counted,
        "tally.keys": tally.keys[counted],
        "tally.counts": tally.by_station[counted],
        "tally.used": tally.used,
    }
    out = io.BytesIO()
    np.savez_compressed(
        out, allow_pickle=False, **arrays, **{f"more.{k}": v for k, v in more.items()}
    )
    return out.getvalue()


def unpack(state: bytes, line: Line, tally: Tally) -> dict[str, npt.NDArray[Any]]:
    """Read the state back into a decoder that has read nothing yet.

    Returns:
        The other arrays that `pack` was given.

    Raises:
        StateVersionError: the state is of a version this sargas does not read, or damaged.
    """
    with refusing_damage("a decoder", _HINT):
        more = _unpacked(read_arrays(state), line, tally)
    return more


def _unpacked(
    arrays: dict[str, npt.NDArray[Any]], line: Line, tally: Tally
) -> dict[str, npt.NDArray[Any]]:
    """Put arrays into a decoder's state; those that `pack` was given are returned."""
    version = int(arrays["version"][0])
    shapes = {name: getattr(line, name).shape for name in _PLAIN}
    if version != VERSION or any(arrays[f"line.{n}"].shape != s for n, s in shapes.items()):
        raise StateVersionError(
            f"The saved state of a decoder is of version {version}, wanted {VERSION}.",
            hint=_HINT,
        )
    for name in _PLAIN:
        getattr(line, name)[...] = arrays[f"line.{name}"]
    line.names[arrays["names.at"]] = arrays["names.texts"]
    line.name_meta[arrays["names.at"]] = arrays["names.meta"]
    line.name_meta[NAME_USED] = arrays["names.used"]
    tally.keys[arrays["tally.at"]] = arrays["tally.keys"]
    tally.by_station[arrays["tally.at"]] = arrays["tally.counts"]
    tally.used[...] = arrays["tally.used"]
    return {n.removeprefix("more."): a for n, a in arrays.items() if n.startswith("more.")}
