"""Questions to the shards: tracks, boxes, last positions; `who` answers who a vessel said it is."""

from __future__ import annotations

from math import ceil, floor, isfinite
from typing import Any

import numpy as np

from sargas.errors import UsageError
from sargas.model.arrow import fixes_from_arrow
from sargas.model.fixes import PER_DEGREE, SEA, Fixes
from sargas.model.time import DAY_MS
from sargas.store.asking import EARLIEST, LATEST, bounded, checked_limit, day_ms, is_subject
from sargas.store.canon import canonical_order, shard_of, subject_keys
from sargas.store.home import FIXES
from sargas.store.who import WhoIs

_FROM = " FROM read_parquet($files, hive_partitioning = false)"
_COLUMNS = ", ".join(Fixes.DTYPES)
_FIXES = "SELECT " + _COLUMNS + _FROM + " WHERE t_ms BETWEEN $from_ms AND $to_ms"

_LAST_FIX = (
    _FIXES + " AND domain = $domain AND subject_id = $subject_id"
    " AND lon_raw BETWEEN -108000000 AND 108000000"
    " AND lat_raw BETWEEN -54000000 AND 54000000"
    " ORDER BY t_ms DESC, payload_hash DESC, station DESC LIMIT 1"
)
_BOX = (
    _FIXES
    + """
    AND lon_raw BETWEEN $lon_from AND $lon_to AND lat_raw BETWEEN $lat_from AND $lat_to
    AND lat_raw / 600000.0::DOUBLE BETWEEN $lat1 AND $lat2
    AND CASE WHEN $lon1::DOUBLE <= $lon2::DOUBLE
        THEN lon_raw / 600000.0::DOUBLE BETWEEN $lon1 AND $lon2
        ELSE lon_raw / 600000.0::DOUBLE >= $lon1 OR lon_raw / 600000.0::DOUBLE <= $lon2 END
    ORDER BY t_ms, domain, subject_id, payload_hash, station, lon_raw, lat_raw, sog_raw
    LIMIT $limit"""
)
_LAST = "WITH seen AS NOT MATERIALIZED (" + _FIXES + """
        AND lon_raw BETWEEN -108000000 AND 108000000
        AND lat_raw BETWEEN -54000000 AND 54000000
    ), newest AS (
        SELECT domain, subject_id, max(t_ms) AS t_ms FROM seen GROUP BY domain, subject_id
    )
    SELECT seen.* FROM seen SEMI JOIN newest USING (domain, subject_id, t_ms)"""  # fmt: skip # noqa: S608 - joins constants only
_CELLS = (
    "SELECT (lat_raw + 54000000) // $lat_step, (lon_raw + 108000000) // $lon_step, count(*)"
    + _FROM
    + """ WHERE t_ms BETWEEN $from_ms AND $to_ms AND domain = $domain
        AND lon_raw BETWEEN -108000000 AND 107999999 AND lat_raw BETWEEN -54000000 AND 54000000
    GROUP BY ALL"""
)
_STATIONS = f"""
    SELECT src_id, station, count(*), count(DISTINCT domain::UBIGINT * 4294967296 + subject_id),
           max(t_ms){_FROM}
    WHERE t_ms BETWEEN $from_ms AND $to_ms GROUP BY src_id, station ORDER BY src_id, station"""


