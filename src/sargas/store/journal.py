"""The journal: all that live feeds brought, on disk before anything is made of it.

Records are appended and never changed. Whoever folds them commits how far it has come together
with what it found; killed at any point it reads on from there, and nothing that was received is
lost or folded twice. So the journal is also what waits when folding is slower than receiving.

A record is a header (length of the data, feed, kind, time of reception, checksum) and its data.
Offsets count bytes from the journal's first record on and never begin anew; a file is named by the
offset at which it begins.
"""

from __future__ import annotations

import os
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from sargas.errors import StoreError
from sargas.store.home import sync_directory, unusable

DATA, OPENED, SILENT, BACK = range(4)
"""What a record tells: bytes of a feed; that a connection began; that nothing came for too long,
with the reason; that something came again."""

FOLDER: Final = "journal"
"""Folder of a home in which its journal lies."""
CHECKPOINT: Final = "live"
"""Name under which the ledger keeps how far the journal was folded."""
SEGMENT_BYTES: Final = 64 << 20
"""A file is closed when it has so many bytes; a whole file is removed when it is not needed."""
DATA_MOST: Final = 64 << 20
"""Bytes of a record's data at most: a length beyond that is damage, not data."""
_HEADER: Final = struct.Struct("<IHBxqI")
_CHECKED: Final = struct.Struct("<IHBxq")
_FILE: Final = re.compile(r"(\d{20})\.log")


class Record(NamedTuple):
    """What a feed brought at a time.

    Attributes:
        offset: where it stands in the journal; end: where the next one begins.
        feed: number of the feed. kind: `DATA` or another of these words.
        t_ms: when it was received, Unix ms UTC.
        data: as received.
    """

    offset: int
    end: int
    feed: int
    kind: int
    t_ms: int
    data: bytes


