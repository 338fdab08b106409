"""Targets: AIS sentences, tag blocks, a live stream of them, and the decoder's saved state."""

from __future__ import annotations

import random
from collections.abc import Sequence

from fuzz.mutate import pick
from fuzz.seeds import sample
from fuzz.sentences import sentence, split, tag_block
from fuzz.target import BINARY, LINES, Target, demand
from sargas.decode import AisDecoder
from sargas.decode.codes import LINE_OUTCOMES, MESSAGE_OUTCOMES, PART_OUTCOMES
from sargas.feeds.live.base import Piece
from sargas.feeds.live.nmea import NmeaCodec
from sargas.feeds.nmea import fixes_of, statics_of

LOGS = (
    "dma-5min-2013-11-12.nmea.gz", "aishub-3min-2012.nmea.gz", "gpsd-sample.aivdm",
    "pyais-data-sample.nmea", "libais-typeexamples.nmea", "gfw-mixed-types.nmea",
    "gfw-multi-part.nmea", "dma-ais250.nmea", "pyais-mixed.nmea",
)  # fmt: skip
TAGGED = (
    "libais-tagblock.nmea", "kystverket-tagblock-lines.nmea", "amsa-tag-timestamped.nmea",
    "dma-small-cb.nmea", "dma-replay-pghp-2013.nmea",
)  # fmt: skip


def logs() -> Sequence[bytes]:
    """Give logs of sentences."""
    return [sample(f"ais/{name}") for name in LOGS]


def tagged() -> Sequence[bytes]:
    """Give logs of sentences behind tag blocks or time lines."""
    return [sample(f"ais/{name}") for name in TAGGED]


def decode(data: bytes) -> None:
    """Decode a log that is cut into three, somewhere; all of it is accounted for."""
    decoder = AisDecoder(src_id=3)
    edges = (0, len(data) * 2 // 7, len(data) * 5 // 7, len(data))
    rows = 0
    for k in range(3):
        tables = decoder.feed(data[edges[k] : edges[k + 1]])
        rows += len(tables)
        check_rows(tables.fixes, tables.static)
    rows += len(decoder.finish())
    demand(rows == decoder.n_messages, "every message is a row")
    check_counters(decoder)


def check_rows(fixes: object, static: object) -> None:
    """Make what every command makes of rows, and look at what must hold of them."""
    made = fixes_of(fixes)  # type: ignore[arg-type]
    statics_of(static)  # type: ignore[arg-type]
    lon, lat = made.lon_raw, made.lat_raw
    demand(len(lon) == len(lat) == len(made), "columns are of one length")


def check_counters(decoder: AisDecoder) -> None:
    """Look whether every line, part and message ended in one counter, also by station."""
    counts = {word: n for word, (n, _) in decoder.counters.items()}
    lines = sum(counts.get(r.word, 0) for r in LINE_OUTCOMES)
    demand(lines == decoder.lines, "every line ends in one counter")
    parts = sum(counts.get(r.word, 0) for r in PART_OUTCOMES)
    demand(parts == counts.get("sentence", 0), "every sentence ends in one counter")
    messages = sum(counts.get(r.word, 0) for r in MESSAGE_OUTCOMES)
    demand(messages == decoder.n_messages, "every message ends in one counter")
    by_station: dict[str, int] = {}
    for (_, word), (n, _) in decoder.counters_by_station.items():
        by_station[word] = by_station.get(word, 0) + n
    demand(all(n == counts[word] for word, n in by_station.items()), "stations sum to the whole")
    demand(all(isinstance(name, str) for name in decoder.stations), "stations have names")


def stream(data: bytes) -> None:
    """Read a log as a live feed brings it: in pieces, with a new connection in between."""
    codec = NmeaCodec(src_id=2)
    third = len(data) // 3
    pieces = (data[:third], b"", data[third : 2 * third], data[2 * third :])
    codec.feed([Piece(1_735_122_360_000 + k, piece) for k, piece in enumerate(pieces)])
    codec.load(codec.dump())
    codec.feed([Piece(1_735_122_361_000, b"\n")])
    demand(sum(c.count for c in codec.counts.values()) >= 0, "counts are numbers")


def state(data: bytes) -> None:
    """Take up what may be the saved state of a decoder."""
    decoder = AisDecoder()
    decoder.load(data)
    decoder.feed(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n")
    decoder.finish()


def states() -> Sequence[bytes]:
    """Give saved states: fresh, within a line, and with names and counters in it."""
    out = []
    for log in (b"", sample("ais/libais-tagblock.nmea")[:400], sample("ais/gfw-multi-part.nmea")):
        decoder = AisDecoder()
        decoder.feed(log)
        out.append(decoder.dump())
    return out


def tagged_line(draw: random.Random, pool: Sequence[bytes]) -> bytes:
    """Make a line of which the tag block is changed two times in three."""
    if draw.random() < 0.34:
        return sentence(draw, pool)
    tag, body = split(pick(draw, pool))
    return tag_block(draw, tag, pool) + body + b"\n"


TARGETS = (
    Target(
        "ais-sentences", decode, ("feed:nmea", "sargas.decode.ais"), logs,
        kind=LINES, line=sentence, weight=6,
    ),
    Target(
        "ais-tag-blocks", decode, ("feed:nmea", "sargas.decode.meta"), tagged,
        kind=LINES, line=tagged_line, weight=3,
    ),
    Target(
        "ais-stream", stream, ("sargas.feeds.live.nmea",), tagged, kind=LINES, line=sentence,
        guided=False,
    ),
    Target(
        "ais-state", state, ("sargas.decode.saving",), states, kind=BINARY,
    ),
)  # fmt: skip
