"""How kernels are compiled, and why so.

`_nrt=False` leaves out numba's counting of references to arrays, which cost a third to a half of
every loop here. The price: a kernel makes no arrays of its own; it fills those it is given.

numba keys its disk cache by the file of the compiled function alone, so a kernel would go on
calling an old copy of a function that lives in another file. Here the stamp of every kernel is
the digest of all files that hold kernels: a change of any of them compiles all of them anew.

The function as plain Python is a kernel's `py_func`; `NUMBA_DISABLE_JIT=1` runs all of them so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_njit: Any = njit  # its annotations do not know `_nrt`
ROOMS: Final = ("model", "reference", "watch", "exercise")
"""Rooms whose kernels call each other; `decode` keeps its own stamp (see `decode/_jit.py`)."""


def digest_of(paths: Iterable[Path], *words: bytes) -> str:
    """Name the content of source files, those that hold one of the words if any are given."""
    out = hashlib.sha256()
    for path in sorted(paths):
        source = path.read_bytes()
        if not words or any(word in source for word in words):
            out.update(source)
    return out.hexdigest()


def cached(function: F, stamp: str, **options: Any) -> F:  # noqa: ANN401 - numba's own options
    """Compile a function and keep it on disk under a stamp.

    Where no folder for the cache can be written it is compiled anew in every process.

    Args:
        function: what to compile.
        stamp: names all sources that the compiled code comes from.
        options: of `numba.njit`.
    """
    try:
        made = _njit(cache=True, nogil=True, _nrt=False, **options)(function)
    except RuntimeError:  # numba finds no folder it may write to
        made = _njit(nogil=True, _nrt=False, **options)(function)
    index: Any = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, stamp)
    return cast(F, made)


_PACKAGE = Path(__file__).parent.parent
SOURCES: Final = digest_of(
    (path for room in ROOMS for path in (_PACKAGE / room).rglob("*.py")), b"@kernel", b"@inlined"
)


def kernel(function: F) -> F:
    """Compile a function, keep it on disk, and run it without the interpreter lock."""
    return cached(function, SOURCES)


def inlined(function: F) -> F:
    """Compile a function into its callers: for small ones that hand many values on."""
    return cached(function, SOURCES, forceinline=True)
