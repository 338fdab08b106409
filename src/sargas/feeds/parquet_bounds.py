"""Reading a Parquet file within bounds, whatever it claims: a small file can stand for gigabytes.

A text that stands once in a dictionary and a million times in its column takes nothing on disk and
a million times its length in memory; a page of one letter is packed to nothing. So texts are read
as their dictionaries, measured, and only then written out; and a row group is not begun that would
unpack to far more than any traffic does.

What is left: what a row group, or a compressed page, says of its size is believed. A page that says
less than it has is unpacked whole, up to the 2 GB that the format allows.
"""

from __future__ import annotations

from typing import Any, Final

from sargas.errors import FormatError
from sargas.model.unpacking import plain_columns, unpacked, unpacked_bytes

MOST_PIECE_BYTES: Final = 64_000_000
"""Bytes of the rows that are read at once, texts written out: 500 a row of 131,072. What becomes of
them takes several times as much."""
MOST_BYTES: Final = 200_000_000
"""Bytes that a row group of any file may unpack to, as a whole file of assets may (see
`sargas.reference.readers`)."""
MOST_TIMES: Final = 100
"""How many times the size of its file a larger row group may unpack to (measured on a million
made-up rows of NOAA's and of our own columns, with zstd: 1 to 6 times)."""
MOST_GROUP_BYTES: Final = 1 << 30
"""And how many bytes at all (chosen: seven million rows of 150 bytes)."""


def bounded(
    path: Any,  # noqa: ANN401 - no stubs
    metadata: Any,  # noqa: ANN401
    columns: list[str],
    rows: int,
    where: str,
) -> tuple[Any, list[list[int]]]:
    """Open a Parquet file so that its texts are read as dictionaries; refuse what is too large.

    Args:
        path: the file.
        metadata: its metadata, read before.
        columns: those that will be read.
        rows: how many at once.
        where: the file for messages.

    Returns:
        The file, and the row groups that may be read together, in order.

    Raises:
        FormatError: a column holds lists or structures, its name stands twice, or it is too wide;
            a row group unpacks to too much.
    """
    import pyarrow.parquet as pq

    schema, leaves = metadata.schema, plain_columns(metadata)
    wide, texts = 0, []
    for name in columns:
        if name not in leaves:
            raise FormatError(
                f"Column {name} does not hold one plain value a row.",
                where=where,
                hint="Write the file again without lists, structures, and names that stand twice.",
            )
        leaf = schema.column(leaves[name])
        if leaf.physical_type == "BYTE_ARRAY":
            texts.append(name)
        wide += max(leaf.length or 0, 8)
    if wide * rows > MOST_PIECE_BYTES:
        raise FormatError(f"A row has {wide:,} bytes or more, too many for a report.", where=where)
    groups = _groups(path, metadata, where)
    file = pq.ParquetFile(path, metadata=metadata, memory_map=False, read_dictionary=texts)
    return file, groups


def _groups(path: Any, metadata: Any, where: str) -> list[list[int]]:  # noqa: ANN401
    """Join small row groups; refuse one that would unpack to more than traffic does.

    Asked is the size of all its columns. To ask for one column ends the process where its metadata
    contradict themselves: pyarrow 26 lets that exception of C++ through.
    """
    most = max(MOST_BYTES, min(MOST_TIMES * path.stat().st_size, MOST_GROUP_BYTES))
    joined: list[list[int]] = []
    room = 0
    for k in range(metadata.num_row_groups):
        size = max(metadata.row_group(k).total_byte_size, 0)
        if size > most:
            raise FormatError(
                f"Row group {k + 1} unpacks to {size / 1e6:,.0f} MB; {most / 1e6:,.0f} MB are read"
                " at most.",
                where=where,
                hint="Write it again in row groups of some million rows.",
            )
        room -= size
        if room < 0:
            joined.append([])
            room = MOST_PIECE_BYTES - size
        joined[-1].append(k)
    return joined


def written_out(piece: Any, where: str) -> Any:  # noqa: ANN401
    """Write the texts of a piece out of their dictionaries, if they are not too long together.

    Args:
        piece: an Arrow record batch.
        where: the file for messages.

    Raises:
        FormatError: they are.
    """
    size = unpacked_bytes(piece)
    if size > MOST_PIECE_BYTES:
        raise FormatError(
            f"{piece.num_rows:,} rows of it unpack to {size / 1e6:,.0f} MB;"
            f" {MOST_PIECE_BYTES / 1e6:,.0f} MB are read at most.",
            where=where,
            hint="No report of a vessel is that long: the file was made to fill the memory.",
        )
    return unpacked(piece)
