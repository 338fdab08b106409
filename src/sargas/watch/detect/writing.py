"""Writing events: what every rule on samples fills in the same way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel


@kernel
def begin_event(
    events: NDArray[np.void],
    n: int,
    op: int,
    slot: int,
    t_start_ms: int,
    t_ms: int,
    lon: float,
    lat: float,
) -> None:
    """Fill event `n` but for its features, with no asset yet and the lowest priority."""
    event = events[n]
    event["op"], event["priority"], event["slot"] = op, 3, slot
    event["t_start_ms"], event["t_ms"] = t_start_ms, t_ms
    event["lon"], event["lat"], event["asset"] = lon, lat, -1
    event["distance_m"] = event["accuracy_m"] = event["kp_m"] = math.nan
