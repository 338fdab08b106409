"""Cases: the open or last event of each kind of one subject, for detectors of several kinds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel

CASE = np.dtype(
    [
        ("open", "u1"), ("slot", "i4"), ("t_start_ms", "i8"), ("t_sign_ms", "i8"), ("lon", "f8"),
        ("lat", "f8"), ("x", "f8", 16),
    ]
)  # fmt: skip
"""One row a subject and kind; `x` are the first features of its events."""


@kernel
def free_start_ms(cases: NDArray[np.void], first: int, kinds: int, kind: int, t_ms: int) -> int:
    """Move a start by whole seconds off those of the subject's other kinds.

    An alert is named by detector, subject and start: two kinds that begin with the same fix would
    otherwise be one alert.

    Args:
        cases: `CASE`; the subject's `kinds` rows begin at `first`. kind: whose start it is.
        t_ms: the start.
    """
    is_free = False
    while not is_free:
        is_free = True
        for k in range(kinds):
            if k != kind and cases[first + k]["t_start_ms"] // 1000 == t_ms // 1000:
                t_ms += 1000
                is_free = False
    return t_ms


@kernel
def write_case(
    cases: NDArray[np.void], c: int, op: int, t_ms: int, events: NDArray[np.void], n: int
) -> int:
    """Write an event about a case, a P3 about no asset; returns events written.

    Args:
        cases: `CASE`, or rows with the same fields and more features. c: which. op, t_ms: what
            becomes of it, and when. events: room for events, `n` of them written.
    """
    events[n]["op"], events[n]["priority"], events[n]["slot"] = op, 3, cases[c]["slot"]
    events[n]["t_start_ms"], events[n]["t_ms"] = cases[c]["t_start_ms"], t_ms
    events[n]["lon"], events[n]["lat"] = cases[c]["lon"], cases[c]["lat"]
    events[n]["asset"] = -1
    events[n]["distance_m"] = events[n]["accuracy_m"] = events[n]["kp_m"] = math.nan
    for k in range(cases[c]["x"].shape[0]):
        events[n]["x"][k] = cases[c]["x"][k]
    return n + 1
