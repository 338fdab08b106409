"""Feeds from CSV files: header, column roles, and the run through the decoder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from sargas.decode.delimited import (
    BLOCK,
    DROPPED,
    DelimitedDecoder,
    Layout,
    Memory,
    Role,
    Row,
    harmless,
    make_layout,
)
from sargas.errors import FormatError
from sargas.feeds.base import BATCH_BYTES, Count, Feed, Pieces
from sargas.feeds.opening import Peeked, Source
from sargas.model.fixes import Batch, Fixes

HEAD: Final = 1 << 16
"""Bytes in which the header line must end."""

BOM: Final = b"\xef\xbb\xbf"
_DELIMITERS: Final = ",;\t|"
_NO_ENDS: Final = {0: None, 10: None, 13: None}
"""Characters that the header must not hold, and that csv would stumble over."""

NEEDED: Final = (Role.T, Role.MMSI, Role.LON, Role.LAT)


class Header:
    """The first line of a table that is not blank.

    Attributes:
        line: without its end; size: bytes to skip, blank lines before it and its end included.
        lines: lines in these bytes.
        names: the columns, without outer blanks; delimiter: what stands between them.
    """

    def __init__(self, head: bytes) -> None:
        rest = head.removeprefix(BOM)
        at = len(head) - len(rest)
        self.lines = 0
        while True:
            line, newline, _ = rest.partition(b"\n")
            self.lines += 1
            at += len(line) + len(newline)
            if line.strip() or not newline:
                break
            rest = rest[len(line) + 1 :]
        self.size, self.line = at, line.removesuffix(b"\r")
        text = self.line.decode("utf-8", "replace")
        self.delimiter = max(_DELIMITERS, key=text.count)
        fields = next(csv.reader([text.translate(_NO_ENDS)], delimiter=self.delimiter), [])
        self.names = tuple(name.strip() for name in fields)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names as they are compared: lower case, without a leading `#`."""
        return tuple(name.lower().lstrip("# ") for name in self.names)


def roles_by_alias(header: Header, aliases: Mapping[str, Role]) -> dict[Role, int]:
    """Find the columns of roles by the names they go by; the first of two wins."""
    roles: dict[Role, int] = {}
    for index, key in enumerate(header.keys):
        role = aliases.get(key)
        if role is not None and role not in roles:
            roles[role] = index
    return roles


def missing_columns(
    where: str, header: Header, roles: Mapping[Role, int], aliases: Mapping[str, Role], kind: str
) -> FormatError:
    """Say which columns a table lacks, and which it has."""
    lacking = [
        " or ".join([name for name, of in aliases.items() if of == role][:3])
        for role in NEEDED
        if role not in roles
    ]
    found = ", ".join(harmless(name.encode()) for name in header.names[:40])
    return FormatError(
        f"As {kind} these columns are missing: {'; '.join(lacking)}. Found: {found}.",
        where=where,
        hint="Name them yourself: --format csv --map t=COLUMN,mmsi=COLUMN,lon=COLUMN,lat=COLUMN.",
    )


class Check(Protocol):
    """Decides on the first rows whether a table is what it claims to be."""

    def decided(self) -> bool:
        """Tell whether enough was seen."""

    def look(self, fixes: Fixes) -> None:
        """Look at the next rows; raises when they show that it is not."""

    def end(self) -> None:
        """Decide on what there was; raises as `look` does."""


