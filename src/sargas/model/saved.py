"""Saved state read back: what is not whole is refused, whatever its parser makes of the damage.

States are files of our own, and trusted: who may write them may do more than hurt a reader. What
is promised is that damage is noticed. Arrays are written by numpy as a zip, which has a checksum of
each.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.errors import StateVersionError


@contextmanager
def refusing_damage(of: str, hint: str = "") -> Iterator[None]:
    """Put any error into one that says that a saved state cannot be read.

    Args:
        of: whose state. hint: what follows from it.

    Raises:
        StateVersionError: something was raised within.

    Example:
        >>> with refusing_damage("a decoder"):
        ...     raise KeyError("cur")
        Traceback (most recent call last):
        sargas.errors.StateVersionError: The saved state of a decoder is damaged: KeyError('cur').
    """
    try:
        yield
    except StateVersionError:
        raise
    except Exception as error:
        # Of zip, of numpy's header (which is Python that is parsed), of MessagePack, of an array
        # that is missing: damage has no error of its own.
        said = repr(error)[:200]
        raise StateVersionError(
            f"The saved state of {of} is damaged: {said}.", hint=hint
        ) from error


def read_arrays(state: bytes) -> dict[str, NDArray[Any]]:
    """Read all arrays that `np.savez` wrote; call it within `refusing_damage`."""
    with np.load(io.BytesIO(state), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
