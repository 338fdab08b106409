"""Values against two other decoders: gpsd's expected output, and pyais (MIT, tests only)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from sargas.decode import Flag
from sargas.decode.codes import NO_RADIO

from .nmea import decode, rows, sample

FIX_NAMES = {
    "repeat": "repeat", "status": "nav_status", "turn": "rot_raw", "speed": "sog_raw",
    "lon": "lon_raw", "lat": "lat_raw", "course": "cog_raw", "heading": "heading_raw",
    "second": "second_s", "alt": "alt_m", "radio": "radio",
}  # fmt: skip
STATIC_NAMES = {
    "imo": "imo", "ais_version": "ais_version", "callsign": "callsign", "shipname": "name",
    "name": "name", "shiptype": "ship_type", "aid_type": "ship_type", "to_bow": "bow_m",
    "to_stern": "stern_m", "to_port": "port_m", "to_starboard": "starboard_m", "epfd": "epfd",
    "draught": "draught_raw", "destination": "destination", "dte": "dte", "model": "model",
    "serial": "serial", "mothership_mmsi": "mothership_mmsi",
}  # fmt: skip
FLAG_NAMES = {
    "accuracy": Flag.ACCURACY, "raim": Flag.RAIM, "cs": Flag.CLASS_B_CS, "display": Flag.DISPLAY,
    "dsc": Flag.DSC, "band": Flag.BAND, "msg22": Flag.MSG22, "off_position": Flag.OFF_POSITION,
    "virtual_aid": Flag.VIRTUAL_AID, "assigned": Flag.ASSIGNED,
}  # fmt: skip


def as_gpsd(fix: dict, kind: int) -> dict:
    """A fix with the wire units of gpsd's output."""
    fix = dict(fix)
    if kind == 27:
        fix["lon_raw"], fix["lat_raw"] = fix["lon_raw"] // 1000, fix["lat_raw"] // 1000
        fix["sog_raw"] = 63 if fix["sog_raw"] == 1_023 else fix["sog_raw"] // 10
        fix["cog_raw"] = 511 if fix["cog_raw"] == 3_600 else fix["cog_raw"] // 10
    if kind == 9 and fix["sog_raw"] != 1_023:
        fix["sog_raw"] //= 10
    return fix


def matching(t) -> dict[tuple[int, int], list[int]]:
    """Rows of each (type, MMSI) in order."""
    found: dict[tuple[int, int], list[int]] = {}
    for i, key in enumerate(
        zip(t.messages.msg_type.tolist(), t.messages.mmsi.tolist(), strict=True)
    ):
        found.setdefault(key, []).append(i)
    return found


