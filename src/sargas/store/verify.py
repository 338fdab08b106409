"""Whether a home is whole: its shards, its ledger, and everything else that it keeps.

Nothing is changed and no lock is held: a home may be checked while a watch writes to it.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sargas.errors import SargasError
from sargas.model.fixes import Fixes, Statics
from sargas.model.time import DAY_MS, iso, iso_or_number
from sargas.store import files
from sargas.store.canon import canonical_order, shard_of
from sargas.store.damaged import FOLDER, files_set_aside
from sargas.store.home import FIXES, IDENTITY, STATICS, Home
from sargas.store.snapshots import FOLDER as SNAPSHOTS
from sargas.store.verify_journal import check_journal
from sargas.store.verify_ledger import Finding, check_ledger, few

KINDS: dict[str, type[Fixes] | type[Statics]] = {FIXES: Fixes, STATICS: Statics}
_AGAIN = (
    "Move it out of the home and scan that day's source again, or restore the newest backup that "
    "is whole with 'sargas restore'."
)
_LEFT = "Nothing is lost: the next writer removes it."

Progress = Callable[[int], None]


@dataclass
class HomeChecked:
    """What a home holds, and what is wrong with it.

    Attributes:
        counts: alerts, alert_versions, acts, fixes, statics, files.
        head: hash of the newest line of the audit log.
        findings: what is wrong, and what a killed writer left.
    """

    counts: dict[str, int] = field(default_factory=dict)
    head: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return not any(one.is_damage for one in self.findings)


def verify_home(
    home: Home, *, deep: bool = False, progress: Progress = lambda done: None
) -> HomeChecked:
    """Check everything that a home keeps.

    Args:
        home: the home.
        deep: decode every column of every shard too, and compare its rows with the name of the
            file, which is their hash, with its day and shard, and with their order.
        progress: called with the number of files checked.

    Raises:
        StoreError: a folder of the home cannot be listed.
    """
    out = HomeChecked()
    if home.ledger_path.exists():
        ledger = check_ledger(home.ledger_path)
        out.counts.update(ledger.counts)
        out.head, out.findings = ledger.head, ledger.findings
        out.findings += check_journal(home)
    seen = int(home.ledger_path.exists())
    for table in (FIXES, STATICS):
        rows = 0
        findings: list[Finding] = []
        for path in shard_files(home, table):
            seen += 1
            progress(seen)
            try:
                rows += _check_shard(home, table, path, deep=deep)
            except FileNotFoundError:
                continue  # a compaction has merged it meanwhile
            except _Wrong as error:
                findings.append(Finding(_in(home, path), str(error), _AGAIN))
        out.counts[table] = rows
        out.findings += few(iter(findings), table)
    for path in other_files(home):
        seen += 1
        progress(seen)
        if what := _unreadable(path):
            hint = "Restore it from a backup."
            out.findings.append(Finding(_in(home, path), what, hint))
    out.counts["files"] = seen
    out.findings += few(_set_aside(home), FOLDER)
    out.findings += few(_left_over(home), str(home.path))
    return out


def shard_files(home: Home, table: str) -> Iterator[Path]:
    """Give the files of a table that hold rows no merged file stands for, oldest day first.

    Where a damaged merged file does not say what it stands for, all files of its folder.
    """
    for day in home.days(table):
        for directory in sorted(home.table_path(table).joinpath(f"day={day}").glob("shard=*")):
            try:
                live = [file.path for file in files.list_shard(directory)]
            except SargasError:
                live = sorted(directory.glob("*.parquet"))
            yield from live


def other_files(home: Home) -> Iterator[Path]:
    """Give the plain files of a home that are neither shards nor the ledger.

    Left out are locks and what is only half written, which all writers of a home begin with a
    dot, what is no plain file, the earlier states of a live watch, which its next hours make anew,
    and the instance's private key, which no backup takes along.
    """
    ledger = home.ledger_path.name
    for folder, names, found in os.walk(home.path):
        at = Path(folder)
        names[:] = sorted(
            n for n in names
            if not is_passing(n) and not (at == home.path and n in {*KINDS, SNAPSHOTS})
        )  # fmt: skip
        for name in sorted(found):
            own = at == home.path and (name.startswith(ledger) or name == IDENTITY)
            path = at / name
            if not own and not is_passing(name) and stat.S_ISREG(path.lstat().st_mode):
                yield path


def is_passing(name: str) -> bool:
    """Tell from its name that a file is a lock or half written."""
    return name.startswith(".") or name.endswith((".lock", ".part"))


class _Wrong(Exception):
    """What is wrong with a shard file."""


def _check_shard(home: Home, table: str, path: Path, *, deep: bool) -> int:
    """Check one shard file; gives its rows."""
    import pyarrow.lib as pa
    import pyarrow.parquet as pq

    kind = KINDS[table]
    try:
        with pq.ParquetFile(path) as file:
            rows = int(file.metadata.num_rows)
            groups = file.metadata.num_row_groups
            in_groups = sum(file.metadata.row_group(i).num_rows for i in range(groups))
            names = set(file.schema_arrow.names)
            content: Any = file.read(columns=list(kind.DTYPES)) if deep else None
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _Wrong(f"The shard cannot be read: {' '.join(str(error).split())}.") from error
    if rows != in_groups or rows == 0:
        raise _Wrong(f"The shard claims {rows:,} rows, its parts {in_groups:,}.")
    if missing := sorted(set(kind.DTYPES) - names):
        raise _Wrong(f"Columns are missing: {', '.join(missing)}.")
    shard = path.parent.name.removeprefix("shard=")
    if not shard.isdecimal() or int(shard) >= home.shards:
        raise _Wrong(f"There is no shard {shard}; the home has {home.shards}.")
    if deep:
        _check_rows(home, kind, path, content)
    return rows


def _check_rows(home: Home, kind: type[Fixes] | type[Statics], path: Path, content: Any) -> None:  # noqa: ANN401 - pyarrow has no stubs
    """Check the rows of a shard against its name, its place and their order."""
    from sargas.model.arrow import fixes_from_arrow, statics_from_arrow

    try:
        read: Any = fixes_from_arrow if kind is Fixes else statics_from_arrow
        rows: Any = read(content)
    except SargasError as error:
        raise _Wrong(str(error)) from error
    day = path.parent.parent.name.removeprefix("day=")
    first, last = int(rows.t_ms.min()), int(rows.t_ms.max())
    days = {iso_or_number(t_ms)[:10] for t_ms in (first, last)}
    if days != {day} or last - first >= DAY_MS:
        raise _Wrong("It holds rows of another day.")
    shard = int(path.parent.name.removeprefix("shard="))
    if np.any(shard_of(rows.domain, rows.subject_id, home.shards) != shard):
        raise _Wrong("It holds vessels of another shard.")
    if np.any(np.diff(canonical_order(rows)) != 1):
        raise _Wrong("Its rows are not in order.")
    if path.name != files.content_name(rows, merged=path.name.endswith("-merged.parquet")):
        raise _Wrong("Its rows are not those that its name was made of.")


def _unreadable(path: Path) -> str:
    """Say what is wrong with a file that is no shard; empty where nothing is."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as bundle:
                bad = bundle.testzip()
            return f"'{bad}' in it is damaged." if bad else ""
        data = path.read_bytes()
        if path.suffix in (".json", ".geojson"):
            json.loads(data)
        elif path.suffix == ".jsonl":
            for number, line in enumerate(data.splitlines(), 1):
                try:
                    json.loads(line)
                except ValueError as error:
                    return f"Line {number} is no JSON: {error}."
    except FileNotFoundError:
        return ""  # replaced or removed meanwhile
    except OSError as error:
        return f"It cannot be read ({error.strerror or error})."
    except (
        ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        return f"It cannot be read: {error}."
    return ""


def _set_aside(home: Home) -> Iterator[Finding]:
    """Name damaged files that a writer has set aside."""
    for one in files_set_aside(home):
        what = (
            f"A damaged file was set aside here: {one.table} of {one.day}, shard {one.shard:02d}, "
            f"{iso(one.first_ms)} to {iso(one.last_ms)}."
        )
        hint = "Scan that day's source again, or restore a backup; then remove the file."
        yield Finding(_in(home, one.path), what, hint, False)


def _left_over(home: Home) -> Iterator[Finding]:
    """Name what killed writers left; while one writes, such files are its own."""
    if _is_written(home):
        return
    for table in KINDS:
        for path in sorted((home.table_path(table) / files.TEMPORARY).glob("*")):
            yield Finding(_in(home, path), "A half-written shard was left here.", _LEFT, False)
        for path in sorted(home.table_path(table).glob("day=*/shard=*/*")):
            if path.suffix != ".parquet":
                what, hint = "This is no shard.", "Move it out of the home."
                yield Finding(_in(home, path), what, hint, False)
    for folder in (
        home.path,
        *(p for p in home.path.iterdir() if p.is_dir() and p.name not in KINDS),
    ):
        for path in sorted(folder.iterdir()):
            if path.is_file() and is_passing(path.name) and not path.name.endswith(".lock"):
                yield Finding(_in(home, path), "A half-written file was left here.", _LEFT, False)


def _is_written(home: Home) -> bool:
    """Tell whether another process may be writing: who took the lock last still runs.

    The lock itself is not tried: for that moment a writer that starts would be refused.
    """
    try:
        holder = int((home.path / "writer.lock").read_text())
        os.kill(holder, 0)
    except PermissionError:
        return True  # it runs, under another user
    except (OSError, ValueError):
        return False
    return holder != os.getpid()


def _in(home: Home, path: Path) -> str:
    return path.relative_to(home.path).as_posix()
