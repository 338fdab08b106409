"""Laws of the decoder: any cut gives the same rows, everything is counted, nothing breaks it."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.decode import AisDecoder, warm
from sargas.decode.codes import LINE_OUTCOMES, MESSAGE_OUTCOMES, PART_OUTCOMES
from sargas.decode.state import MAX_LINE, MAX_NAME, MAX_STATIONS
from sargas.decode.tables import join
from sargas.errors import StateVersionError, UsageError

from .nmea import decode, fed, rows, same, sample, vdm

CLASS_A = "13HOI:0P0000VOHLCnHQKwvL05Ip"
PIECES = [
    vdm(CLASS_A),
    vdm(CLASS_A)[:-1] + b",r003669946,1357134218\r\n",
    vdm(CLASS_A)[:-1] + rb"\r\n" + vdm(CLASS_A),
    vdm("53B?8r021g8HuHtk:20dTpN1<D5L5U>22222220002R0L33Aa?4i@H888888", parts=2, seq=1),
    vdm("88888888888", parts=2, part=2, seq=1, fill=2),
    vdm("802R5Ph0Bkgh@@a8Q@tpRAHD2Wwwwwwwwk7Owwwwwwwwwwwwwwwwwwwwwwt", fill=2),
    b"\\s:rORBCOMM104,q:u,c:1418172113,T:2014-12-10 00.41.53*55\\",
    b"\\g:1-2-1604,s:rORBCOMM008,c:1418169601,T:2014-12-10 00.00.01*37\\",
    b"$PGHP,1,2013,3,18,9,19,9,499,219,,2190048,1,23*28\r\n",
    b"$PGHP,1,2012,2,1,20,19,5,651,316,2,316000002,1AIS_S,22*4B,1328133720089\n",
    b"$GPGGA,184353.07,1929.045,S*6D\n",
    b"# comment\n",
    b"\n",
    b"\r",
    b"\n\n",
    b"!AIVDM,1,1,,A,13HOI",
    b"\\s:x",
    b"\x00\xff\xfe",
    b"*",
    b"a" * 5000,
    b"!AIVDM,1,1,,A," + b"0" * 5000,
    rb"\r\n!",
]


def balanced(dec: AisDecoder) -> None:
    counts = {word: n for word, (n, _) in dec.counters.items()}
    assert sum(counts.get(r.word, 0) for r in LINE_OUTCOMES) == dec.lines
    assert sum(counts.get(r.word, 0) for r in PART_OUTCOMES) == counts.get("sentence", 0)
    assert sum(counts.get(r.word, 0) for r in MESSAGE_OUTCOMES) == dec.n_messages
    by_station: dict[str, int] = {}
    for (_, word), (n, first) in dec.counters_by_station.items():
        by_station[word] = by_station.get(word, 0) + n
        assert first >= dec.counters[word].first_offset
    for word, n in by_station.items():
        assert n == counts[word], word


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=25),
    st.data(),
)
def test_any_cut_gives_the_same_rows(pieces, data):
    log = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=12)))
    want = decode(log)
    edges = [0, *cuts, len(log)]
    same(fed(*(log[a:b] for a, b in itertools.pairwise(edges))), want)
    balanced(want[0])


def test_a_message_whose_parts_another_stands_between_is_first_where_it_begins():
    """It is counted after the other, which another station has received."""
    dec, _ = decode(PIECES[3] + PIECES[1] + PIECES[4])
    assert dec.counters["message_typed"] == (2, 0)
    balanced(dec)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=25),
    st.data(),
)
def test_a_decoder_taken_up_from_its_state_goes_on_as_if_uncut(pieces, data):
    log = b"".join(pieces)
    cut = data.draw(st.integers(0, len(log)))
    first = AisDecoder(src_id=3)
    before = first.feed(log[:cut])
    second = AisDecoder(src_id=3)
    second.load(first.dump())
    resumed = second, join([before, second.feed(log[cut:]), second.finish()])
    whole = AisDecoder(src_id=3)
    same(resumed, (whole, join([whole.feed(log), whole.finish()])))


def test_a_state_of_another_version_is_refused():
    state = AisDecoder().dump()
    arrays = dict(np.load(io.BytesIO(state)))
    arrays["version"] = np.array([99])
    out = io.BytesIO()
    np.savez(out, **arrays)
    with pytest.raises(StateVersionError, match="version 99"):
        AisDecoder().load(out.getvalue())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_pieces_of_one_byte(pieces):
    log = b"".join(pieces)
    same(fed(*(log[k : k + 1] for k in range(len(log)))), decode(log))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 17), st.data())
def test_a_changed_byte_breaks_nothing(k, data):
    """One byte of a real log is replaced, taken out or doubled: all is still accounted for."""
    names = ["dma-small-cb.nmea", "pyais-mixed.nmea", "libais-typeexamples.nmea"]
    log = bytearray(sample(names[k % 3])[:3000])
    at = data.draw(st.integers(0, len(log) - 1))
    piece = data.draw(st.binary(max_size=3))
    log[at : at + k // 6] = piece
    dec, _ = decode(bytes(log))
    balanced(dec)


def test_big_blocks_are_cut_like_small_pieces(aishub, monkeypatch):
    want = fed(aishub)
    monkeypatch.setattr("sargas.decode.ais.BLOCK", 100_000)
    same(fed(aishub), want)


def test_row_numbers_point_into_the_typed_tables(aishub):
    _, t = fed(aishub[:1_000_000], aishub[1_000_000:])
    m = t.messages
    fix = m.table & 1 > 0
    assert (t.fixes.arrival_seq[m.row[fix]] == m.arrival_seq[fix]).all()
    static = m.table & 2 > 0
    assert (t.static.payload_hash[m.static_row[static]] == m.payload_hash[static]).all()
    assert (m.row[m.table == 0] == -1).all()
    lengths = np.diff(m.payload_at)
    assert (lengths[m.table > 0] == 0).all()
    assert (lengths[m.table == 0] == (m.n_bits[m.table == 0].astype(int) + 7) // 8).all()


def test_a_line_of_100_mb_costs_no_memory():
    chunk = b"\\s:huge,c:" + b"1" * (1 << 20)
    dec = AisDecoder()
    dec.feed(vdm(CLASS_A))
    tracemalloc.start()
    for _ in range(100):
        dec.feed(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
    assert len(dec.feed(b"\n" + vdm(CLASS_A))) == 1
    assert dec.counters["line_too_long"] == (1, len(vdm(CLASS_A)))
    assert dec.stations == []
    balanced(dec)


def test_the_longest_line():
    body = vdm(CLASS_A)[:-1]
    for n, kept in ((MAX_LINE, 1), (MAX_LINE + 1, 0)):
        line = body + b"," + b"x" * (n - len(body) - 1)
        assert len(line) == n
        for cut in (1, 100, MAX_LINE, n):
            dec, t = fed(line[:cut], line[cut:] + b"\n" + vdm(CLASS_A))
            assert len(t) == kept + 1
            assert dec.counters.get("line_too_long", (0, 0))[0] == 1 - kept


def test_too_many_station_names():
    """A dictionary that a hostile feed tries to fill stays bounded, and says so."""
    line = vdm(CLASS_A)
    log = b"".join(b"\\s:st%d\\" % k + line for k in range(MAX_STATIONS + 50))
    log += b"\\s:" + b"x" * (MAX_NAME + 1) + b"\\" + line
    dec, t = decode(log)
    assert len(dec.stations) == MAX_STATIONS
    assert dec.counters["station_overflow"].count == 51
    assert (t.messages.station[-51:] == -1).all()
    assert len(t) == MAX_STATIONS + 51


def test_copies_have_equal_hashes():
    a = vdm(CLASS_A, talker="BSVDM", seq=3, channel="B")
    _, t = decode(vdm(CLASS_A) + a + vdm(CLASS_A + "0") + vdm("1" + CLASS_A[1:-1] + "q"))
    h = t.messages.payload_hash.tolist()
    assert h[0] == h[1]
    assert len(set(h)) == 3
    # The same bits in one sentence and in two, and whatever the fill bits hold.
    whole = "53B?8r021g8HuHtk:20dTpN1<D5L5U>22222220002R0L33Aa?4i@H88888888888888880"
    two = vdm(whole[:56], parts=2, seq=1) + vdm(whole[56:], parts=2, part=2, seq=1, fill=2)
    _, t = decode(two + vdm(whole, fill=2) + vdm(whole[:-1] + "3", fill=2))
    assert len(set(t.messages.payload_hash.tolist())) == 1


def test_distinct_payloads_have_distinct_hashes(aishub):
    _, t = decode(aishub)
    f = t.fixes
    assert len(f) - len(np.unique(f.payload_hash)) > 0
    key = np.stack([f.mmsi, f.lon_raw, f.lat_raw, f.cog_raw, f.sog_raw, f.radio, f.flags], 1)
    _, first = np.unique(f.payload_hash, return_index=True)
    index = dict(zip(f.payload_hash[first].tolist(), first.tolist(), strict=True))
    twins = np.array([index[h] for h in f.payload_hash.tolist()])
    assert (key == key[twins]).all()


def test_wrong_use_is_refused():
    with pytest.raises(UsageError):
        AisDecoder(src_id=-1)
    with pytest.raises(UsageError):
        AisDecoder(group_timeout_lines=0)
    dec = AisDecoder()
    dec.finish()
    assert len(dec.finish()) == 0
    with pytest.raises(UsageError):
        dec.feed(b"")


def test_empty_input():
    dec = AisDecoder(src_id=7)
    t = dec.feed(b"")
    assert len(t) == len(t.fixes) == len(t.static) == 0
    assert t.fixes.to_arrow().num_rows == t.messages.to_arrow().num_rows == 0
    assert t.static.to_arrow().num_columns > 20
    assert len(dec.finish()) == 0
    assert dec.counters == {}
    warm()


TWIN = """
import json, sys
import numpy as np
from sargas.decode import AisDecoder
out = []
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    dec = AisDecoder(src_id=3)
    for t in (dec.feed(data[:1001]), dec.feed(data[1001:]), dec.finish()):
        for table in (t.fixes, t.static, t.messages):
            out.append(table.to_arrow(units=False).to_pylist())
    out.append([dec.counters, dec.stations, dec.lines])
