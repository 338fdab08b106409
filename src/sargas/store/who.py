"""Questions of who a vessel said it is: by its number, by a part of its name, and since when."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sargas.model.fixes import AIR, SEA, Statics
from sargas.store import files
from sargas.store.asking import EARLIEST, LATEST, bounded, checked_limit, is_subject
from sargas.store.canon import shard_of
from sargas.store.home import FIXES, STATICS, Home
from sargas.store.memo import Memo
from sargas.store.naming import KEPT_BYTES as NAMES_BYTES
from sargas.store.naming import SAID, Names, found_in, names_of
from sargas.store.subject_rows import SubjectRows

DOMAIN_WORDS = {SEA: "sea", AIR: "air"}
_LAST_TIME = """
    SELECT max(t_ms) FROM read_parquet($files, hive_partitioning = false)
    WHERE domain = $domain AND subject_id = $subject_id AND t_ms <= $to_ms"""
_STATIC_FIELDS = (
    "imo", "name", "callsign", "ship_type", "length_m", "beam_m", "draught_dm", "destination",
    "eta_raw",
)  # fmt: skip


class WhoIs(SubjectRows):
    """The questions that an archive answers from static reports. Reads only.

    Times are event times in ms UTC.

    Args:
        home: the home to read.
    """

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._said: Memo[Names] = Memo(NAMES_BYTES)
        self._naming = threading.Lock()

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
        limit = checked_limit(limit)
        subjects = found_in(self._names(bounded(to_ms)), needle)[:limit]
        known = self._statics_of(subjects, to_ms)
        found = [known[subject] for subject in subjects if subject in known]
        if len(needle) == 9 and needle.isascii() and needle.isdigit():
            mmsi = int(needle)
            if (SEA, mmsi) not in known and len(found) < limit:
                last_ms = self._last_ms(SEA, mmsi, to_ms)
                found += [] if last_ms is None else [_vessel(SEA, mmsi, last_ms)]
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
        to_ms = LATEST if as_of_ms is None else as_of_ms
        return self.rows_of(Statics, (domain, subject_id), EARLIEST, bounded(to_ms))

    def _names(self, to_ms: int) -> list[Names]:
        """Give what each file says up to a time."""

        def read() -> list[Names]:
            listed = self.listed(STATICS, EARLIEST, to_ms)
            # All that a file says counts for every time after it.
            keys = [(file, to_ms if file.last_ms > to_ms else None) for file in listed]
            found = {key: self._said.get(key) for key in keys}
            for whole in (True, False):
                missing = {
                    str(key[0].path): key for key, known in found.items()
                    if known is None and (key[1] is None) == whole
                }  # fmt: skip
                rows: dict[str, list[Any]] = {path: [] for path in missing}
                paths = [key[0].path for key in missing.values()]
                for row in self.answer(SAID, paths, {"to_ms": to_ms}) if paths else ():
                    rows[row[0]].append(row[1:])
                for path, key in missing.items():
                    names = found[key] = names_of(rows[path])
                    self._said.keep(key, names, names.bytes)
            return [names for names in found.values() if names is not None]

        with self._naming:  # of several who search, one reads
            return files.retrying(read, lost=(FileNotFoundError,))

    def _statics_of(
        self, subjects: list[tuple[int, int]], to_ms: int
    ) -> dict[tuple[int, int], dict[str, Any]]:
        said = self.rows_of_all(Statics, subjects, EARLIEST, bounded(to_ms))
        return {subject: _static(*subject, rows) for subject, rows in said.items() if len(rows)}

    def _last_ms(self, domain: int, subject_id: int, to_ms: int) -> int | None:
        shard = int(shard_of(domain, subject_id, self.home.shards)[0])
        values = {"domain": domain, "subject_id": subject_id, "to_ms": bounded(to_ms)}
        rows = self._ask(_LAST_TIME, FIXES, EARLIEST, to_ms, values, shard)
        return None if not rows else rows[0][0]


def _static(domain: int, subject_id: int, said: Statics) -> dict[str, Any]:
    """Put together of each field the last value sent, None where there is none.

    Args:
        domain, subject_id: the vessel.
        said: what it sent, in canonical order.
    """
    fields = {name: _last_said(getattr(said, name), said) for name in _STATIC_FIELDS}
    return _vessel(domain, subject_id, int(said.t_ms[-1]), fields)


def _last_said(column: NDArray[Any], said: Statics) -> Any:  # noqa: ANN401 - a number or a text
    """Give the last value of a column that says something: a 0 and an empty text say nothing.

    Of several at one time it is the last by payload, station and value.
    """
    at = column.nonzero()[0]
    if not len(at):
        return None
    last = at[-1:]
    if len(at) > 1 and said.t_ms[at[-2]] == said.t_ms[at[-1]]:
        last = at[said.t_ms[at] == said.t_ms[at[-1]]]
        last = last[np.lexsort((column[last], said.station[last], said.payload_hash[last]))]
    value = column[last[-1]]
    return value.decode("latin-1") if column.dtype.kind == "S" else int(value)


def _vessel(
    domain: int, subject_id: int, t_ms: int, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write who a vessel is; without fields, one that never said it."""
    said = fields or dict.fromkeys(_STATIC_FIELDS)
    said = {"draught_m" if k == "draught_dm" else k: v for k, v in said.items()}
    if said["draught_m"] is not None:
        said["draught_m"] /= 10
    subject = {"domain": DOMAIN_WORDS.get(domain, str(domain)), "mmsi": subject_id}
    return {**subject, **said, "t_ms": t_ms}
