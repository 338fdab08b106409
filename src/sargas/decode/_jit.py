"""How the kernels of this room are compiled.

numba keys its disk cache by the file of the compiled function alone, so a kernel would go on
calling an old copy of a helper that lives in another file. Here the stamp of every cached kernel
is the digest of all sources of its family: any change of any of them compiles anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import numba
import numpy as np

from sargas.model.jit import F, cached, digest_of

i64: Final = cast(Callable[[Any], int], np.int64)
"""numpy's int64 as kernels use it: to a type checker its values are plain integers."""


_FILES: Final = sorted(Path(__file__).parent.glob("*.py"))
SENTENCES: Final = digest_of(p for p in _FILES if not p.name.startswith("delimited"))
TEXT_TABLES: Final = digest_of(p for p in _FILES if p.name.startswith("delimited"))
"""Two families of kernels that do not call each other, so that one may change alone."""


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
    """Compile an entry point: checked indices, no interpreter lock, cached on disk."""
    return cached(fn, SENTENCES, boundscheck=True)
