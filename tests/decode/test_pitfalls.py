"""The pitfalls of AIS logs, each a test by its number; the files named show them."""

from __future__ import annotations

import numpy as np
import pytest

from sargas.decode import AisDecoder, Flag, Quality, TSource
from sargas.decode.codes import NO_RADIO, NO_TIME

from .nmea import armour, bits_of, checksum, decode, fed, rows, same, sample, vdm

CLASS_A = "13HOI:0P0000VOHLCnHQKwvL05Ip"


def words(dec: AisDecoder) -> dict[str, int]:
    return {word: n for word, (n, _) in dec.counters.items()}


def class_a(*, mmsi=230123456, lon=0, lat=0, sog=100, cog=900, heading=90, second=10) -> str:
    """Bits of a position report of type 1."""
    return bits_of(
        type=(1, 6), repeat=(0, 2), mmsi=(mmsi, 30), status=(0, 4), rot=(0, 8), sog=(sog, 10),
        acc=(1, 1), lon=(lon, 28), lat=(lat, 27), cog=(cog, 12), heading=(heading, 9),
        second=(second, 6), manoeuvre=(0, 2), spare=(0, 3), raim=(1, 1), radio=(77, 19),
    )  # fmt: skip


def test_pitfall_01_bits_beyond_168(aishub):
    _, t = decode(aishub)
    longer = (t.messages.n_bits > 168) & (t.messages.quality & Quality.EXTRA_BITS > 0)
    assert int((longer & np.isin(t.messages.msg_type, (1, 2, 3))).sum()) == 728
    assert int((longer & (t.messages.msg_type == 4)).sum()) == 29
    # The first 168 bits are read as if nothing followed.
    payload, _ = armour(class_a() + "101010" * 6)
    short, _ = armour(class_a())
    _, both = decode(vdm(payload) + vdm(short))
    first, second = rows(both.fixes)
    differ = {k for k in first if first[k] != second[k]}
    assert differ == {"n_bits", "quality", "payload_hash", "src_offset", "arrival_seq"}
    assert first["n_bits"] == 204


def test_pitfall_02_short_type_1_of_163_bits(aishub):
    _, t = decode(aishub)
    short = (t.fixes.n_bits == 163) & (t.fixes.msg_type == 1)
    assert int(short.sum()) == 6
    assert (t.fixes.radio[short] == NO_RADIO).all()
    assert (t.fixes.quality[short] & Quality.SHORT_TAIL > 0).all()
    assert t.fixes.has_position[short].all()
    # Only the radio status differs from the whole message.
    payload, fill = armour(class_a()[:163])
    assert fill == 5
    whole, _ = armour(class_a())
    _, both = decode(vdm(payload, fill=5) + vdm(whole))
    first, second = rows(both.fixes)
    for column in ("lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw", "second_s", "flags"):
        assert first[column] == second[column]
    assert second["radio"] == 77


def test_pitfall_03_fill_six_and_seven(aishub):
    dec, t = decode(aishub)
    assert words(dec)["fill_six"] == 8
    six = t.messages.quality & Quality.FILL_SIX > 0
    assert t.messages.n_bits[six].tolist() == [96] * 8
    assert t.messages.msg_type[six].tolist() == [6] * 8
    dec, t = decode(vdm(CLASS_A, fill=7) + vdm(CLASS_A, fill="x") + vdm(CLASS_A, fill=12))
    assert words(dec) == {"bad_fill": 3}
    assert len(t) == 0


def test_pitfall_04_mmsi_zero_is_kept_and_flagged(aishub):
    dec, t = decode(aishub)
    assert words(dec)["mmsi_zero"] == 197
    assert int((t.messages.mmsi == 0).sum()) == 197
    assert (t.messages.quality[t.messages.mmsi == 0] & Quality.MMSI_ZERO > 0).all()


def test_pitfall_05_empty_payload():
    dec, t = decode(b"!AIVDM,1,1,,B,,0*25\r\n" + vdm(CLASS_A))
    assert words(dec)["empty_payload"] == 1
    assert len(t) == 1
    dec, _ = decode(sample("pyais-data-sample.nmea"))
    assert words(dec)["empty_payload"] == 100