class Archive(WhoIs):
    """What is stored in a home, to be asked. Reads only; may be used by several threads.

    Times are event times in ms UTC, both ends of a span included. Fixes come in canonical order.
    It sees what writers have flushed, at once.

    Args:
        home: the home to read.

    Raises:
        StoreError: from every method, if the shards cannot be read.

    Example:
        >>> import tempfile
        >>> from sargas.store import Home, ShardWriter
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder)
        ...     with ShardWriter(home) as writer:
        ...         writer.append(Fixes.build(2, subject_id=[7, 7], t_ms=[2**40, 10**12]))
        ...     with Archive(home) as archive:
        ...         archive.track(SEA, 7, 0, 2**41).t_ms.tolist(), archive.days()
        0
        ([1000000000000, 1099511627776], ['2001-09-09', '2004-11-03'])
    """

    def track(self, domain: int, subject_id: int, from_ms: int, to_ms: int) -> Fixes:
        """Read one subject's fixes in a span of time.

        Args:
            domain: `SEA` or `AIR`.
            subject_id: MMSI or ICAO 24-bit address.
            from_ms, to_ms: event time, both included.
        """
        if not is_subject(domain, subject_id):
            return Fixes.empty()
        return self.rows_of(Fixes, (domain, subject_id), bounded(from_ms), bounded(to_ms))

    def last_fix(self, domain: int, subject_id: int, as_of_ms: int | None = None) -> Fixes:
        """Read one subject's last fix with a position, however old: one row, or none.

        Args:
            domain, subject_id: the subject.
            as_of_ms: leave out what was reported later; None reads all.
        """
        if not is_subject(domain, subject_id):
            return Fixes.empty()
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id}
        to_ms = LATEST if as_of_ms is None else as_of_ms
        return self._fixes(_LAST_FIX, EARLIEST, to_ms, values, shard)

    def box(
        self, lon1: float, lat1: float, lon2: float, lat2: float,
        from_ms: int, to_ms: int, limit: int = 100_000,
    ) -> Fixes:  # fmt: skip
        """Read the fixes inside a box of longitude and latitude in a span of time.

        Args:
            lon1, lat1, lon2, lat2: degrees, the south-west and north-east corner; edges are
                inside. `lon1 > lon2` is a box across the antimeridian.
            from_ms, to_ms: event time, both included.
            limit: at most so many, the earliest; if as many come there may be more.

        Raises:
            UsageError: the corners are no box, or the limit is negative.
        """
        edges = {"lon1": lon1, "lat1": lat1, "lon2": lon2, "lat2": lat2}
        if not all(map(isfinite, edges.values())) or lat1 > lat2:
            raise UsageError(
                f"{lon1}, {lat1}, {lon2}, {lat2} is no box.",
                hint="Give west, south, east, north in degrees.",
            )
        limits = {
            **_wire_bounds("lon", lon1, lon2, 180),
            **_wire_bounds("lat", lat1, lat2, 90),
            "limit": checked_limit(limit),
        }
        return self._fixes(_BOX, from_ms, to_ms, {**edges, **limits})

    def last_positions(self, as_of_ms: int, max_age_ms: int) -> Fixes:
        """Read each subject's last fix with a position, as known at an event time.

        Args:
            as_of_ms: fixes after it are left out.
            max_age_ms: subjects without a position for longer are left out.

        Returns:
            One fix a subject. Of several at the same millisecond it is the last in order.
        """
        found = self._fixes(_LAST, as_of_ms - max_age_ms, as_of_ms, {})
        keys = subject_keys(found.domain, found.subject_id)
        is_last = np.ones(len(found), dtype=np.bool_)
        is_last[:-1] = keys[1:] != keys[:-1]
        return found.take(is_last)

    def stations(self, from_ms: int, to_ms: int) -> list[dict[str, int]]:
        """Count what each station of each source brought in a span.

        Returns:
            `src_id`, `station` (-1 where the source names none), `fixes`, `subjects`, `last_ms`.
        """
        bounds = {"from_ms": bounded(from_ms), "to_ms": bounded(to_ms)}
        names = ("src_id", "station", "fixes", "subjects", "last_ms")
        rows = self._ask(_STATIONS, FIXES, from_ms, to_ms, bounds)
        return [dict(zip(names, map(int, row), strict=True)) for row in rows]

    def reports_by_cell(
        self, from_ms: int, to_ms: int, lon_step_deg: float, lat_step_deg: float
    ) -> dict[tuple[int, int], int]:
        """Count ships' position reports by cells of longitude and latitude.

        Args:
            from_ms, to_ms: event time, both included.
            lon_step_deg, lat_step_deg: size of a cell, a whole number of 1/600000 degree.

        Returns:
            Reports by (row from 90 S, column from 180 W); cells without any are left out.
        """
        values = {
            "from_ms": bounded(from_ms), "to_ms": bounded(to_ms), "domain": SEA,
            "lon_step": round(lon_step_deg * PER_DEGREE),
            "lat_step": round(lat_step_deg * PER_DEGREE),
        }  # fmt: skip
        rows = self._ask(_CELLS, FIXES, from_ms, to_ms, values)
        return {(int(row), int(column)): int(count) for row, column, count in rows}

    def span(self) -> tuple[int, int] | None:
        """Give the first and last event time of all fixes; None if there are none."""
        days = self.days()
        if not days:
            return None
        query = "SELECT min(t_ms), max(t_ms)" + _FROM  # answered from the files' statistics
        ends = []
        for day in (days[0], days[-1]):
            start = day_ms(day)
            ends += self._ask(query, FIXES, start, start + DAY_MS - 1, {})
        return int(ends[0][0]), int(ends[-1][1])

    def _fixes(
        self, query: str, from_ms: int, to_ms: int, values: dict[str, Any], shard: int | None = None
    ) -> Fixes:
        bounds = {"from_ms": bounded(from_ms), "to_ms": bounded(to_ms)}
        table = self._ask(query, FIXES, from_ms, to_ms, {**values, **bounds}, shard, arrow=True)
        if table is None:
            return Fixes.empty()
        fixes = fixes_from_arrow(table)
        return fixes.take(canonical_order(fixes))


def _wire_bounds(axis: str, low: float, high: float, limit: int) -> dict[str, int]:
    """Bound a coordinate in wire units, a little wider than asked: numbers the scan can skip by.

    A span across the antimeridian (`low > high`) is bounded by the whole circle only.
    """
    if low > high:
        low, high = -limit, limit
    most = int(limit * PER_DEGREE)
    first = floor(max(-limit, min(low, limit)) * PER_DEGREE) - 1
    last = ceil(max(-limit, min(high, limit)) * PER_DEGREE) + 1
    return {f"{axis}_from": max(first, -most), f"{axis}_to": min(last, most)}
