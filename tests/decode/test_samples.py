"""Every shipped log gives the numbers that an independent decoder counted on it."""

from __future__ import annotations

import pytest

from sargas.decode.codes import LINE_OUTCOMES, MESSAGE_OUTCOMES, PART_OUTCOMES

from .nmea import decode, sample

# file: good VDM/VDO sentences, messages, distinct MMSI (with a MMSI 0), empty payloads
COUNTS = {
    "aishub-3min-2012.nmea.gz": (85_182, 82_752, 11_074, 0),
    "dma-5min-2013-11-12.nmea.gz": (26_146, 26_077, 1_508, 0),
    "dma-ais250.nmea": (243 + 8, 235 + 8, 168, 0),  # 8 lines hold both parts of a type 5
    "dma-replay-pghp-2013.nmea": (51, 50, 34, 0),
    "dma-small-cb.nmea": (16, 11, 8, 0),
    "amsa-tag-timestamped.nmea": (100, 100, 85, 0),
    "kystverket-tagblock-lines.nmea": (10, 9, 9, 0),
    "libais-tagblock.nmea": (5, 4, 2, 0),
    "libais-typeexamples.nmea": (26, 26, 25, 0),
    "gfw-mixed-types.nmea": (109, 99, 85, 0),
    "gfw-multi-part.nmea": (93, 43, 30, 0),
    "gpsd-sample.aivdm": (118, 102, 87, 0),
    "gpsd-ais-nmea.log": (183, 171, 33, 0),
    "gpsd-ait250.log": (75, 74, 23, 0),
    "gpsd-raw-messages.log": (114, 109, 50, 0),
    "gpsd-saab-r4.log": (14, 14, 2, 0),
    "pyais-data-sample.nmea": (898, 878, 167, 100),
    "pyais-mixed.nmea": (14, 12, 10, 0),
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_counts_of_each_log(name):
    sentences, messages, vessels, empty = COUNTS[name]
    dec, tables = decode(sample(name))
    counts = {word: n for word, (n, _) in dec.counters.items()}
    assert counts["sentence"] + counts.get("empty_payload", 0) == sentences
    assert counts.get("empty_payload", 0) == empty
    assert len(tables.messages) == dec.n_messages == messages - empty
    assert len(set(tables.messages.mmsi.tolist())) == vessels
    assert sum(counts.get(r.word, 0) for r in LINE_OUTCOMES) == dec.lines
    assert sum(counts.get(r.word, 0) for r in PART_OUTCOMES) == counts["sentence"]
    assert sum(counts.get(r.word, 0) for r in MESSAGE_OUTCOMES) == dec.n_messages