def test_pitfall_06_time_lines_before_sentences(dma):
    dec, t = decode(dma)
    assert set(t.messages.t_source.tolist()) == {TSource.PGHP}
    # 27,050 time lines: one a message, the other 973 belong to $PSTT and $PFEC.
    assert words(dec)["time_line"] == 27_050
    assert words(dec)["tag_alone"] == 26_077
    assert words(dec).get("time_line_unused", 0) == 0
    assert int(t.messages.t_ms[0]) == 1_384_257_600_011  # 2013-11-12 12:00:00.011
    assert int(t.messages.station[0]) == 2_190_067
    dec, t = decode(sample("dma-replay-pghp-2013.nmea"))
    assert set(t.messages.t_source.tolist()) == {TSource.PGHP}
    assert words(dec)["time_line"] == 57
    assert words(dec)["time_line_unused"] == 7


def pghp(second: int, check: str, suffix: str = "") -> bytes:
    body = f"PGHP,1,2013,3,18,9,19,{second},499,219,,2190048,1,{check}"
    return f"${body}*{checksum(body)}{suffix}\n".encode()


def test_pitfall_06_two_time_lines_in_a_row_and_other_sentences_between():
    check = vdm(CLASS_A).decode()[-3:-1]
    other = b"$PSTT,203,001,V*%02X\n" % int(checksum("PSTT,203,001,V"), 16)
    log = pghp(9, "00") + pghp(10, check) + other + b"\\si:AISD*3F\\\n" + vdm(CLASS_A)
    dec, t = decode(log)
    assert int(t.messages.t_ms[0]) % 60_000 == 10_499
    assert words(dec)["time_line_unused"] == 1
    # Each is used once, and only for a sentence whose checksum it names.
    dec, t = decode(log + vdm(CLASS_A) + pghp(11, "7F") + vdm(CLASS_A) + vdm(CLASS_A))
    assert t.messages.t_source.tolist() == [TSource.PGHP, 0, 0, 0]
    assert words(dec)["time_missing"] == 3
    # Before a VDO the check value is 00.
    own = vdm(CLASS_A, talker="AIVDO")
    _, t = decode(pghp(12, "00") + own + pghp(13, own.decode()[-3:-1]) + own)
    assert t.messages.t_source.tolist() == [TSource.PGHP, TSource.NONE]
    assert t.fixes.flags[0] & Flag.OWN_STATION


def test_pitfall_06_check_value_of_two_parts():
    one = vdm("53B?8r021g8HuHtk:20dTpN1<D5L5U>22222220002R0L33Aa?4i@H888888", parts=2, channel="")
    two = vdm("88888888888", parts=2, part=2, fill=2, channel="")
    check = f"{int(one.decode()[-3:-1], 16) ^ int(two.decode()[-3:-1], 16):02X}"
    single = vdm(CLASS_A)
    # A sentence with a time line of its own stands between the parts.
    log = pghp(9, check) + one + pghp(10, single.decode()[-3:-1]) + single + two
    _, t = decode(log)
    assert (t.messages.t_ms % 60_000).tolist() == [10_499, 9_499]
    assert t.messages.msg_type.tolist() == [1, 5]


def test_pitfall_07_time_lines_of_a_feed_sorted_by_delivery():
    """They carry a suffix and stand some lines from their sentence: the check value decides."""
    a, b = vdm(CLASS_A), vdm("133sVfPP00PD>hRMDH@jNOvN20S8")
    check_a, check_b = a.decode()[-3:-1], b.decode()[-3:-1]

    def late(line: bytes) -> bytes:
        return line[:-1] + b",1328133720099\n"

    lines = [pghp(9, check_a, ",1328133720089"), pghp(10, check_b, ",1328133720090")]
    _, t = decode(lines[0] + lines[1] + late(b) + late(a) + late(a))
    assert t.messages.t_source.tolist() == [TSource.PGHP, TSource.PGHP, TSource.SUFFIX]
    assert (t.messages.t_ms[:2] % 60_000).tolist() == [10_499, 9_499]
    assert int(t.messages.t_ms[2]) == 1_328_133_720_099
    # Two that fit are no answer, and one too far back is none either.
    dec, t = decode(lines[0] + pghp(30, check_a, ",1328133720089") + late(a))
    assert t.messages.t_source.tolist() == [TSource.SUFFIX]
    assert words(dec)["time_line_unused"] == 2
    _, t = decode(lines[0] + b"# far\n" * 30 + late(a))
    assert t.messages.t_source.tolist() == [TSource.SUFFIX]


