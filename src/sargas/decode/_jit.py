"""How the kernels of this room are compiled.

numba keys its disk cache by the file of the compiled function alone, so a kernel would go on
calling an old copy of a helper that lives in another file. Here the stamp of every cached kernel
is the digest of all sources of the room: any change of any of them compiles anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


i64: Final = cast(Callable[[Any], int], np.int64)
"""numpy's int64 as kernels use it: to a type checker its values are plain integers."""


def _digest() -> str:
    """Return the digest of the AIS sources of this room, in order of their names."""
    h = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.name.startswith("delimited"):  # rows of text tables: kernels of their own
            h.update(path.read_bytes())
    return h.hexdigest()


SOURCE_DIGEST = _digest()


# Without numba's runtime no references of arrays are counted. With checked indices the compiler
# cannot remove that counting, and it cost five times the work itself. The price: kernels and
# helpers cannot create arrays.
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "boundscheck": True, "_nrt": False}
# A helper is called by kernels only; making no Python entry for it halves the compile time.
_HELPER: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def helper(fn: F) -> F:
    """Compile a function that only kernels call: checked indices, no cache file of its own."""
    return cast(F, numba.njit(**_OPTIONS, **_HELPER)(fn))


def inlined(fn: F) -> F:
    """Compile a helper into its callers, where known arguments turn whole look-ups into numbers."""
    return cast(F, numba.njit(forceinline=True, **_OPTIONS, **_HELPER)(fn))


def kernel(fn: F) -> F:
    """Compile an entry point: checked indices, no interpreter lock, cached on disk.

    Where no cache folder can be written the kernel is compiled anew in every process.
    """
    try:
        compiled = numba.njit(cache=True, **_OPTIONS)(fn)
    except RuntimeError:
        compiled = numba.njit(**_OPTIONS)(fn)
    index: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, SOURCE_DIGEST)
    return cast(F, compiled)
