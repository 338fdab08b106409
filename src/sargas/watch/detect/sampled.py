"""A detector whose two kernels read samples and ticks, and nothing of the surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sargas.watch.detect.base import Detector
from sargas.watch.minutes import Minutes


class Sampled(Detector):
    """One sample a vessel and minute, then the tick.

    Attributes:
        sample_kernel: `(samples, rows, start, end, state, params, events, n) -> (next, n)`.
        tick_kernel: `(t_ms, start, state, params, events, n) -> (next slot, n)`.
        params: the limits, as both kernels take them.
    """

    ticks = True
    reads_samples = True
    sample_kernel: ClassVar[Callable[..., tuple[int, int]]]
    tick_kernel: ClassVar[Callable[..., tuple[int, int]]]
    params: Any

    def run_samples(
        self, minutes: Minutes, start: int, end: int, events: NDArray[np.void], n: int
    ) -> tuple[int, int]:
        """Call the sample kernel."""
        return type(self).sample_kernel(
            minutes.samples, minutes.rows, start, end, self.state, self.params, events, n
        )

    def run_tick(self, t_ms: int, start: int, events: NDArray[np.void], n: int) -> tuple[int, int]:
        """Call the tick kernel."""
        return type(self).tick_kernel(t_ms, start, self.state, self.params, events, n)