def test_pitfall_08_suffixes():
    line = vdm(CLASS_A)[:-1]
    forms = {
        b",1328182324635": (1_328_182_324_635, -1),
        b",1357134218": (1_357_134_218_000, -1),
        b",1daasd4218,,1357134222": (1_357_134_222_000, -1),
        b",1357134218   \r": (1_357_134_218_000, -1),
        b"   ": (NO_TIME, -1),
        rb"\x0d\x0a": (NO_TIME, -1),
        b",d-109,S2105,t050056.00,T56.13,r003669946,1325394060,1325394001": (
            1_325_394_001_000,
            3_669_946,
        ),
        b",raXLPPG,1325394001": (1_325_394_001_000, -1),
        b",12345": (NO_TIME, -1),
    }
    for suffix, (t_ms, station) in forms.items():
        _, t = decode(line + suffix + b"\n")
        assert (int(t.messages.t_ms[0]), int(t.messages.station[0])) == (t_ms, station), suffix
    _, t = decode(sample("libais-typeexamples.nmea"))
    assert set(t.messages.t_source.tolist()) == {TSource.SUFFIX}
    assert set(t.messages.station.tolist()) == {3_669_945, 3_669_946}
    dec, t = decode(line + b",0000000001\n")
    assert words(dec)["time_implausible"] == 1
    assert t.messages.t_source.tolist() == [TSource.NONE]


def test_pitfall_09_two_sentences_on_one_line():
    log = sample("dma-ais250.nmea")
    assert log.count(rb"\r\n!") == 8
    dec, t = decode(log)
    assert words(dec)["joined_line"] == 8
    assert int((t.static.msg_type == 5).sum()) == 8
    # The source offset is that of the sentence itself.
    _, t = decode(vdm(CLASS_A)[:-1] + rb"\r\n" + vdm(CLASS_A))
    assert t.messages.src_offset.tolist() == [0, len(vdm(CLASS_A)) - 1 + 4]


def test_pitfall_10_tag_blocks():
    line = vdm(CLASS_A)

    def tag(text: str, check: str | None = None) -> bytes:
        return f"\\{text}*{check or checksum(text)}\\".encode()

    time, station = tag("c:1331722800"), tag("s:2573315")
    for front in (time + station, time + b"\n" + station, time + station + b"\r\n"):
        _, t = decode(front + line)
        assert int(t.messages.t_ms[0]) == 1_331_722_800_000
        assert int(t.messages.station[0]) == 2_573_315
    _, t = decode(tag("c:1331722800123") + line)
    assert int(t.messages.t_ms[0]) == 1_331_722_800_123
    # An empty key, empty values, a value with a colon, text values with blanks.
    dec, t = decode(tag(":,c:1364272372") + line)
    assert int(t.messages.t_ms[0]) == 1_364_272_372_000
    assert words(dec)["tag_unparsed"] == 1
    _, t = decode(b"\\s:,c:,t:\\" + line)
    assert (int(t.messages.t_ms[0]), int(t.messages.quality[0])) == (
        NO_TIME,
        Quality.TIME_MISSING,
    )
    dec, t = decode(tag("s:b:2,c:1364272372,T:2014-12-10 00.00.01") + line)
    assert dec.station_name(int(t.messages.station[0])) == "b:2"
    # The last station counts, digits or name; more digits than any number has are a name.
    for told, station in {
        "s:name,s:222": "222",
        "s:222,s:name": "name",
        "s:222,s:": "222",
        "s:222,s:r12": "12",
        "s:222,s:12x": "12x",
        "s:222,s:123456789012345": "123456789012345",
        "s:222,s:1234567890123456": "1234567890123456",
    }.items():
        first, _, second = told.partition(",")
        for front in (tag(told), tag(first) + tag(second), tag(first) + b"\n" + tag(second)):
            dec, t = decode(front + line)
            assert dec.station_name(int(t.messages.station[0])) == station, told
    # A wrong checksum is flagged, counted, and its values used.
    dec, t = decode(tag("c:1331722800", "00") + line)
    assert int(t.messages.t_ms[0]) == 1_331_722_800_000
    assert t.messages.quality[0] & Quality.TAG_CHECKSUM_BAD
    dec, t = decode(sample("amsa-tag-timestamped.nmea"))
    assert words(dec)["tag_checksum_bad"] == 100
    assert set(t.messages.t_source.tolist()) == {TSource.TAG}
    # A block is for the next sentence only.
    _, t = decode(time + line + line)
    assert t.messages.t_source.tolist() == [TSource.TAG, TSource.NONE]
    dec, t = decode(tag("c:12415440354") + line)
    assert words(dec)["time_implausible"] == 1
    assert t.messages.t_source.tolist() == [TSource.NONE]


