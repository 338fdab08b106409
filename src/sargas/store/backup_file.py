"""The file of a backup: a tar of plain files, its manifest at the end, and a seal behind it.

```
home/home.json ...      the files of the home, nothing but plain files
manifest.json           size and SHA-256 of each, and what the home held
(end of the tar)
seal, 512 bytes         SHA-256 of every byte before it
```

`FILE.tar` is the tar itself; in `FILE.tar.zst` it is compressed. The seal has the form of a frame
that zstd skips and stands where tar no longer reads, so that `tar` alone unpacks a backup too.
With it every changed byte is found, also one that changes no file.

What is read is not trusted: each header must be that of a plain file, without the extensions of
tar, so that no link, device or length of gigabytes for a name is ever acted on.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Protocol, Self

from sargas.errors import InputError, StoreError

FORMAT = 1
"""Version of the manifest; a newer one is refused."""
MANIFEST = "manifest.json"
PREFIX = "home/"
"""Folder in the tar in which the home lies, so that its files and the manifest cannot meet."""
SUFFIXES = (".tar.zst", ".tar")
PIECE_BYTES = 1 << 20
"""Bytes read and written at once (chosen: memory stays small, calls stay few)."""
MOST_MANIFEST_BYTES = 256 << 20
"""Largest manifest that is read: some 180 bytes a file, so a million files and more; a bound,
because it is read into memory."""

_BLOCK = tarfile.BLOCKSIZE
_USTAR_BYTES = 8 << 30
"""From this size on a length does not fit into the octal digits of tar."""
_SKIPPED = 0x184D2A50
"""Magic number of a zstd frame that is skipped. Source: RFC 8878, section 3.1.2."""
_SEAL_WORD = b"sargas backup, SHA-256 of all bytes before: "
_ZSTD = (0xFD2FB528).to_bytes(4, "little")


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> Any:  # noqa: ANN401 - what is returned is not used
        """Take bytes."""


class Packed(NamedTuple):
    """A file as it was put into a backup."""

    size: int
    sha256: str


def is_compressed(path: Path) -> bool:
    """Tell from a name whether the backup is to be compressed."""
    return path.name.lower().endswith(".zst")


def encode_manifest(said: dict[str, Any]) -> bytes:
    """Write a manifest, a line a file: the same is the same bytes."""
    return (json.dumps(said, indent=0, sort_keys=True) + "\n").encode()


class BackupWriter:
    """Writes a backup to an open file: `put` each file, then `end`.

    Args:
        file: where to; stays open.
        compressed: whether the tar is compressed.
    """

    def __init__(self, file: IO[bytes], *, compressed: bool) -> None:
        self._raw = _Hashing(file)
        self._tar: Any = self._raw
        if compressed:
            import pyarrow.lib as pa

            self._tar = pa.CompressedOutputStream(pa.PythonFile(self._raw, mode="w"), "zstd")
        self.files: dict[str, Packed] = {}
        self._compressed = compressed

    def put(self, name: str, file: IO[bytes], size: int) -> Packed:
        """Put a file into the backup: the first `size` bytes that can be read from it.

        Raises:
            StoreError: the file has become shorter, or tar cannot hold its name.
        """
        self._tar.write(_header(name, size))
        digest, left = hashlib.sha256(), size
        while left:
            piece = file.read(min(PIECE_BYTES, left))
            if not piece:
                raise StoreError(
                    "The file became shorter while it was read.",
                    where=name,
                    hint="Run the backup again.",
                )
            digest.update(piece)
            self._tar.write(piece)
            left -= len(piece)
        self._tar.write(bytes(-size % _BLOCK))
        packed = Packed(size, digest.hexdigest())
        if name != MANIFEST:
            self.files[name.removeprefix(PREFIX)] = packed
        return packed

    def end(self, said: dict[str, Any]) -> str:
        """Write the manifest, the end of the tar and the seal.

        Args:
            said: the manifest but its format and its list of files, which are added.

        Returns:
            The SHA-256 in the seal, which names the backup.
        """
        listed = {n: {"bytes": p.size, "sha256": p.sha256} for n, p in self.files.items()}
        data = encode_manifest(said | {"sargas_backup": FORMAT, "files": listed})
        self.put(MANIFEST, io.BytesIO(data), len(data))
        self._tar.write(bytes(2 * _BLOCK))
        if self._compressed:
            self._tar.close()
        digest = self._raw.digest.hexdigest()
        self._raw.write(seal(digest))
        return digest


def seal(sha256: str) -> bytes:
    """Write the block that ends a backup: a frame that zstd skips, as long as a block of tar."""
    said = (_SEAL_WORD + sha256.encode() + b"\n").ljust(_BLOCK - 8, b"\0")
    return _SKIPPED.to_bytes(4, "little") + len(said).to_bytes(4, "little") + said


def _header(name: str, size: int) -> bytes:
    """Write the header of a plain file; nothing in it depends on clock, user or machine."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    try:
        if size < _USTAR_BYTES:
            header = info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
        else:
            header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    except ValueError as error:
        raise _too_long(name) from error
    if len(header) != _BLOCK:
        raise _too_long(name)
    return header


