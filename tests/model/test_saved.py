"""Damage of a saved state is refused by its name, whatever the parser raises."""

import io

import msgspec
import numpy as np
import pytest

from sargas.cli.live.saving import VERSION, pack, unpack
from sargas.decode import AisDecoder
from sargas.errors import StateVersionError, UsageError
from sargas.feeds.live.files import TailTransport, continues
from sargas.feeds.live.url import parse_feed_url
from sargas.model.assets import AssetSet
from sargas.model.time import iso, parse_iso
from sargas.reference.geography import shipped_geography
from sargas.reference.shipped import shipped_assets
from sargas.watch.fold import Watch
from sargas.watch.links import FeedLinks, FeedTerms


class _State(msgspec.Struct):
    links: bytes


def damaged(state):
    """A state cut short, with one byte changed at many places, and what is none."""
    yield from (b"", b"PK\x05\x06" + bytes(18), state[:-1], state[len(state) // 2 :], state * 2)
    for at in range(0, len(state), max(1, len(state) // 60)):
        yield state[:at] + bytes([state[at] ^ 0x41]) + state[at + 1 :]


def test_any_changed_byte_of_a_live_state_is_noticed():
    terms = FeedTerms(1, "north", 60_000, 60_000)
    links = FeedLinks([terms], "r", "g")
    state, version = pack(made := _State(links.dump()))
    assert unpack(state, version, _State) == made
    for bad in damaged(state):
        with pytest.raises(StateVersionError):
            unpack(bad, VERSION, _State)
    with pytest.raises(StateVersionError, match="version 1"):
        unpack(state, 1, _State)


def refused_by(decoder, state):
    """Whether a decoder refuses a state; any other error than that goes through."""
    try:
        decoder.load(state)
    except StateVersionError:
        return True
    return False


def test_a_damaged_state_of_a_decoder_is_refused_or_harmless():
    decoder = AisDecoder()
    decoder.feed(
        b"\\s:north,c:1735122360*4B\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n!A"
    )
    state = decoder.dump()
    refused = 0
    for bad in damaged(state):
        fresh = AisDecoder()
        if refused_by(fresh, bad):
            refused += 1
            continue
        # A byte of a date or a name that nobody reads.
        assert fresh.stations == decoder.stations
        assert fresh.counters == decoder.counters
    assert refused > 40


def test_a_damaged_state_of_a_watch_is_refused():
    watch = Watch(AssetSet(shipped_assets().assets[:1]), shipped_geography())
    for bad in (b"", b"not a zip", watch.dump()[:-9], _npz(meta=np.zeros(3, np.uint8)), _npz()):
        with pytest.raises(StateVersionError, match="damaged"):
            watch.load(bad)


def test_damaged_links_and_places_are_refused():
    links = FeedLinks([FeedTerms(1, "north", 60_000, 60_000)], "r", "g")
    for bad in (b"", b"\xc1", links.dump()[:-1], b"\x92\x01\x81\x01\x03"):
        with pytest.raises(StateVersionError, match="lines to feeds"):
            links.load(bad)
    tail = TailTransport(parse_feed_url("tail:/nowhere"))
    good = b'{"file": "1:2", "position": 10}'
    for bad in (b"", b"{}", b"[]", b"1", b"\xff", b"[" * 60_000, b'{"file": 1, "position": "x"}'):
        with pytest.raises(StateVersionError):
            tail.resume(bad, 5)
        assert not continues(bad, 5, good)
        assert not continues(good, 5, bad)


def test_a_time_that_cannot_be_written_is_not_read():
    for text in (
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.9999Z",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="years 1 to 9999"):
            parse_iso(text)
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"):
        assert iso(parse_iso(text)) == text


def _npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()