def test_pitfall_10_group_number_only_on_the_second_part():
    dec, t = decode(sample("libais-tagblock.nmea"))
    assert words(dec)["part_joined"] == 2
    one = vdm("55Mw@A7J1adAL@?;7WPl58F0U<h4pB222222220t1PN5553fN4g?`4iSp5Rc", parts=2, seq=2)
    two = vdm("iP`88888880", parts=2, part=2, seq=2, fill=2)
    front, back = "g:1-2-27300,n:636994,s:b003669710,c:1428621738", "g:2-2-27300,n:636995"
    log = f"\\{front}*{checksum(front)}\\".encode() + one
    log += vdm(CLASS_A) + f"\\{back}*{checksum(back)}\\".encode() + two
    _, t = decode(log)
    assert t.messages.msg_type.tolist() == [1, 5]
    assert int(t.static.t_ms[0]) == 1_428_621_738_000
    assert int(t.static.station[0]) == 3_669_710
    assert int(t.static.src_offset[0]) == 0


PARTS = (
    "53B?8r021g8HuHtk:20dTpN1<D5L5U>22222220002R0L33Aa?4i@H888888",
    "88888888888",
)


def two_parts(seq=1, channel="A") -> tuple[bytes, bytes]:
    return (
        vdm(PARTS[0], parts=2, part=1, seq=seq, channel=channel),
        vdm(PARTS[1], parts=2, part=2, seq=seq, channel=channel, fill=2),
    )


def test_pitfall_11_interleaved_parts():
    a1, a2 = two_parts(1, "A")
    b1, b2 = two_parts(1, "B")
    c1, c2 = two_parts(2, "A")
    dec, t = decode(a1 + b1 + b"$GPGGA,1\n" + vdm(CLASS_A) + c1 + b2 + a2 + c2)
    assert t.messages.msg_type.tolist() == [1, 5, 5, 5]
    assert words(dec)["part_joined"] == 6
    # The rows stand in order of completion; offsets are those of the first parts.
    assert t.static.src_offset.tolist() == [len(a1), 0, len(a1 + b1) + 9 + len(vdm(CLASS_A))]
    # Stations keep the parts apart.
    s, z = (f"\\s:{n}*{checksum(f's:{n}')}\\".encode() for n in (111, 222))
    _, t = decode(s + a1 + z + a1 + z + a2 + s + a2)
    assert t.static.station.tolist() == [222, 111]


def test_pitfall_11_orphan_repeated_overwritten_expired():
    one, two = two_parts()
    dec, t = decode(two + one + one + two + two)
    assert words(dec) == {
        "sentence": 5, "part_joined": 2, "part_dropped": 1, "orphan_part": 2,
        "group_overwritten": 1, "message_typed": 1, "time_missing": 1,
    }  # fmt: skip
    three = [vdm("0" * 20, parts=3, part=k, seq=4) for k in (1, 2, 3)]
    dec, t = decode(three[0] + three[1] + three[1] + three[2])
    assert words(dec)["repeated_part"] == 1
    assert len(t) == 1
    dec, t = decode(three[0] + three[2])
    assert (words(dec)["orphan_part"], words(dec)["group_expired"]) == (1, 1)
    dec = AisDecoder(group_timeout_lines=5)
    dec.feed(one + b"\n" * 6 + two)
    assert (words(dec)["group_expired"], words(dec)["orphan_part"]) == (1, 1)
    dec, _ = decode(sample("kystverket-tagblock-lines.nmea"))
    assert words(dec)["orphan_part"] == 1


