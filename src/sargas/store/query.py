"""Questions to the shards: tracks, boxes, last positions, and who a vessel said it is.

DuckDB in memory reads the Parquet files; days, shards and files that cannot hold an answer are
left out before it starts. Every value from outside is a bound parameter.
"""

from __future__ import annotations

import threading
from glob import escape
from math import ceil, floor, isfinite
from pathlib import Path
from typing import Any, Self

import duckdb
import numpy as np

from sargas.errors import StoreError, UsageError
from sargas.model.arrow import fixes_from_arrow, statics_from_arrow
from sargas.model.fixes import AIR, PER_DEGREE, SEA, Fixes, Statics
from sargas.model.time import DAY_MS, parse_iso
from sargas.store import files
from sargas.store.canon import canonical_order, shard_of, subject_keys
from sargas.store.home import FIXES, STATICS, Home

DOMAIN_WORDS = {SEA: "sea", AIR: "air"}
MEMORY = "2GB"
"""What DuckDB may use (chosen); a question that needs more is refused, not spilled to disk."""

_EARLIEST, _LATEST = -(2**62), 2**62
_COLUMNS = ", ".join(Fixes.DTYPES)
_FROM = " FROM read_parquet($files, hive_partitioning = false)"
_FIXES = "SELECT " + _COLUMNS + _FROM + " WHERE t_ms BETWEEN $from_ms AND $to_ms"

