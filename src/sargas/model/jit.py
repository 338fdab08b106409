"""How kernels are compiled, and why so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function, keep it on disk, and run it without the interpreter lock.

    `_nrt=False` leaves out numba's counting of references to arrays, which cost a third to a half
    of every loop here. The price: a kernel makes no arrays of its own; it fills those it is given.
    The function as plain Python is the kernel's `py_func`.
    """
    compile_it = cast(Any, njit)  # numba's own annotations leave `_nrt` out
    return cast(F, compile_it(cache=True, nogil=True, _nrt=False)(function))