def test_pitfall_11_old_group_form():
    _, t = decode(sample("dma-small-cb.nmea"))
    named = {int(m): bytes(n) for m, n in zip(t.static.mmsi, t.static.name, strict=True)}
    one, two = two_parts(3)
    front, back, wrong = "1G2:0125,c:1354719387", "2G2:0125", "2G2:0126"

    def block(text: str) -> bytes:
        return f"\\{text}*{checksum(text)}\\".encode()

    _, t = decode(block(front) + one + block(back) + two)
    assert t.static.t_ms.tolist() == [1_354_719_387_000]
    dec, t = decode(block(front) + one + block(wrong) + two)
    assert words(dec)["orphan_part"] == 1
    assert len(named) >= 3


def test_pitfall_11_no_more_groups_than_places():
    firsts = b"".join(
        vdm(PARTS[0], parts=2, seq=seq, channel=channel)
        for channel in "ABCDEFGH"
        for seq in range(10)
    )
    dec, _ = decode(firsts)
    assert words(dec)["group_expired"] == 80
    assert words(dec)["part_dropped"] == 80


def test_pitfall_12_over_long_single_sentence():
    bits = bits_of(type=(5, 6), repeat=(0, 2), mmsi=(230123456, 30), rest=(0, 388))
    payload, fill = armour(bits)
    assert (len(payload), fill) == (71, 0)
    dec, t = decode(vdm(payload, seq=5))
    assert t.static.n_bits.tolist() == [426]
    assert t.static.quality[0] & Quality.EXTRA_BITS
    assert words(dec)["message_typed"] == 1


def test_pitfall_12_longer_than_any_message():
    dec, t = decode(vdm("0" * 1025) + vdm("0" * 1024))
    assert words(dec)["too_long"] == 1
    assert len(t) == 1
    half = [vdm("0" * 600, parts=2, part=k, seq=1) for k in (1, 2)]
    dec, t = decode(half[0] + half[1])
    assert (words(dec)["too_long"], words(dec)["part_dropped"], len(t)) == (1, 2, 0)


@pytest.mark.parametrize("name", ["dma-small-cb.nmea", "pyais-mixed.nmea", "gfw-multi-part.nmea"])
def test_pitfall_13_every_cut(name):
    log = sample(name).replace(b"\n", b"\r\n")
    want = decode(log)
    for cut in range(0, len(log), 7):
        same(fed(log[:cut], log[cut:]), want)
    same(fed(*(log[k : k + 1] for k in range(len(log)))), want)


def six(text: str) -> str:
    """Six-bit text as bits."""
    return "".join(format(ord(c) - 64 if ord(c) >= 64 else ord(c), "06b") for c in text)


def test_pitfall_14_text(aishub):
    name = r"  A[\]^_B#@@@@@B-   "
    bits = bits_of(type=(24, 6), repeat=(0, 2), mmsi=(230123456, 30), part=(0, 2)) + six(name)
    payload, fill = armour(bits)
    _, t = decode(vdm(payload, fill=fill))
    assert t.static.name.tolist() == [rb"  A[\]^_B#"]
    _, t = decode(aishub)
    assert b"HAN KANG NO3" in t.static.name.tolist()
    assert not any(b"@" in n for n in t.static.name.tolist() + t.static.destination.tolist())
    assert sum(n[:1] == b" " for n in t.static.name.tolist()) > 0
    assert not any(n[-1:] == b" " for n in t.static.name.tolist())


def aid(name: str, extension: str = "", spare: str = "") -> bytes:
    """A type 21 with a name and its extension."""
    bits = bits_of(type=(21, 6), repeat=(0, 2), mmsi=(992351234, 30), aid=(14, 5)) + six(name)
    bits += bits_of(acc=(1, 1), lon=(600_000, 28), lat=(1_200_000, 27), dims=(0, 30), epfd=(7, 4))
    bits += bits_of(second=(20, 6), off=(1, 1), regional=(0, 8), raim=(0, 1), virtual=(1, 1))
    bits += bits_of(assigned=(0, 1), spare=(0, 1)) + six(extension) + spare
    payload, fill = armour(bits)
    return vdm(payload, fill=fill)