class TableFeed(Feed):
    """A feed from CSV; each format says what its header means.

    Args:
        source: the file.
        layout_of: makes the layout from where a header stands and the header.
        check: looks at the first rows before any is handed over; may refuse them.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        layout_of: Callable[[str, Header], Layout],
        *,
        src_id: int = 0,
        batch_rows: int = 1_000_000,
        check: Check | None = None,
    ) -> None:
        super().__init__(source, src_id=src_id, batch_rows=batch_rows)
        self.format = name
        self._layout_of, self._check = layout_of, check
        self._held: list[Batch] = []
        self._members = source.members()
        where, stream = next(self._members)
        self._next = where, stream, *self._open(where, stream)
        self._memory = Memory.empty()
        self._lines, self._seq = 0, 0
        self._counts: dict[str, Count] = {}
        self._decoder: DelimitedDecoder | None = None

    @property
    def lines(self) -> int:
        """Lines read so far, headers included."""
        return self._lines + (self._decoder.lines if self._decoder else 0)

    @property
    def counts(self) -> dict[str, Count]:
        """What was counted so far, by reason."""
        counts = dict(self._counts)
        if self._decoder:
            self._add(counts, self._next[0], self._decoder)
        return counts

    def _open(self, where: str, stream: Peeked) -> tuple[Header, Layout]:
        head = stream.peek(HEAD, lambda seen: b"\n" in seen.lstrip(BOM + b"\r\n "))
        header = Header(head)
        if header.size == len(head) == HEAD:
            raise FormatError(f"The first line is longer than {HEAD:,} bytes.", where=where)
        if not header.line.strip():
            raise FormatError("The file is empty.", where=where)
        return header, self._layout_of(where, header)

    def _batches(self) -> Iterator[Batch]:
        while True:
            yield from self._member()
            member = next(self._members, None)
            if member is None:
                if self._check:
                    self._check.end()
                yield from self._held
                return
            self._next = *member, *self._open(*member)

    def _member(self) -> Iterator[Batch]:
        """Read one table to its end."""
        where, stream, header, layout = self._next
        decoder = self._decoder = DelimitedDecoder(
            layout, src_id=self._src_id, batch_rows=self._batch_rows, lines=header.lines,
            arrival_seq=self._seq, memory=self._memory,
        )  # fmt: skip
        stream.read(header.size)
        pieces, since = Pieces(stream, BLOCK), 0
        for piece in pieces:
            since += len(piece)
            yield from self._checked(decoder.feed(piece))
            if since >= BATCH_BYTES and decoder.waiting:
                since = 0
                yield from self._checked([decoder.flush()])
        yield from self._checked(decoder.finish(truncated=pieces.error is not None))
        if decoder.waiting:
            yield from self._checked([decoder.flush()])
        self._add(self._counts, where, decoder)
        self._count_header(where, header)
        self._lines, self._seq, self._decoder = self.lines, decoder.arrival_seq, None
        if pieces.error:
            yield from self._held
            raise pieces.error

    def _checked(self, batches: Iterator[Batch] | list[Batch]) -> Iterator[Batch]:
        """Hold batches back until the check has decided."""
        for batch in batches:
            if self._check and not self._check.decided():
                self._check.look(batch.fixes)
                self._held.append(batch)
                if self._check.decided():
                    yield from self._held
                    self._held = []
            else:
                yield batch

    def _add(self, counts: dict[str, Count], where: str, decoder: DelimitedDecoder) -> None:
        for row, (n, line, sample) in decoder.counts.items():
            old = counts.get(row.word)
            counts[row.word] = (
                old._replace(count=old.count + n)
                if old
                else Count(n, line, f"{where}, line {line}: {sample}", row not in DROPPED)
            )

    def _count_header(self, where: str, header: Header) -> None:
        text = f"{where}, line {header.lines}: {harmless(header.line)}"
        for row, n in ((Row.HEADER, 1), (Row.BLANK, header.lines - 1)):
            old = self._counts.get(row.word)
            if n and old:
                self._counts[row.word] = old._replace(count=old.count + n)
            elif n:
                self._counts[row.word] = Count(n, header.lines, text, kept=False)


def layout_by_alias(
    where: str, header: Header, aliases: Mapping[str, Role], kind: str, **options: object
) -> Layout:
    """Make the layout of a table whose columns go by known names.

    Raises:
        FormatError: a needed column is missing; the ones found are named.
    """
    roles = roles_by_alias(header, aliases)
    if any(role not in roles for role in NEEDED):
        raise missing_columns(where, header, roles, aliases, kind)
    return make_layout(
        header.line,
        header.names,
        roles,
        delimiter=header.delimiter,
        **options,  # type: ignore[arg-type]
    )
