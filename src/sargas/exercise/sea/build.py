"""Putting a play's tables together: ships, what they do, their ways and orders, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sargas.exercise.sea.lanes import VERTEX, Lanes, sailable
from sargas.exercise.sea.sail import AREA, ORDER, SAIL, SHIP, STINT, place_at
from sargas.model.geodesy import KN_MS

SIDES = 5
"""Tracks beside each other on one way; ships of one way share them."""


@dataclass
class Sea:
    """The tables of a play, at its start.

    Attributes:
        ships: (k,) `SHIP`. stints: `STINT`. ways: `VERTEX`. orders: `ORDER`. areas: `AREA`.
    """

    ships: NDArray[np.void]
    stints: NDArray[np.void]
    ways: NDArray[np.void]
    orders: NDArray[np.void]
    areas: NDArray[np.void]

    def with_orders(self, more: dict[int, list[NDArray[np.void]]]) -> Sea:
        """Give the same sea with further orders for some ships.

        Args:
            more: `ORDER` rows by ship.
        """
        ships, parts, at = self.ships.copy(), [], 0
        for k in range(len(ships)):
            own = self.orders[ships["order_at"][k] :][: ships["orders"][k]]
            rows = [own, *more.get(k, [])]
            joined = np.concatenate([np.atleast_1d(r) for r in rows])
            ships["order_at"][k], ships["orders"][k] = at, len(joined)
            at += len(joined)
            parts.append(joined)
        return Sea(ships, self.stints, self.ways, np.concatenate(parts), self.areas)


@dataclass
class Builder:
    """Collects ships; a way is made once for all that sail it.

    Args:
        lanes: the suite's lanes.
        side_m, side_spread_m: how far to starboard of the middle the tracks lie.
        seed: of the tracks.
    """

    lanes: Lanes
    side_m: float
    side_spread_m: float
    seed: int
    _ships: list[NDArray[np.void]] = field(default_factory=list)
    _stints: list[tuple[object, ...]] = field(default_factory=list)
    _orders: list[NDArray[np.void]] = field(default_factory=list)
    _ways: list[NDArray[np.void]] = field(default_factory=list)
    _lengths_m: dict[int, float] = field(default_factory=dict)
    _vertices: int = 0
    _known: dict[tuple[str, str, int], tuple[int, int]] = field(default_factory=dict)

    def way(self, start: str, end: str, track: int) -> tuple[int, int]:
        """Give the first and last vertex of a way between ports.

        Args:
            start, end: places. track: which of the tracks beside each other.
        """
        key = (start, end, track % SIDES)
        if key not in self._known:
            rng = np.random.default_rng((self.seed, 2, len(self._known)))
            side = rng.normal(self.side_m, self.side_spread_m)
            self._known[key] = self.add_way(sailable(self.lanes.way(start, end), side))
        return self._known[key]

    def add_way(self, rows: NDArray[np.void]) -> tuple[int, int]:
        """Add a way of its own: (n,) `VERTEX`."""
        first = self._vertices
        self._ways.append(rows)
        self._lengths_m[first] = float(rows["way_m"][-1])
        self._vertices += len(rows)
        return first, self._vertices - 1

    def length_m(self, way: tuple[int, int]) -> float:
        """Measure a way."""
        return self._lengths_m[way[0]]

    def add_ship(self, **fields: float) -> int:
        """Add a ship without stints; gives its number."""
        row = np.zeros(1, SHIP)
        for name, value in fields.items():
            row[name] = value
        row["stint_at"], row["order_at"] = len(self._stints), len(self._orders)
        row["hunt_s"] = np.maximum(row["hunt_s"], 60.0)
        row["sog_tau_min"] = np.maximum(row["sog_tau_min"], 1.0)
        row["held_sog"] = -1
        self._ships.append(row)
        return len(self._ships) - 1

    @property
    def last_ship(self) -> NDArray[np.void]:
        """The ship added last, (1,) `SHIP`."""
        return self._ships[-1]

    def add_stint(
        self,
        does: int,
        *,
        way: tuple[int, int] = (0, 0),
        speed_kn: float = 0.0,
        minutes: float = 0.0,
        at: tuple[float, float] = (0.0, 0.0),
        radius_m: float = 0.0,
        from_gate: bool = False,
        to_gate: bool = False,
        status: int = 0,
    ) -> None:
        """Add a stint to the ship added last."""
        self._stints.append(
            (does, *way, speed_kn, minutes, *at, radius_m, from_gate, to_gate, status)
        )
        self._ships[-1]["stints"] += 1

    def add_order(self, order: NDArray[np.void]) -> None:
        """Add an order to the ship added last."""
        self._orders.append(order)
        self._ships[-1]["orders"] += 1

    def finish(self, areas: list[NDArray[np.void]], progress: list[float]) -> Sea:
        """Make the tables.

        Args:
            areas: `AREA` rows.
            progress: for each ship, how far it is in its first stint: metres of its way if it
                sails, minutes otherwise.
        """
        ships = np.concatenate(self._ships)
        stints = np.array(self._stints, dtype=STINT)
        ways = np.concatenate(self._ways) if self._ways else np.zeros(0, VERTEX)
        orders = np.concatenate(self._orders) if self._orders else np.zeros(0, ORDER)
        for ship, done in zip(ships, progress, strict=True):
            first = stints[ship["stint_at"]]
            ship["left_min"] = first["minutes"] - done
            ship["lon"], ship["lat"] = first["lon"], first["lat"]
            if first["does"] == SAIL:
                ship["way0_m"] = done
                ship["v0_ms"] = ship["v1_ms"] = first["speed_kn"] * KN_MS
                lon, lat, course, hint = place_at(
                    ways, int(first["first"]), int(first["last"]), int(first["first"]), done
                )
                ship["lon"], ship["lat"], ship["hint"] = lon, lat, hint
                ship["course0_deg"] = ship["course1_deg"] = course
        made = np.concatenate(areas) if areas else np.zeros(0, AREA)
        return Sea(ships, stints, ways, orders, made)