def test_pitfall_15_name_extension():
    name = "BUOY NUMBER TWENTY 1"
    log = aid(name) + aid(name, "23") + aid(name, "23", "0011") + aid(name, "ABCDEFGHIJKLMN")
    log += aid("SHORT@@@@@@@@@@@@@@@", "XY") + aid(name[:-1] + " ", "Z")
    _, t = decode(log)
    assert t.static.name.tolist() == [
        name.encode(),
        name.encode() + b"23",
        name.encode() + b"23",
        name.encode() + b"ABCDEFGHIJKLMN",
        b"SHORT",
        name[:-1].encode() + b" Z",
    ]
    assert t.messages.n_bits.tolist()[:3] == [272, 284, 288]
    assert t.messages.table.tolist() == [3] * 6
    assert t.fixes.flags[0] == Flag.ACCURACY | Flag.OFF_POSITION | Flag.VIRTUAL_AID


def test_pitfall_15_type_24_parts():
    head = {"type": (24, 6), "repeat": (0, 2)}
    craft = bits_of(**head, mmsi=(982191234, 30), part=(1, 2), ship=(36, 8)) + six("SRT")
    craft += bits_of(model=(3, 4), serial=(5, 20)) + six("XP2601 ")
    craft += bits_of(mother=(219012345, 30), epfd=(1, 4), spare=(0, 2))
    ship = bits_of(**head, mmsi=(219012346, 30), part=(1, 2), ship=(36, 8)) + six("SRT")
    ship += bits_of(model=(3, 4), serial=(5, 20)) + six("XP2601 ")
    ship += bits_of(bow=(11, 9), stern=(4, 9), port=(2, 6), star=(3, 6), epfd=(1, 4), spare=(0, 2))
    illegal = [bits_of(**head, mmsi=(219012347, 30), part=(k, 2), rest=(0, 128)) for k in (2, 3)]
    log = b"".join(vdm(armour(b)[0], fill=armour(b)[1]) for b in (craft, ship, *illegal))
    dec, t = decode(log)
    assert t.static.mothership_mmsi.tolist() == [219012345, 0]
    assert t.static.bow_m.tolist() == [0, 11]
    assert t.static.stern_m.tolist() == [0, 4]
    assert t.static.callsign.tolist() == [b"XP2601", b"XP2601"]
    assert t.static.vendor.tolist() == [b"SRT", b"SRT"]
    assert (t.static.model.tolist(), t.static.serial.tolist()) == ([3, 3], [5, 5])
    assert words(dec)["message_part_illegal"] == 2
    assert t.messages.table.tolist() == [2, 2, 0, 0]
    # What has no typed row keeps its bits.
    assert [len(t.messages.payload(k)) for k in range(4)] == [0, 0, 21, 21]


def test_pitfall_16_lengths_of_type_5_and_odd_ship_types(aishub):
    whole = bits_of(type=(5, 6), repeat=(0, 2), mmsi=(230123456, 30), version=(1, 2))
    whole += bits_of(imo=(9319466, 30)) + six("OH1234@") + six("EAGLE S@@@@@@@@@@@@@")
    whole += bits_of(ship=(232, 8), bow=(180, 9), stern=(48, 9), port=(20, 6), star=(12, 6))
    whole += bits_of(epfd=(1, 4), month=(12, 4), day=(25, 5), hour=(9, 5), minute=(30, 6))
    whole += bits_of(draught=(125, 8)) + six("PORT SAID@@@@@@@@@@@")
    whole += bits_of(dte=(0, 1), spare=(0, 1))
    assert len(whole) == 424
    whole += "0" * 38
    for length in (420, 422, 424, 426, 432, 462):
        payload, fill = armour(whole[:length])
        _, t = decode(vdm(payload, fill=fill))
        (row,) = rows(t.static)
        assert row["name"] == "EAGLE S"
        assert row["destination"] == "PORT SAID"
        assert (row["imo"], row["ship_type"], row["draught_raw"]) == (9319466, 232, 125)
        assert (row["bow_m"], row["stern_m"], row["port_m"]) == (180, 48, 20)
        assert row["eta_raw"] == 12 << 16 | 25 << 11 | 9 << 6 | 30
        assert row["dte"] == (1 if length < 423 else 0)
        assert bool(row["quality"] & Quality.SHORT_TAIL) == (length < 424)
        assert bool(row["quality"] & Quality.EXTRA_BITS) == (length > 424)
    _, t = decode(aishub)
    lengths = set(t.messages.n_bits[t.messages.msg_type == 5].tolist())
    assert lengths == {424, 432, 462, 1_284}
    assert {1, 9, 39, 232} <= set(t.static.ship_type[t.static.msg_type == 5].tolist())


