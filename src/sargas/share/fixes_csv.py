"""The fixes of an alert as CSV: what was received, with the integers of the wire beside the units.

No column says what sargas made of a row: the fixes are facts, the alert is the hypothesis.
"""

from __future__ import annotations

import csv
import io

from sargas.model.fixes import Fixes
from sargas.model.time import iso

TIME_SOURCES = {
    0: "none", 1: "tag block", 2: "after checksum", 3: "PGHP line", 4: "message", 5: "reader",
}  # fmt: skip
"""What `t_source` stands for (`decode.codes.TSource`)."""

RAW = (
    "lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw", "rot_raw", "nav_status", "second_s",
    "flags", "quality",
)  # fmt: skip
COLUMNS = (
    "t", "t_ms", "t_source", "domain", "subject_id", "msg_type", "lon_deg", "lat_deg", "sog_kn",
    "cog_deg", "heading_deg", *RAW, "payload_hash", "station", "src_id", "src_offset",
)  # fmt: skip

LEGEND = """\
t, t_ms        when the report was received, UTC; t_source says whose clock that is:
               tag block or PGHP line = the receiving station's, after checksum = the time of
               delivery, reader = the file's own time or the program that read it
domain         sea or air; subject_id is the MMSI or the ICAO 24-bit address
msg_type       AIS message type, 0 where the source does not say
lon_deg ...    in units, empty where the report says "not available"
*_raw          the integers as sent: 1/600,000 degree, 0.1 kn, 0.1 degree, degrees
nav_status     ITU-R M.1371-5, table 45; 15 undefined
second_s       UTC second in the report, 60-63 are none
flags, quality bits as in sargas/decode/codes.py (Flag, Quality)
payload_hash   equal for copies of one report
station        the receiving station's number; -1 unknown; -2 and below: the source names its
               stations in words, which a home does not keep
src_id, src_offset   which file or connection of that scan, and the byte or row there
"""


def head(*more: str) -> str:
    """Write the line that names the columns, and more of them behind."""
    return ",".join((*COLUMNS, *more)) + "\n"


def rows_text(fixes: Fixes, *more: str) -> str:
    """Write fixes, a row each, in the order given, without the line of names.

    Args:
        fixes: n rows.
        more: what stands behind each row.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    units = (
        (fixes.lon_deg, 6), (fixes.lat_deg, 6), (fixes.sog_kn, 1), (fixes.cog_deg, 1),
        (fixes.heading_deg, 0),
    )  # fmt: skip
    written = [[_written(v, digits) for v in column.tolist()] for column, digits in units]
    raw = [getattr(fixes, name).tolist() for name in RAW]
    plain = [
        getattr(fixes, name).tolist()
        for name in ("t_ms", "t_source", "domain", "subject_id", "msg_type", "payload_hash")
    ]
    where = [getattr(fixes, name).tolist() for name in ("station", "src_id", "src_offset")]
    for i, (t_ms, source, domain, subject, kind, payload) in enumerate(zip(*plain, strict=True)):
        rows.writerow(
            (
                iso(t_ms), t_ms, TIME_SOURCES.get(source, source), ("sea", "air")[domain == 1],
                subject, kind, *(column[i] for column in written), *(column[i] for column in raw),
                f"{payload:016x}", *(column[i] for column in where), *more,
            )
        )  # fmt: skip
    return out.getvalue()


def as_text(fixes: Fixes) -> str:
    """Write fixes, a row each, in the order given, under the names of the columns."""
    return head() + rows_text(fixes)


def _written(value: float, digits: int) -> str:
    """Write a number, empty where there is none."""
    return "" if value != value else f"{value:.{digits}f}"