print(json.dumps(out, default=str))
"""


def test_interpreted_twin_gives_equal_tables(tmp_path):
    """The kernels as plain Python give what the compiled ones give."""
    logs = {
        "a": sample("dma-small-cb.nmea") + b"\n" + sample("pyais-mixed.nmea"),
        "b": sample("gpsd-sample.aivdm")[-9000:],
        "c": sample("libais-typeexamples.nmea") + sample("gfw-multi-part.nmea"),
        "d": sample("dma-5min-2013-11-12.nmea.gz")[:40_000] + b"".join(PIECES),
    }
    paths = []
    for name, log in logs.items():
        (tmp_path / name).write_bytes(log)
        paths.append(str(tmp_path / name))
    texts = []
    for jit in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-W", "error::RuntimeWarning", "-c", TWIN, *paths],
            env={**os.environ, "NUMBA_DISABLE_JIT": jit},
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 0, done.stderr
        texts.append(done.stdout)
    assert json.loads(texts[0]) == json.loads(texts[1])
    assert sum(len(block) for block in json.loads(texts[0])) > 500


def test_texts_in_arrow_are_strings(aishub):
    _, t = decode(aishub[:200_000])
    arrow = t.static.to_arrow()
    assert arrow["name"].to_pylist() == [n.decode() for n in t.static.name.tolist()]
    assert rows(t.messages)[0]["payload"] == t.messages.payload(0)
    k = int(np.flatnonzero(t.messages.table == 0)[0])
    assert t.messages.to_arrow()["payload"][k].as_py() == t.messages.payload(k) != b""