class Journal:
    """A home's journal. One thread appends, another reads; one process at a time.

    Args:
        path: its directory; made if it is missing.
        segment_bytes: see `SEGMENT_BYTES`.
        begin: offset at which a new one begins: offsets never begin anew, though the files of the
            one before are gone.

    Attributes:
        is_new: whether there was none before.
        torn: bytes set aside at the end (`*.torn`): a record that was being written when the
            process or the machine died.

    Raises:
        StoreError: the directory cannot be used.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     journal = Journal(Path(folder, "journal"))
        ...     end = journal.append(1, DATA, 1735122360000, b"!AIVDM...")
        ...     [(r.feed, r.data) for r in journal.read(0, 1000)], journal.end == end
        ([(1, b'!AIVDM...')], True)
    """

    def __init__(self, path: Path, *, segment_bytes: int = SEGMENT_BYTES, begin: int = 0) -> None:
        self.path, self._segment_bytes = path, segment_bytes
        self.torn = 0
        self._file = -1
        self._synced = 0
        self._turn = threading.Lock()  # of the file: one thread appends, another brings to disk
        try:
            path.mkdir(parents=True, exist_ok=True)
            starts = self._starts()
            self.is_new = not starts
            self._start = starts[-1] if starts else begin
            self.end = self._open(whole=bool(starts))
        except OSError as error:
            raise unusable(error, path, "open the journal") from error

    @property
    def begin(self) -> int:
        """Offset of the first record that is still there."""
        starts = self._starts()
        return starts[0] if starts else self.end

    def append(self, feed: int, kind: int, t_ms: int, data: bytes = b"") -> int:
        """Write a record; all of it or nothing.

        Returns:
            The offset after it.

        Raises:
            StoreError: it could not be written, for instance because the disk is full; it may be
                tried again.
        """
        if len(data) > DATA_MOST:
            raise StoreError(f"A record of {len(data):,} bytes is too long.", where=str(self.path))
        head = _CHECKED.pack(len(data), feed, kind, t_ms)
        record = head + zlib.crc32(data, zlib.crc32(head)).to_bytes(4, "little") + data
        try:
            if self.end - self._start >= self._segment_bytes:
                self._next_file()
            self._write(record)
        except OSError as error:
            raise unusable(error, self.path, "write the journal") from error
        self.end += len(record)
        return self.end

    def sync(self) -> None:
        """Bring what was written to the disk: it outlives a loss of power then.

        Raises:
            StoreError: the disk refuses.
        """
        with self._turn:
            if self._synced == self.end:
                return
            end = self.end
            try:
                os.fdatasync(self._file)
            except OSError as error:
                raise unusable(error, self.path, "write the journal") from error
            self._synced = end

    def read(self, offset: int, most_bytes: int) -> list[Record]:
        """Read the records from an offset on.

        Args:
            offset: where a record begins, 0 or the `end` of another.
            most_bytes: of data, at most, but for one record.

        Returns:
            Records in order; none where there are no more yet.

        Raises:
            StoreError: the journal begins later, or is damaged there.
        """
        out: list[Record] = []
        taken = 0
        for record in self._records(offset, self.end):
            out.append(record)
            taken += len(record.data)
            if taken >= most_bytes:
                break
        return out

    def forget(self, offset: int) -> int:
        """Remove the files of which all lies before an offset.

        Returns:
            Bytes removed.

        Raises:
            StoreError: a file cannot be removed.
        """
        gone = 0
        for start, end in pairwise([*self._starts(), self.end]):
            if end > offset or start == self._start:
                break
            try:
                self._name(start).unlink()
            except OSError as error:
                raise unusable(error, self.path, "remove a file of the journal") from error
            gone += end - start
        return gone

    def close(self) -> None:
        """Bring what was written to the disk and close the file."""
        if self._file >= 0:
            try:
                self.sync()
            finally:
                os.close(self._file)
                self._file = -1

    def _name(self, start: int) -> Path:
        return self.path / segment_name(start)

    def _starts(self) -> list[int]:
        """List the offsets at which files begin."""
        found = (segment_start(name) for name in os.listdir(self.path))
        return sorted(start for start in found if start is not None)

    def _open(self, *, whole: bool) -> int:
        """Open the newest file to write, cutting off a record that was never finished.

        Returns:
            The journal's end.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._name(self._start), flags, 0o600)
        sync_directory(self.path)
        if not whole:
            return self._start
        size = os.fstat(self._file).st_size
        end = self._start
        for record in self._records(self._start, self._start + size, torn_is_end=True):
            end = record.end
        self.torn = self._start + size - end
        if self.torn:
            self._set_aside(end)
        return end

    def _set_aside(self, end: int) -> None:
        """Move what follows the last whole record of the newest file into a file of its own."""
        rest = os.pread(self._file, self.torn, end - self._start)
        self.path.joinpath(f"{end:020d}.torn").write_bytes(rest)
        os.ftruncate(self._file, end - self._start)

    def _next_file(self) -> None:
        """Begin a new file."""
        with self._turn:
            os.fdatasync(self._file)
            start, old = self._start, self._file
            self._start = self.end
            try:
                self._open(whole=False)
            except OSError:
                self._start, self._file = start, old
                raise
            os.close(old)

    def _write(self, record: bytes) -> None:
        """Write all of a record, or leave the file as it was."""
        try:
            done = os.write(self._file, record)
            while done < len(record):
                done += os.write(self._file, record[done:])
        except OSError:
            os.ftruncate(self._file, self.end - self._start)
            raise

    def _records(self, offset: int, end: int, *, torn_is_end: bool = False) -> Iterator[Record]:
        """Read records of the files from an offset up to another."""
        starts = [start for start in self._starts() if start < end]
        at = max((i for i, start in enumerate(starts) if start <= offset), default=None)
        if at is None:
            if offset >= end:
                return
            raise StoreError(
                f"The journal begins after offset {offset:,}: what was received before is gone.",
                where=str(self.path), hint="Restore it from a backup, or begin a new home.",
            )  # fmt: skip
        for start, until in zip(starts[at:], [*starts[at + 1 :], end], strict=True):
            yield from self._of_file(start, max(offset, start), until, torn_is_end=torn_is_end)

    def _of_file(self, start: int, offset: int, end: int, *, torn_is_end: bool) -> Iterator[Record]:
        """Read the records of one file."""
        try:
            with self._name(start).open("rb") as file:
                file.seek(offset - start)
                while offset < end:
                    record = _read_one(file.read, offset)
                    if record is None or record.end > end:
                        if torn_is_end:
                            return
                        raise StoreError(
                            f"The journal is damaged at offset {offset:,}.",
                            where=str(self._name(start)),
                            hint="Move the file away; what it held after that place is lost.",
                        )
                    yield record
                    offset = record.end
        except OSError as error:
            raise unusable(error, self._name(start), "read the journal") from error


def segment_name(start: int) -> str:
    """Name the file of a journal that begins at an offset."""
    return f"{start:020d}.log"


def segment_start(name: str) -> int | None:
    """Read the offset at which a file of a journal begins out of its name; None for another file.

    Example:
        >>> segment_start("00000000000000000800.log"), segment_start("00000000000000000800.torn")
        (800, None)
    """
    found = _FILE.fullmatch(name)
    return int(found[1]) if found else None


def _read_one(read: Callable[[int], bytes], offset: int) -> Record | None:
    """Read one record; None where it is torn or damaged."""
    head = read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    length, feed, kind, t_ms, checksum = _HEADER.unpack(head)
    if length > DATA_MOST:
        return None
    data = read(length)
    if len(data) < length or zlib.crc32(data, zlib.crc32(head[: _CHECKED.size])) != checksum:
        return None
    return Record(offset, offset + _HEADER.size + length, feed, kind, t_ms, data)