def _too_long(name: str) -> StoreError:
    return StoreError(
        "The name is too long for a tar.", where=name, hint="Rename the file, or move it out."
    )


class Member(NamedTuple):
    """A file in a backup that is being read; its content must be read before the next one."""

    name: str
    size: int
    content: _Content


class BackupReader:
    """Reads a backup file from its beginning to its seal, once.

    Args:
        path: the file.

    Attributes:
        size: bytes of the file.
        sha256: what the seal says; empty if there is no seal.

    Raises:
        InputError: the file cannot be read, or is no backup.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise cannot_read(path, error) from error
        try:
            self.size, beginning, end = _ends(self._file)
            self.sha256 = _sealed(end)
            if not self.sha256 and not _looks_like_one(beginning):
                raise InputError("This is no backup that sargas wrote.", where=str(path))
        except OSError as error:
            self._file.close()
            raise cannot_read(path, error) from error
        except InputError:
            self._file.close()
            raise
        self._raw = _Limited(self._file, self.size - (_BLOCK if self.sha256 else 0))
        self._tar: Any = self._raw
        if beginning.startswith(_ZSTD):
            import pyarrow.lib as pa

            self._tar = pa.CompressedInputStream(pa.PythonFile(self._raw, mode="r"), "zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def read_bytes(self) -> int:
        """Bytes of the file that have been read, for a progress."""
        return self._raw.done

    def members(self) -> Iterator[Member]:
        """Go through the files of the tar, in order.

        Raises:
            InputError: what comes is not the header of a plain file, or the tar ends too early.
        """
        while True:
            block = self._exactly(_BLOCK, "a header")
            if not any(block):
                if any(self._exactly(_BLOCK, "the end of the tar")) or self._read(1):
                    raise self._damaged("something stands behind the end of the tar")
                return
            name, size = self._plain(block)
            content = _Content(self, name, size)
            yield Member(name, size, content)
            content.skip()
            if any(self._exactly(-size % _BLOCK, "filling")):
                raise self._damaged(f"behind '{name}' there is more than filling")

    def is_sealed(self) -> bool:
        """Read what is left, and tell whether all bytes together are those of the seal."""
        try:
            while self._raw.read(PIECE_BYTES):
                pass
        except OSError as error:
            raise cannot_read(self.path, error) from error
        return self._raw.digest.hexdigest() == self.sha256

    def _plain(self, block: bytes) -> tuple[str, int]:
        """Read a header; refuse all but a plain file with a name that leads nowhere else."""
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise self._damaged(f"a header of the tar cannot be read ({error})") from error
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.name.endswith("/"):
            kind = "link" if info.issym() or info.islnk() else "thing that is no plain file"
            raise self._damaged(f"'{info.name}' is a {kind}; a backup holds none")
        if info.size < 0:
            raise self._damaged(f"'{info.name}' claims {info.size} bytes")
        if info.name != MANIFEST and not is_inside(info.name.removeprefix(PREFIX)):
            raise self._damaged(f"the name '{info.name}' leads out of the home")
        if info.name != MANIFEST and not info.name.startswith(PREFIX):
            raise self._damaged(f"'{info.name}' is no file of a home")
        return info.name, info.size

    def _exactly(self, count: int, what: str) -> bytes:
        data = self._read(count)
        if len(data) != count:
            raise self._damaged(f"it ends within {what}")
        return data

    def _read(self, count: int) -> bytes:
        """Read so many bytes of the tar, or fewer at its end."""
        pieces = []
        try:
            while count and (piece := self._tar.read(count)):
                pieces.append(bytes(piece))
                count -= len(piece)
        except OSError as error:
            if error.errno:
                raise cannot_read(self.path, error) from error
            raise self._damaged(f"it cannot be decompressed ({error})") from error
        return b"".join(pieces)

    def _damaged(self, what: str) -> InputError:
        return InputError(f"The backup is damaged: {what}.", where=str(self.path))


class _Content:
    """The bytes of one file in a backup; piece by piece, so that memory stays small."""

    def __init__(self, reader: BackupReader, name: str, size: int) -> None:
        self._reader, self._name, self._left = reader, name, size
        self.digest = hashlib.sha256()

    def pieces(self) -> Iterator[bytes]:
        """Give what has not been read yet.

        Raises:
            InputError: the backup ends before the file does.
        """
        while self._left:
            count = min(PIECE_BYTES, self._left)
            piece = self._reader._exactly(count, f"'{self._name}'")
            self._left -= count
            self.digest.update(piece)
            yield piece

    def skip(self) -> None:
        """Read what is left and keep nothing but its hash."""
        for _ in self.pieces():
            pass

    def whole(self) -> bytes:
        """Give the content at once; for what is known to be small."""
        return b"".join(self.pieces())


class _Hashing:
    """Passes bytes on and hashes them; closing it leaves the file open."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self._file.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the file is flushed once, at its end."""

    def close(self) -> None:
        """Do nothing: the seal is still to come."""