def test_values_of_gpsd():
    _, t = decode(sample("gpsd-sample.aivdm"))
    found = matching(t)
    fixes, statics, messages = rows(t.fixes), rows(t.static), rows(t.messages)
    vendor = t.static.vendor_text()
    compared = 0
    for line in sample("gpsd-sample.aivdm.unscaled.json").splitlines():
        want = json.loads(line)
        kind = want["type"]
        # Type 24 is printed once for parts A and B: both are taken.
        take = found[kind, want["mmsi"]]
        mine = [take.pop(0)] if kind != 24 else take
        for i in mine:
            m = messages[i]
            static = statics[m["static_row"]] if m["static_row"] >= 0 else {}
            fix = as_gpsd(fixes[m["row"]], kind) if m["table"] & 1 else {}
            for name, value in want.items():
                if fix and name in FIX_NAMES and not (name == "radio" and m["n_bits"] < 168):
                    assert fix[FIX_NAMES[name]] == value, (line, name)
                    compared += 1
                elif fix and name in FLAG_NAMES and not (kind == 27 and name == "raim"):
                    assert bool(fix["flags"] & FLAG_NAMES[name]) == value, (line, name)
                    compared += 1
                elif static and kind != 24 and name in STATIC_NAMES:
                    assert static[STATIC_NAMES[name]] == value, (line, name)
                    compared += 1
                elif name in ("dest_mmsi", "dac", "fid") and kind in (6, 8, 10, 12, 25):
                    assert m[name] == value, (line, name)
                    compared += 1
            if kind in (6, 8) and "data" in want:
                offset = 88 if kind == 6 else 56
                bits = int.from_bytes(m["payload"], "big") >> (-m["n_bits"] % 8)
                n_data = m["n_bits"] - offset
                count, text = want["data"].split(":")
                assert int(count) == n_data
                data = (bits & ((1 << n_data) - 1)) << (-n_data % 4)
                assert format(data, f"0{-(-n_data // 4)}x")[: n_data // 4] == text[: n_data // 4]
                compared += 1
        if kind == 24:
            a = next((statics[messages[i]["static_row"]] for i in mine if part(t, i) == 0), None)
            b = next((i for i in mine if part(t, i) == 1), None)
            if a:
                assert a["name"] == want["shipname"]
            if b is not None:
                k = messages[b]["static_row"]
                for name in ("shiptype", "callsign", "model", "serial"):
                    assert statics[k][STATIC_NAMES[name]] == want[name], (line, name)
                assert vendor[k] == want["vendorid"]
                compared += 5
            take.clear()
    assert compared == 374


def part(t, i: int) -> int:
    return int(t.static.part[t.messages.static_row[i]]) if t.messages.static_row[i] >= 0 else -1


@pytest.fixture(scope="module")
def pyais_rows(aishub):
    """What pyais makes of the log: one object a message, None where it gives up."""
    from pyais.stream import IterMessages

    lines = [line for line in aishub.splitlines() if line[:1] == b"!"]
    out = []
    for sentence in IterMessages(lines):
        try:
            out.append(sentence.decode())
        except Exception:
            out.append(None)
    return out


def text_of(value: str) -> str:
    """pyais strips leading blanks and keeps what follows an @: not compared."""
    return value.split("@")[0].strip(" ")


def test_values_of_pyais(aishub, pyais_rows):
    """All fields of all messages that both read, on a world feed.

    Left out, because pyais differs there from the Recommendation: messages with six fill bits
    (it drops them), ship types outside its list (it makes them 0 or another of their ten),
    leading blanks and text behind an @, the rate of turn (only as a rounded number).
    """
    _, t = decode(aishub)
    fixes, statics = rows(t.fixes), rows(t.static)
    m = t.messages
    kept = [i for i in range(len(m)) if not m.quality[i] & 1]
    got = [p for p in pyais_rows if p is not None]
    assert len(pyais_rows) - len(got) + len(kept) >= len(kept)
    assert len(got) == len(kept)
    compared = 0
    for i, want in zip(kept, got, strict=True):
        assert (int(m.mmsi[i]), int(m.msg_type[i])) == (int(want.mmsi), want.msg_type)
        assert int(m.repeat[i]) == want.repeat
        if m.table[i] & 1 and want.msg_type != 27:
            compared += compare_fix(fixes[m.row[i]], want)
        if m.table[i] & 2 and want.msg_type in (5, 24):
            compared += compare_static(statics[m.static_row[i]], want)
    assert compared > 700_000


def compare_fix(fix: dict, want) -> int:
    n = 2
    assert math.isclose(fix["lon_raw"] / 600_000, want.lon, abs_tol=6e-7)
    assert math.isclose(fix["lat_raw"] / 600_000, want.lat, abs_tol=6e-7)
    scaled = 1 if want.msg_type == 9 else 10
    for name, column, per in (
        ("speed", "sog_raw", scaled),
        ("course", "cog_raw", 10),
        ("heading", "heading_raw", 1),
        ("second", "second_s", 1),
        ("status", "nav_status", 1),
        ("alt", "alt_m", 1),
    ):
        value = getattr(want, name, None)
        if value is None or (want.msg_type in (4, 11) and name != "second"):
            continue
        if want.msg_type == 9 and name == "speed":
            value = value * 10 if value != 1_023 else value
            assert fix[column] == round(value), (want, name)
        else:
            assert fix[column] == round(float(value) * per), (want, name)
        n += 1
    for name, flag in FLAG_NAMES.items():
        value = getattr(want, name, None)
        if value is not None:
            assert bool(fix["flags"] & flag) == bool(value), (want, name)
            n += 1
    if want.msg_type in (1, 2, 3, 4) and fix["radio"] != NO_RADIO:
        assert fix["radio"] == want.radio
        n += 1
    return n


def compare_static(static: dict, want) -> int:
    n = 0
    names = {"ship_type": "ship_type", "to_bow": "bow_m", "to_stern": "stern_m",
             "to_port": "port_m", "to_starboard": "starboard_m", "imo": "imo",
             "ais_version": "ais_version", "epfd": "epfd"}  # fmt: skip
    for name, column in names.items():
        value = getattr(want, name, None)
        if value is None or (name in ("ship_type", "epfd") and int(value) == 0):
            continue
        if name.startswith("to_") and static["mothership_mmsi"]:
            continue
        if "Reserved" in getattr(value, "name", ""):  # it folds 95-98 and their like into one
            assert static[column] // 10 == int(value) // 10, (want, name)
        else:
            assert static[column] == int(value), (want, name)
        n += 1
    for name, column in (("shipname", "name"), ("callsign", "callsign"),
                         ("destination", "destination")):  # fmt: skip
        value = getattr(want, name, None)
        if value is not None:
            assert static[column].strip(" ") == text_of(value), (want, name)
            n += 1
    if hasattr(want, "draught"):
        assert static["draught_raw"] == round(want.draught * 10)
        eta = want.month << 16 | want.day << 11 | want.hour << 6 | want.minute
        assert static["eta_raw"] == eta
        n += 2
    return n


def test_pyais_gives_up_only_where_it_is_known_to(aishub, pyais_rows):
    _, t = decode(aishub)
    six_fill = int((t.messages.quality & 1 > 0).sum())
    assert len(t.messages) - len([p for p in pyais_rows if p is not None]) == six_fill == 8
    assert np.isin(t.messages.msg_type, (1, 2, 3)).sum() == 72_132
