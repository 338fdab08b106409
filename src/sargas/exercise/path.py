"""A vessel's path through waypoints, re-timed so that implied and reported speed agree.

The way made good is a monotone cubic in time through the waypoints; the reported speed is its
derivative, so that positions and speeds tell the same story. A waypoint's stated speed is the
slope there, lowered where the neighbouring waypoints do not allow it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.scenario import Waypoint
from sargas.model.geodesy import KN_MS, bearing_deg, distance_m
from sargas.model.time import parse_iso


@dataclass(frozen=True)
class Sailed:
    """A path at given times; columns of shape (n,), degrees and knots."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sog_kn: NDArray[np.float64]
    cog_deg: NDArray[np.float64]
    heading_off_deg: NDArray[np.float64]


class Path:
    """A path through waypoints.

    Args:
        waypoints: at least two, times rising.
    """

    def __init__(self, waypoints: Sequence[Waypoint]) -> None:
        self.t_s = np.array([parse_iso(w.t) / 1000.0 for w in waypoints])
        self._lon = np.array([w.lon for w in waypoints])
        self._lat = np.array([w.lat for w in waypoints])
        self._off = np.array([w.heading_off_deg for w in waypoints])
        legs = list(itertools.pairwise(waypoints))
        length = np.array([distance_m(a.lon, a.lat, b.lon, b.lat) for a, b in legs])
        self._course = np.array([bearing_deg(a.lon, a.lat, b.lon, b.lat) for a, b in legs])
        self._way_m = np.concatenate([[0.0], np.cumsum(length)])
        self._slope = self._slopes(np.array([w.sog_kn * KN_MS for w in waypoints]))

    def _slopes(self, stated_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lower the stated speeds to what keeps the way from running backwards.

        Source: Fritsch and Carlson, SIAM J. Numer. Anal. 17 (1980): slopes of at most three times
            the neighbouring secants keep a cubic Hermite interpolant monotone.
        """
        secant = np.diff(self._way_m) / np.diff(self.t_s)
        least = np.minimum(np.append(secant, np.inf), np.insert(secant, 0, np.inf))
        slopes: NDArray[np.float64] = np.minimum(stated_ms, 3.0 * least)
        return slopes

    def at(self, t_s: NDArray[np.float64]) -> Sailed:
        """Sail to the given times, which lie between the first and last waypoint.

        Args:
            t_s: (n,) seconds UTC.
        """
        k = np.clip(np.searchsorted(self.t_s, t_s, side="right") - 1, 0, len(self.t_s) - 2)
        h = self.t_s[k + 1] - self.t_s[k]
        u = (t_s - self.t_s[k]) / h
        a, b = self._way_m[k], self._way_m[k + 1]
        m, n = self._slope[k] * h, self._slope[k + 1] * h
        way = (
            (2 * u**3 - 3 * u**2 + 1) * a + (u**3 - 2 * u**2 + u) * m
            + (-2 * u**3 + 3 * u**2) * b + (u**3 - u**2) * n
        )  # fmt: skip
        speed = (
            (6 * u**2 - 6 * u) * (a - b) + (3 * u**2 - 4 * u + 1) * m + (3 * u**2 - 2 * u) * n
        ) / h
        share = np.where(b > a, (way - a) / np.where(b > a, b - a, 1.0), 0.0)
        return Sailed(
            self._lon[k] + share * (self._lon[k + 1] - self._lon[k]),
            self._lat[k] + share * (self._lat[k + 1] - self._lat[k]),
            np.maximum(speed, 0.0) / KN_MS,
            self._course[k],
            self._off[k] + u * (self._off[k + 1] - self._off[k]),
        )