class _Limited:
    """Reads a file up to its seal, and hashes what it has read."""

    closed = False

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit, self.done = file, limit, 0
        self.digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        left = self._limit - self.done
        data = self._file.read(left if count < 0 else min(count, left))
        self.done += len(data)
        self.digest.update(data)
        return data

    def close(self) -> None:
        """Do nothing: who opened the file closes it."""


def is_inside(name: str) -> bool:
    r"""Tell whether a name stays in the folder that it is put under.

    Example:
        >>> [is_inside(n) for n in ("a/b.json", "/a", "a/../b", "a//b", "", "./a", "a\0")]
        [True, False, False, False, False, False, False]
    """
    parts = name.split("/")
    return "\0" not in name and not any(part in ("", ".", "..") for part in parts)


def _ends(file: IO[bytes]) -> tuple[int, bytes, bytes]:
    """Give a file's size, its first and its last block."""
    beginning = file.read(_BLOCK)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _BLOCK))
    end = file.read(_BLOCK)
    file.seek(0)
    return size, beginning, end


def _sealed(end: bytes) -> str:
    """Read the hash out of a seal; empty if it is none, to the byte."""
    hexadecimal = end[8 + len(_SEAL_WORD) :][:64].decode("ascii", "replace")
    return hexadecimal if end == seal(hexadecimal) else ""


def _looks_like_one(beginning: bytes) -> bool:
    return beginning.startswith((_ZSTD, PREFIX.encode()))


def cannot_read(path: Path, error: OSError) -> InputError:
    """Say that a file cannot be read at all."""
    return InputError(f"The file cannot be read ({error.strerror or error}).", where=str(path))
