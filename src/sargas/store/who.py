"""Questions of who a vessel said it is: by its number, by a part of its name, and since when."""

from __future__ import annotations

from typing import Any

from sargas.model.arrow import statics_from_arrow
from sargas.model.fixes import AIR, SEA, Statics
from sargas.store.asking import EARLIEST, LATEST, Asking, bounded, checked_limit, is_subject
from sargas.store.canon import shard_of
from sargas.store.home import FIXES, STATICS

DOMAIN_WORDS = {SEA: "sea", AIR: "air"}
_SAID = (
    "SELECT "  # noqa: S608 - joins constants only
    + ", ".join(Statics.DTYPES)
    + """ FROM read_parquet($files, hive_partitioning = false)
    WHERE t_ms <= $to_ms AND domain = $domain AND subject_id = $subject_id
    ORDER BY t_ms, payload_hash, station"""
)
_LAST_TIME = """
    SELECT max(t_ms) FROM read_parquet($files, hive_partitioning = false)
    WHERE domain = $domain AND subject_id = $subject_id AND t_ms <= $to_ms"""
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
_STATIC_FIELDS = (
    "imo", "name", "callsign", "ship_type", "length_m", "beam_m", "draught_m", "destination",
    "eta_raw",
)  # fmt: skip


class WhoIs(Asking):
    """The questions that an archive answers from static reports. Reads only.

    Times are event times in ms UTC.
    """

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
        to_ms = LATEST if as_of_ms is None else as_of_ms
        values = {"text": needle, "limit": checked_limit(limit), "to_ms": bounded(to_ms)}
        rows = self._ask(_NAMED, STATICS, EARLIEST, to_ms, values)
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
        if not is_subject(domain, subject_id):
            return None
        to_ms = LATEST if as_of_ms is None else as_of_ms
        return self._statics_of([(domain, subject_id)], to_ms).get((domain, subject_id))

    def statics_of(self, domain: int, subject_id: int, as_of_ms: int | None = None) -> Statics:
        """Read every static report of one subject, in order of time.

        Args:
            domain, subject_id: the subject.
            as_of_ms: leave out what was reported later; None reads all.
        """
        if not is_subject(domain, subject_id):
            return Statics.empty()
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        to_ms = LATEST if as_of_ms is None else as_of_ms
        values = {"domain": domain, "subject_id": subject_id, "to_ms": bounded(to_ms)}
        table = self._ask(_SAID, STATICS, EARLIEST, to_ms, values, shard, arrow=True)
        return Statics.empty() if table is None else statics_from_arrow(table)

    def _statics_of(
        self, subjects: list[tuple[int, int]], to_ms: int
    ) -> dict[tuple[int, int], dict[str, Any]]:
        if not subjects:
            return {}
        shards = {int(shard_of(*subject, self.home.shards)[0]) for subject in subjects}
        shard = shards.pop() if len(shards) == 1 else None
        values = {
            "keys": [domain << 32 | subject_id for domain, subject_id in subjects],
            "to_ms": bounded(to_ms),
        }
        rows = self._ask(_STATICS, STATICS, EARLIEST, to_ms, values, shard)
        return {(row[0], row[1]): _static(row[0], row[1], row[2], row[3:]) for row in rows}

    def _last_ms(self, domain: int, subject_id: int, to_ms: int) -> int | None:
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id, "to_ms": bounded(to_ms)}
        rows = self._ask(_LAST_TIME, FIXES, EARLIEST, to_ms, values, shard)
        return None if not rows else rows[0][0]


def _static(domain: int, subject_id: int, t_ms: int, values: Any) -> dict[str, Any]:  # noqa: ANN401
    fields = dict(zip(_STATIC_FIELDS, values, strict=True))
    if fields["draught_m"] is not None:
        fields["draught_m"] /= 10
    subject = {"domain": DOMAIN_WORDS.get(domain, str(domain)), "mmsi": subject_id}
    return {**subject, **fields, "t_ms": t_ms}
