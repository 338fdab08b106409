"""Bytes out of files: plain, gzip, zstd, zip or standard input, told apart by their first bytes.

Everything is streamed in pieces: a file that unpacks to a thousand times its size costs time, not
memory. A file that breaks off gives all that could be read, then an error that says where.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, Protocol

from sargas.errors import FormatError, InputError

PIECE: Final = 1 << 18
"""Bytes asked for at a time."""

_ZSTD_PIECE: Final = 1 << 16
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_ZIP_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, struct.error,
)  # fmt: skip
"""What zipfile and the unpackers behind it make of damage, besides an OSError."""
_LAYERS: Final = 4
"""A gzip in a zip is met in the wild; more layers than this are a trap."""


class Stream(Protocol):
    """Bytes in order."""

    def read(self, n: int) -> bytes:
        """Give at most `n` bytes, none at the end.

        Raises:
            InputError: the rest cannot be read.
        """


class Raw:
    """A file or standard input, with a look at its first bytes, counting what was read."""

    closed = False

    def __init__(self, file: IO[bytes], where: str) -> None:
        self.where, self.bytes_read = where, 0
        self._file, self._head = file, b""

    def peek(self, n: int, until: Callable[[bytes], bool] = lambda head: False) -> bytes:
        """Give up to `n` of the first bytes, again and again, without reading on.

        Args:
            n: how many at most.
            until: true when they are enough: a pipe is not waited for without need.
        """
        while len(self._head) < n and not until(self._head):
            more = self._some(n - len(self._head))
            if not more:
                break
            self._head += more
        return self._head[:n]

    def read(self, n: int = -1) -> bytes:
        """Give at most `n` bytes: what is there, without waiting for more of a pipe."""
        if self._head:
            data, self._head = self._head[:n], self._head[n:]
        else:
            data = self._some(PIECE if n < 0 else n)
        self.bytes_read += len(data)
        return data

    def _some(self, n: int) -> bytes:
        try:
            return (
                self._file.read1(n)
                if isinstance(self._file, io.BufferedReader)
                else (self._file.read(n))
            )
        except OSError as error:
            raise InputError(
                f"Reading failed after {self.bytes_read:,} bytes: {error.strerror or error}.",
                where=self.where,
            ) from error

    def readable(self) -> bool:
        """Say yes: pyarrow asks."""
        return True

    def writable(self) -> bool:
        """Say no."""
        return False

    def seekable(self) -> bool:
        """Say no: a stream goes forward."""
        return False

    def close(self) -> None:
        """Leave the file to its owner."""


class Gunzip:
    """Inflates gzip, also of several members in a row, in bounded memory."""

    def __init__(self, source: Stream, where: str) -> None:
        self._source, self._where = source, where
        self._inflate, self._input, self._taken = zlib.decompressobj(31), b"", 0
        self._between = False

    def read(self, n: int) -> bytes:
        """Give at most `n` inflated bytes."""
        while True:
            if not self._input:
                self._input = self._source.read(PIECE)
                self._taken += len(self._input)
                if not self._input:
                    return self._end(n)
            if self._between and not self._next_member():
                continue
            data = self._step(n)
            if self._inflate.eof:
                self._input, self._between = self._inflate.unused_data, True
            else:
                self._input = self._inflate.unconsumed_tail
            if data:
                return data

    def _step(self, n: int) -> bytes:
        try:
            return self._inflate.decompress(self._input, n)
        except zlib.error as error:
            raise InputError(
                f"The gzip data are damaged before byte {self._taken:,}: {error}.",
                where=self._where,
                hint="What was read before is used; fetch the file again for the rest.",
            ) from error

    def _next_member(self) -> bool:
        """Begin the next member; padding of zeros between or after members is passed over."""
        self._input = self._input.lstrip(b"\0")
        if not self._input:
            return False
        if not _GZIP.startswith(self._input[:2]):
            raise InputError(
                f"Bytes that are no gzip follow the gzip data, before byte {self._taken:,}.",
                where=self._where,
                hint="What was read before is used.",
            )
        self._inflate, self._between = zlib.decompressobj(31), False
        return True

    def _end(self, n: int) -> bytes:
        if self._between or not self._taken:
            return b""
        data = self._step(n)
        self._between = self._inflate.eof
        if data or self._between:
            return data
        raise InputError(
            f"The gzip data break off at byte {self._taken:,}: the file is not complete.",
            where=self._where,
            hint="What was read before is used; fetch the file again for the rest.",
        )


class Unzstd:
    """Inflates zstd by pyarrow."""

    def __init__(self, source: Raw | Peeked, where: str) -> None:
        import pyarrow.lib as pa

        self._source, self._where = source, where
        self._file = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")

    def read(self, n: int) -> bytes:
        """Give at most `n` inflated bytes."""
        try:
            return bytes(self._file.read(min(n, _ZSTD_PIECE)))
        except OSError as error:
            raise InputError(
                f"The zstd data break off or are damaged before byte"
                f" {self._source.bytes_read:,}: {error}.",
                where=self._where,
                hint="What was read before is used; fetch the file again for the rest.",
            ) from error


class Unzip:
    """Reads one member of a zip file."""

    def __init__(self, file: IO[bytes], where: str) -> None:
        self._file, self._where, self._given = file, where, 0

    def read(self, n: int) -> bytes:
        """Give at most `n` unpacked bytes."""
        try:
            data = self._file.read(n)
        except (*_ZIP_DAMAGE, OSError) as error:
            raise InputError(
                f"The zip data are damaged after {self._given:,} unpacked bytes: {error}.",
                where=self._where,
                hint="What was read before is used; fetch the file again for the rest.",
            ) from error
        self._given += len(data)
        return data


class Peeked(Raw):
    """Another stream with a look at its first bytes."""

    def __init__(self, stream: Stream, where: str) -> None:
        super().__init__(io.BytesIO(), where)
        self._stream = stream

    def _some(self, n: int) -> bytes:
        return self._stream.read(n)


class Source:
    """What `open_source` opened.

    Attributes:
        where: the path as given, or `-`.
        path: the path, None for standard input.
        bytes_total: size of the file as it lies there; None where it is unknown.
    """

    def __init__(self, path: Path | None, file: IO[bytes], where: str) -> None:
        self.path, self.where = path, where
        self.bytes_total = os.fstat(file.fileno()).st_size if path else None
        self._file = file
        self._raw = Raw(file, where)
        self._rest = self._members()
        self._first: tuple[str, Peeked] | None = None
        self._is_zip, self._zip_read = False, 0

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, of the file as it lies there."""
        if not self._is_zip:
            return self._raw.bytes_read
        if not self._file.closed:
            self._zip_read = max(self._zip_read, self._file.tell())
        return self._zip_read

    @property
    def head(self) -> bytes:
        """The first eight bytes as they lie there."""
        return self._raw.peek(8)

    def first(self) -> tuple[str, Peeked]:
        """Give the first file inside, for a look; `members` gives it again.

        Raises:
            InputError: as for `members`.
        """
        if self._first is None:
            self._first = next(self._rest)
        return self._first

    def members(self) -> Iterator[tuple[str, Peeked]]:
        """Give the files inside, once: one, or those of a zip, with their names.

        Raises:
            InputError: the zip cannot be read, or is encrypted, or comes by a pipe.
        """
        yield self.first()
        yield from self._rest

    def _members(self) -> Iterator[tuple[str, Peeked]]:
        if self.head.startswith((_ZIP, _EMPTY_ZIP)):
            yield from self._zip_members()
        else:
            yield self.where, _unpacked(self._raw, self.where)

    def _zip_members(self) -> Iterator[tuple[str, Peeked]]:
        if self.path is None:
            raise InputError(
                "A zip file cannot be read from a pipe: its directory is at its end.",
                where=self.where,
                hint="Save it and name the file, or pipe the output of 'unzip -p FILE'.",
            )
        self._file.seek(0)
        self._is_zip = True
        try:
            archive = zipfile.ZipFile(self._file)
            infos = [i for i in archive.infolist() if not _is_clutter(i)]
        except (*_ZIP_DAMAGE, OSError) as error:
            raise InputError(
                f"The zip file cannot be read: {error}. It may not be complete.",
                where=self.where,
                hint="Fetch it again.",
            ) from error
        if not infos:
            raise InputError("The zip file holds no files.", where=self.where)
        for info in infos:
            where = f"{self.where}:{info.filename}"
            if info.compress_type == zipfile.ZIP_LZMA:  # it asks for 4 GB by a number in its head
                raise InputError(
                    "The zip member is packed by LZMA, which may ask for any memory.", where=where,
                    hint="Unpack it by other means and name the file.",
                )  # fmt: skip
            try:
                member = archive.open(info)
            except (*_ZIP_DAMAGE, RuntimeError, OSError) as error:
                raise InputError(
                    f"The zip member cannot be opened: {error}.", where=where,
                    hint="Unpack it by other means and name the file.",
                ) from error  # fmt: skip
            with member:
                yield where, _unpacked(Peeked(Unzip(member, where), where), where)

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.path is not None:
            _ = self.bytes_read  # the place in a zip is forgotten with the file
            self._file.close()


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Tell folders and the shadow files of macOS from content."""
    return info.filename.endswith("/") or info.filename.startswith("__MACOSX/")


def _unpacked(stream: Any, where: str) -> Peeked:  # noqa: ANN401 - Raw or Peeked
    """Take off layers of gzip and zstd."""
    for _ in range(_LAYERS):
        head = stream.peek(4)
        if head.startswith(_GZIP):
            stream = Peeked(Gunzip(stream, where), where)
        elif head.startswith(_ZSTD):
            stream = Peeked(Unzstd(stream, where), where)
        else:
            return stream if isinstance(stream, Peeked) else Peeked(stream, where)
    raise FormatError(f"The file is packed more than {_LAYERS} times over.", where=where)


def open_source(path: str | Path) -> Source:
    """Open a file, or standard input for `-`.

    Raises:
        InputError: there is no such file, it is a directory, or it may not be read.
    """
    where = str(path)
    if where == "-":
        return Source(None, sys.stdin.buffer, where)
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError(
                "This is a directory.", where=where, hint="Name the files in it, as in DIR/*.gz."
            )
        return Source(file, file.open("rb"), where)
    except FileNotFoundError as error:
        raise InputError("There is no such file.", where=where) from error
    except OSError as error:
        raise InputError(
            f"The file cannot be opened: {error.strerror}.", where=where,
            hint="Check that it may be read.",
        ) from error  # fmt: skip
