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
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_njit: Any = njit  # its annotations do not know `_nrt`
ROOMS: Final = ("model", "reference", "watch", "exercise")
"""Rooms whose kernels call each other; `decode` keeps its own (see `decode/_jit.py`)."""


def _digest() -> str:
    """Name the content of all files that hold kernels."""
    out = hashlib.sha256()
    package = Path(__file__).parent.parent
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            source = path.read_bytes()
            if b"@kernel" in source or b"@inlined" in source:
                out.update(source)
    return out.hexdigest()


SOURCES: Final = _digest()


def kernel(function: F) -> F:
    """Compile a function, keep it on disk, and run it without the interpreter lock.

    Where no folder for the cache can be written it is compiled anew in every process.
    """
    return _compiled(function)


def inlined(function: F) -> F:
    """Compile a function into its callers: for small ones that hand many values on."""
    return _compiled(function, forceinline=True)


def _compiled(function: F, **options: bool) -> F:
    """Compile, with the cache stamped by all sources."""
    try:
        made = _njit(cache=True, nogil=True, _nrt=False, **options)(function)
    except RuntimeError:  # numba finds no folder it may write to
        made = _njit(nogil=True, _nrt=False, **options)(function)
    index: Any = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, SOURCES)
    return cast(F, made)