def test_pitfall_17_sentinels_are_null_in_unit_columns(aishub):
    _, t = decode(aishub)
    f = t.fixes
    a = np.isin(f.msg_type, (1, 2, 3))
    raw = {
        "lon_raw": (181 * 600_000, 1_018), "sog_raw": (1_023, 1_163), "cog_raw": (3_600, 1_308),
        "heading_raw": (511, 31_414), "rot_raw": (-128, 32_392),
    }  # fmt: skip
    for column, (sentinel, n) in raw.items():
        assert int((getattr(f, column)[a] == sentinel).sum()) == n, column
    for unit, column in (("lon_deg", "lon_raw"), ("sog_kn", "sog_raw"), ("rot_deg_min", "rot_raw")):
        assert np.isnan(getattr(f, unit)[getattr(f, column) == raw[column][0]]).all()
    arrow = f.to_arrow()
    for unit in ("lon_deg", "lat_deg", "sog_kn", "cog_deg", "heading_deg", "rot_deg_min"):
        assert arrow[unit].null_count == int(np.isnan(getattr(f, unit)).sum()) > 0
    assert arrow["t_ms"].null_count == len(f)
    assert arrow["lon_raw"].to_numpy().tolist() == f.lon_raw.tolist()


def test_pitfall_18_exact_integers():
    for lon, lat in ((-107_999_999, 53_999_999), (14_949_143, -1), (1, -53_999_999)):
        payload, _ = armour(class_a(lon=lon, lat=lat))
        _, t = decode(vdm(payload))
        assert (int(t.fixes.lon_raw[0]), int(t.fixes.lat_raw[0])) == (lon, lat)
        assert t.fixes.lon_deg[0] == lon / 600_000
    # Type 27 comes in 1/600 degree: times 1,000 it is the same unit, sentinel included.
    for lon, want in ((-107_999, -107_999_000), (108_600, 108_600_000)):
        bits = bits_of(type=(27, 6), repeat=(0, 2), mmsi=(230123456, 30), acc=(1, 1), raim=(0, 1))
        bits += bits_of(status=(5, 4), lon=(lon, 18), lat=(-1, 17), sog=(63, 6), cog=(511, 9))
        bits += bits_of(latency=(1, 1), spare=(0, 1))
        payload, fill = armour(bits)
        _, t = decode(vdm(payload, fill=fill))
        (row,) = rows(t.fixes)
        assert (row["lon_raw"], row["lat_raw"], row["nav_status"]) == (want, -1_000, 5)
        assert (row["sog_raw"], row["cog_raw"]) == (1_023, 3_600)
        assert row["flags"] == Flag.ACCURACY | Flag.POSITION_LATENCY


def test_pitfall_19_wrong_checksum_gives_only_a_count():
    good = f"!AIVDM,1,1,,A,{CLASS_A},0*23\n".encode()
    assert len(decode(good)[1]) == 1
    dec, t = decode(good.replace(b"*23", b"*24"))
    assert words(dec) == {"bad_checksum": 1}
    assert len(t) == 0
    assert len(decode(good.replace(b"*23", b"*23").lower().replace(b"!aivdm", b"!AIVDM"))[1]) == 0
    line = vdm("15MrVH0000KH<:V:NtBLoqFP2H9:")
    assert b"*2F" in line
    assert len(decode(line.replace(b"*2F", b"*2f"))[1]) == 1
    dec, _ = decode(good.replace(b"*23", b"") + good.replace(b"*23", b"*"))
    assert words(dec) == {"no_checksum": 1, "bad_checksum": 1}


