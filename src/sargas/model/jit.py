"""How kernels are compiled, and why so.

`_nrt=False` leaves out numba's counting of references to arrays, which cost a third to a half of
every loop here. The price: a kernel makes no arrays of its own; it fills those it is given.

numba keys its disk cache by the file of the compiled function alone, so a kernel would go on
calling an old copy of a function, or using an old constant, of another file. Here the stamp of a
kernel is the digest of its file and of all of ours that it imports, near or far: a change of any
of them compiles it anew, and leaves the others alone.

The function as plain Python is a kernel's `py_func`; `NUMBA_DISABLE_JIT=1` runs all of them so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_njit: Any = njit  # its annotations do not know `_nrt`
_PACKAGE: Final = Path(__file__).parent.parent
_FILES: Final = frozenset(_PACKAGE.rglob("*.py"))
_IMPORT: Final = re.compile(r"^\s*from sargas([\w.]*) import (\([^)]*\)|.*)", re.M)


@cache
def _content(path: Path) -> bytes:
    """Name the content of one file."""
    return hashlib.sha256(path.read_bytes()).digest()


def digest_of(paths: Iterable[Path]) -> str:
    """Name the content of source files."""
    return hashlib.sha256(b"".join(map(_content, sorted(paths)))).hexdigest()


@cache
def imports_of(path: Path) -> frozenset[Path]:
    """Find the files of this package that a source file imports, packages and their parts."""
    found = set()
    for dotted, names in _IMPORT.findall(path.read_text("utf-8")):
        place = f"{_PACKAGE}{dotted.replace('.', '/')}"
        found |= {f"{place}.py", f"{place}/__init__.py"}
        found |= {f"{place}/{name}.py" for name in re.findall(r"\w+", names)}
    return _FILES.intersection(map(Path, found))


@cache
def stamp_of(path: Path) -> str:
    """Name the content of a source file and of all files of ours that it imports, near or far."""
    seen, new = {path}, {path}
    while new:
        new = {other for one in new for other in imports_of(one)} - seen
        seen |= new
    return digest_of(seen)


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


def kernel(function: F) -> F:
    """Compile a function, keep it on disk, and run it without the interpreter lock."""
    return cached(function, stamp_of(Path(function.__code__.co_filename)))


def inlined(function: F) -> F:
    """Compile a function into its callers: for small ones that hand many values on."""
    place = Path(function.__code__.co_filename)
    return cached(function, stamp_of(place), forceinline=True)