_OF = " AND domain = $domain AND subject_id = $subject_id"
_TRACK = _FIXES + _OF
_LAST_FIX = (
    _TRACK + " AND lon_raw BETWEEN -108000000 AND 108000000"
    " AND lat_raw BETWEEN -54000000 AND 54000000"
    " ORDER BY t_ms DESC, payload_hash DESC, station DESC LIMIT 1"
)
_SAID = (
    "SELECT "
    + ", ".join(Statics.DTYPES)
    + _FROM
    + " WHERE t_ms <= $to_ms"
    + _OF
    + " ORDER BY t_ms, payload_hash, station"
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
_LAST_TIME = (
    "SELECT max(t_ms)" + _FROM + " WHERE domain = $domain AND subject_id = $subject_id"
    " AND t_ms <= $to_ms"
)
_NAMED = """
    WITH named AS (
        SELECT *, CASE domain WHEN 0 THEN lpad(subject_id::VARCHAR, 9, '0')
                              ELSE printf('%06x', subject_id) END AS number,
               imo::VARCHAR AS imo_text, lower(name) AS low_name, lower(callsign) AS low_call
        FROM read_parquet($files, hive_partitioning = false) WHERE t_ms <= $to_ms
    ), found AS (
        SELECT domain, subject_id, t_ms, least(
            CASE WHEN number = $text OR imo_text = $text OR low_name = $text OR low_call = $text
                 THEN 0 ELSE 2 END,
            CASE WHEN starts_with(number, $text) OR starts_with(low_name, $text)
                   OR starts_with(imo_text, $text) OR starts_with(low_call, $text)
                 THEN 1 ELSE 2 END) AS place
        FROM named
        WHERE contains(number, $text) OR contains(imo_text, $text)
           OR contains(low_name, $text) OR contains(low_call, $text)
    )
    SELECT domain, subject_id FROM found GROUP BY domain, subject_id
    ORDER BY min(place), max(t_ms) DESC, domain, subject_id LIMIT $limit"""
_STATICS = """
    SELECT domain, subject_id, max(t_ms) AS t_ms,
        arg_max(imo, (t_ms, payload_hash, station, imo)) FILTER (imo <> 0),
        arg_max(name, (t_ms, payload_hash, station, name)) FILTER (name <> ''),
        arg_max(callsign, (t_ms, payload_hash, station, callsign)) FILTER (callsign <> ''),
        arg_max(ship_type, (t_ms, payload_hash, station, ship_type)) FILTER (ship_type <> 0),
        arg_max(length_m, (t_ms, payload_hash, station, length_m)) FILTER (length_m <> 0),
        arg_max(beam_m, (t_ms, payload_hash, station, beam_m)) FILTER (beam_m <> 0),
        arg_max(draught_dm, (t_ms, payload_hash, station, draught_dm)) FILTER (draught_dm <> 0),
        arg_max(destination, (t_ms, payload_hash, station, destination))
            FILTER (destination <> ''),
        arg_max(eta_raw, (t_ms, payload_hash, station, eta_raw)) FILTER (eta_raw <> 0)
    FROM read_parquet($files, hive_partitioning = false)
    WHERE t_ms <= $to_ms
      AND list_contains($keys::UBIGINT[], domain::UBIGINT * 4294967296 + subject_id)
    GROUP BY domain, subject_id"""
_STATIONS = f"""
    SELECT src_id, station, count(*), count(DISTINCT domain::UBIGINT * 4294967296 + subject_id),
           max(t_ms){_FROM}
    WHERE t_ms BETWEEN $from_ms AND $to_ms GROUP BY src_id, station ORDER BY src_id, station"""
_STATIC_FIELDS = (
    "imo", "name", "callsign", "ship_type", "length_m", "beam_m", "draught_m", "destination",
    "eta_raw",
)  # fmt: skip


class Archive:
    """What is stored in a home, to be asked. Reads only; may be used by several threads.

    Times are event times in ms UTC, both ends of a span included. Fixes come in canonical order.
    It sees what writers have flushed, at once.

    Args:
        home: the home to read.

    Raises:
        StoreError: from every method, if the shards cannot be read.

    Example:
        >>> import tempfile
        >>> from sargas.store.shards import ShardWriter
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     home = Home(folder)
        ...     with ShardWriter(home) as writer:
        ...         writer.append(Fixes.build(2, subject_id=[7, 7], t_ms=[2**40, 10**12]))
        ...     with Archive(home) as archive:
        ...         archive.track(SEA, 7, 0, 2**41).t_ms.tolist(), archive.days()
        0
        ([1000000000000, 1099511627776], ['2001-09-09', '2004-11-03'])
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._database = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "memory_limit": MEMORY,
                "temp_directory": "",
            },
        )

    def __repr__(self) -> str:
        return f"Archive({str(self.home.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the archive cannot be asked any more."""
        self._database.close()

    def track(self, domain: int, subject_id: int, from_ms: int, to_ms: int) -> Fixes:
        """Read one subject's fixes in a span of time.

        Args:
            domain: `SEA` or `AIR`.
            subject_id: MMSI or ICAO 24-bit address.
            from_ms, to_ms: event time, both included.
        """
        if not _is_subject(domain, subject_id):
            return Fixes.empty()
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id}
        return self._fixes(_TRACK, from_ms, to_ms, values, shard)

    def last_fix(self, domain: int, subject_id: int, as_of_ms: int | None = None) -> Fixes:
        """Read one subject's last fix with a position, however old: one row, or none.

        Args:
            domain, subject_id: the subject.
            as_of_ms: leave out what was reported later; None reads all.
        """
        if not _is_subject(domain, subject_id):
            return Fixes.empty()
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id}
        to_ms = _LATEST if as_of_ms is None else as_of_ms
        return self._fixes(_LAST_FIX, _EARLIEST, to_ms, values, shard)

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
            "limit": _checked_limit(limit),
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
        bounds = {"from_ms": _bounded(from_ms), "to_ms": _bounded(to_ms)}
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
            "from_ms": _bounded(from_ms), "to_ms": _bounded(to_ms), "domain": SEA,
            "lon_step": round(lon_step_deg * PER_DEGREE),
            "lat_step": round(lat_step_deg * PER_DEGREE),
        }  # fmt: skip
        rows = self._ask(_CELLS, FIXES, from_ms, to_ms, values)
        return {(int(row), int(column)): int(count) for row, column, count in rows}

    def vessels(
        self, text: str, limit: int = 20, as_of_ms: int | None = None
    ) -> list[dict[str, Any]]:
        """Search vessels by a part of their name, call sign, MMSI or IMO number.

        Any name a vessel had in the archive finds it. A full MMSI finds a vessel that sent
        positions only. Capitals and blanks at the ends do not matter; empty text finds all.

        Args:
            text: what to look for, taken literally.
            limit: at most so many: equal ones first, then by the beginning, then the latest.
            as_of_ms: leave out what was reported later; None reads all.

        Returns:
            As `static_of`.
        """
        needle = text.strip().lower().encode("utf-8", "replace").decode("utf-8")
        to_ms = _LATEST if as_of_ms is None else as_of_ms
        values = {"text": needle, "limit": _checked_limit(limit), "to_ms": _bounded(to_ms)}
        rows = self._ask(_NAMED, STATICS, _EARLIEST, to_ms, values)
        subjects = [(int(row[0]), int(row[1])) for row in rows]
        known = self._statics_of(subjects, to_ms)
        found = [known[subject] for subject in subjects if subject in known]
        if len(needle) == 9 and needle.isascii() and needle.isdigit():
            mmsi = int(needle)
            if (SEA, mmsi) not in known and len(found) < limit:
                last_ms = self._last_ms(SEA, mmsi, to_ms)
                found += [] if last_ms is None else [_static(SEA, mmsi, last_ms, [None] * 9)]
        return found

    def static_of(
        self, domain: int, subject_id: int, as_of_ms: int | None = None
    ) -> dict[str, Any] | None:
        """Say who a vessel said it was at an event time: of each field the last value sent.

        Args:
            domain, subject_id: the subject.
            as_of_ms: leave out what was reported later; None reads all.

        Returns:
            `domain` ("sea", "air"), `mmsi`, `imo`, `name`, `callsign`, `ship_type`, `length_m`,
            `beam_m`, `draught_m`, `destination`, `eta_raw` and `t_ms`, the time of the last
            report; fields never sent are None, texts are as sent and hostile until escaped.
            None if the subject sent no static report.
        """
        if not _is_subject(domain, subject_id):
            return None
        to_ms = _LATEST if as_of_ms is None else as_of_ms
        return self._statics_of([(domain, subject_id)], to_ms).get((domain, subject_id))

    def statics_of(self, domain: int, subject_id: int, as_of_ms: int | None = None) -> Statics:
        """Read every static report of one subject, in order of time.

        Args:
            domain, subject_id: the subject.
            as_of_ms: leave out what was reported later; None reads all.
        """
        if not _is_subject(domain, subject_id):
            return Statics.empty()
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        to_ms = _LATEST if as_of_ms is None else as_of_ms
        values = {"domain": domain, "subject_id": subject_id, "to_ms": _bounded(to_ms)}
        table = self._ask(_SAID, STATICS, _EARLIEST, to_ms, values, shard, arrow=True)
        return Statics.empty() if table is None else statics_from_arrow(table)

    def span(self) -> tuple[int, int] | None:
        """Give the first and last event time of all fixes; None if there are none."""
        days = self.days()
        if not days:
            return None
        query = "SELECT min(t_ms), max(t_ms)" + _FROM  # answered from the files' statistics
        ends = []
        for day in (days[0], days[-1]):
            start = _day_ms(day)
            ends += self._ask(query, FIXES, start, start + DAY_MS - 1, {})
        return int(ends[0][0]), int(ends[-1][1])

    def days(self) -> list[str]:
        """Name the days with fixes, oldest first."""
        shards = range(self.home.shards)
        return [
            day
            for day in self.home.days(FIXES)
            if any(files.list_shard(self.home.shard_path(FIXES, day, one)) for one in shards)
        ]

    # --- below: how the questions are asked ---

    def _fixes(
        self, query: str, from_ms: int, to_ms: int, values: dict[str, Any], shard: int | None = None
    ) -> Fixes:
        bounds = {"from_ms": _bounded(from_ms), "to_ms": _bounded(to_ms)}
        table = self._ask(query, FIXES, from_ms, to_ms, {**values, **bounds}, shard, arrow=True)
        if table is None:
            return Fixes.empty()
        fixes = fixes_from_arrow(table)
        return fixes.take(canonical_order(fixes))

    def _statics_of(
        self, subjects: list[tuple[int, int]], to_ms: int
    ) -> dict[tuple[int, int], dict[str, Any]]:
        if not subjects:
            return {}
        shards = {int(shard_of(*subject, self.home.shards)[0]) for subject in subjects}
        shard = shards.pop() if len(shards) == 1 else None
        values = {
            "keys": [domain << 32 | subject_id for domain, subject_id in subjects],
            "to_ms": _bounded(to_ms),
        }
        rows = self._ask(_STATICS, STATICS, _EARLIEST, to_ms, values, shard)
        return {(row[0], row[1]): _static(row[0], row[1], row[2], row[3:]) for row in rows}

    def _last_ms(self, domain: int, subject_id: int, to_ms: int) -> int | None:
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id, "to_ms": _bounded(to_ms)}
        rows = self._ask(_LAST_TIME, FIXES, _EARLIEST, to_ms, values, shard)
        return None if not rows else rows[0][0]

    def _ask(
        self, query: str, table: str, from_ms: int, to_ms: int, values: dict[str, Any],
        shard: int | None = None, *, arrow: bool = False,
    ) -> Any:  # fmt: skip # noqa: ANN401 - an Arrow table or rows
        """Ask the files that may hold an answer; None or no rows if there are no such files."""

        def ask() -> Any:  # noqa: ANN401
            paths = self._paths(table, from_ms, to_ms, shard)
            if not paths:
                return None if arrow else []
            with self._lock:
                cursor = self._database.cursor()
            try:
                bound = {"files": [escape(str(path)) for path in paths], **values}
                answer = cursor.sql(query, params=bound)
                return answer.to_arrow_table() if arrow else answer.fetchall()
            except duckdb.Error as error:
                if not all(path.exists() for path in paths):
                    raise FileNotFoundError(str(error)) from error
                raise self._refused(error) from error
            finally:
                cursor.close()

        return files.retrying(ask, lost=(FileNotFoundError,))

    def _paths(self, table: str, from_ms: int, to_ms: int, shard: int | None) -> list[Path]:
        """Name the files whose day, shard and times may hold an answer."""
        found = []
        for day in self.home.days(table):
            start = _day_ms(day)
            if start <= to_ms and start + DAY_MS > from_ms:
                found += [
                    file.path
                    for file in self._files_of_day(table, day, shard)
                    if file.first_ms <= to_ms and file.last_ms >= from_ms
                ]
        return found

    def _files_of_day(self, table: str, day: str, shard: int | None) -> list[files.ShardFile]:
        shards = range(self.home.shards) if shard is None else [shard]
        places = (self.home.shard_path(table, day, one) for one in shards)
        return [file for place in places for file in files.list_shard(place)]

    def _refused(self, error: duckdb.Error) -> StoreError:
        reason = str(error).split("\n")[0]
        hint = "Move a damaged file out of the home and scan that day's source again."
        if isinstance(error, duckdb.OutOfMemoryException):
            hint = "Ask for a shorter span, a smaller box or a lower limit."
        where = str(self.home.path)
        return StoreError(f"The archive cannot answer: {reason}.", where=where, hint=hint)


def _static(domain: int, subject_id: int, t_ms: int, values: Any) -> dict[str, Any]:  # noqa: ANN401
    fields = dict(zip(_STATIC_FIELDS, values, strict=True))
    if fields["draught_m"] is not None:
        fields["draught_m"] /= 10
    subject = {"domain": DOMAIN_WORDS.get(domain, str(domain)), "mmsi": subject_id}
    return {**subject, **fields, "t_ms": t_ms}


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


def _is_subject(domain: int, subject_id: int) -> bool:
    return 0 <= domain < 256 and 0 <= subject_id < 2**32


def _checked_limit(limit: int) -> int:
    if limit < 0:
        raise UsageError(f"A limit of {limit} is negative.")
    return min(limit, _LATEST)


def _bounded(t_ms: int) -> int:
    return max(_EARLIEST, min(int(t_ms), _LATEST))


def _day_ms(day: str) -> int:
    return parse_iso(f"{day}T00:00:00Z")