def test_pitfall_20_speed_of_102_2_and_of_aircraft():
    _, t = decode(sample("lotus-sog-glitch-2014-10-05.nmea.gz"))
    glitch = t.fixes.sog_raw == 1_022
    assert int(glitch.sum()) == 5
    assert (t.fixes.sog_kn[glitch] == 102.2).all()
    assert set(t.fixes.nav_status.tolist()) == {1}
    # Aircraft send whole knots.
    for sog, want in ((135, 1_350), (1_022, 10_220), (1_023, 1_023)):
        bits = bits_of(type=(9, 6), repeat=(0, 2), mmsi=(111230001, 30), alt=(300, 12))
        bits += bits_of(sog=(sog, 10), acc=(0, 1), lon=(1, 28), lat=(2, 27), cog=(123, 12))
        bits += bits_of(second=(7, 6), rest=(0, 34))
        _, t = decode(vdm(armour(bits)[0]))
        (row,) = rows(t.fixes)
        assert (row["sog_raw"], row["cog_raw"], row["alt_m"]) == (want, 123, 300)


def test_pitfall_21_comments_other_bytes_and_no_last_newline():
    log = sample("gfw-mixed-types.nmea")
    assert not log.endswith(b"\n")
    assert len(decode(log)[1]) == 99
    log = sample("gpsd-ais-nmea.log")
    assert any(byte > 127 for byte in log)
    dec, t = decode(log)
    assert len(t) == 171
    assert words(dec)["other_sentence"] > 0
    noise = b"\x00\x01\x02\n" + "# примечание\n".encode() + b"hello\n \t\r\n"
    dec, t = decode(noise + vdm(CLASS_A)[:-1])
    assert words(dec) == {
        "sentence": 1, "other_sentence": 1, "comment": 1, "blank": 1, "binary_line": 1,
        "single": 1, "message_typed": 1, "time_missing": 1,
    }  # fmt: skip
    for cut in range(8, 44):
        dec, t = decode(vdm(CLASS_A) + vdm(CLASS_A)[:cut])
        assert words(dec)["truncated_line"] == 1
        assert len(t) == 1


def test_pitfall_22_time_runs_backwards(dma):
    _, t = decode(dma)
    behind = np.maximum.accumulate(t.messages.t_ms) - t.messages.t_ms
    assert int(behind.max()) == 2_924
    assert (np.diff(t.messages.arrival_seq) == 1).all()
    assert (np.diff(t.messages.src_offset) > 0).sum() > 25_000


def test_pitfall_23_clock_of_a_base_station_is_no_proof(aishub):
    _, t = decode(aishub)
    base = np.isin(t.fixes.msg_type, (4, 11))
    assert int(base.sum()) == 4_071
    assert (t.fixes.t_ms[base] == NO_TIME).all()
    assert not (t.messages.t_source == TSource.MESSAGE).any()
    assert (t.messages.quality & Quality.TIME_MISSING > 0).all()


def test_reader_clock_is_used_only_when_nothing_else_is_there():
    dec = AisDecoder()
    log = vdm(CLASS_A) + vdm(CLASS_A)[:-1] + b",1357134218\n"
    t = dec.feed(log, reader_t_ms=1_700_000_000_123)
    assert t.messages.t_ms.tolist() == [1_700_000_000_123, 1_357_134_218_000]
    assert t.messages.t_source.tolist() == [TSource.READER, TSource.SUFFIX]


def test_frio_time_lines_are_not_carried_over():
    log = sample("frio-drift-2014-09-28.nmea.gz")
    _, t = decode(log)
    starts, at = {}, 0
    lines = log.split(b"\n")
    for k, line in enumerate(lines):
        starts[at] = k
        at += len(line) + 1
    reports = np.flatnonzero(np.isin(t.messages.msg_type, (1, 3)))
    assert len(reports) == 5_029
    bare = [i for i in reports if lines[starts[int(t.messages.src_offset[i])] - 1][:5] != b"$PGHP"]
    assert len(bare) == 20
    assert set(t.messages.t_source[bare].tolist()) == {TSource.SUFFIX}


def test_lotus_sentences_without_a_time_line():
    _, t = decode(sample("lotus-sog-glitch-2014-10-05.nmea.gz"))
    suffix = t.messages.t_source == TSource.SUFFIX
    assert t.messages.t_ms[suffix].tolist() == [1_412_524_603_000, 1_412_525_452_000]
