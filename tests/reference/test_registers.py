"""MMSI forms, flags, ship types, IMO check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.reference import Flag, flag_of, imo_is_valid, mmsi_kind, ship_type_text


@pytest.mark.parametrize(
    ("mmsi", "kind", "iso3"),
    [
        (276123456, "ship", "EST"),
        (230123456, "ship", "FIN"),
        (273123456, "ship", "RUS"),
        (471123456, "ship", "ARE"),  # missing from the table of 2021, added by hand
        ("002761000", "coast_station", "EST"),
        (2761000, "coast_station", "EST"),  # leading zeros lost
        (27612345, "group", "EST"),  # 0MIDxxxxx as a number
        (111276001, "sar_aircraft", "EST"),
        (992761234, "aid_to_navigation", "EST"),
        (982761234, "craft_of_parent", "EST"),
        (827612345, "handheld", "EST"),
        (970123456, "sart", None),
        (972123456, "mob", None),
        (974123456, "epirb", None),
        (299123456, "ship", None),  # no such digits in the table
        (123456789, "unknown", None),
        (0, "unknown", None),
        (1, "unknown", None),
        (1193046, "unknown", None),
        (9999999999, "unknown", None),
        ("abc", "unknown", None),
        (-276123456, "unknown", None),
        ("²76123456", "unknown", None),
    ],
)
def test_mmsi_forms(mmsi, kind, iso3):
    assert mmsi_kind(mmsi) == kind
    flag = flag_of(mmsi)
    assert (flag.iso3 if flag else None) == iso3


def test_baltic_digits():
    want = {
        "DEU": (211, 218), "DNK": (219, 220), "FIN": (230,), "FRO": (231,), "NOR": (257, 258, 259),
        "POL": (261,), "SWE": (265, 266), "RUS": (273,), "LVA": (275,), "EST": (276,),
        "LTU": (277,),
    }  # fmt: skip
    for iso3, mids in want.items():
        for mid in mids:
            assert flag_of(mid * 1_000_000).iso3 == iso3


def test_old_names_of_states_are_mended():
    assert flag_of(669_000_000) == Flag("SZ", "SWZ", "Eswatini")
    assert flag_of(274_000_000).name == "North Macedonia"


@given(st.integers(-(10**10), 10**10))
def test_no_number_breaks_the_registers(n):
    assert isinstance(mmsi_kind(n), str)
    flag = flag_of(n)
    assert flag is None or len(flag.iso3) == 3


@pytest.mark.parametrize(
    ("imo", "valid"),
    [
        (9329760, True), (9187629, True), ("IMO 9187629", True), ("imo9187629", True),
        (9329761, False), (0, False), (932976, False), ("", False), ("IMO", False),
        (93297600, False), ("932976O", False), (-9329760, False),
    ],
)  # fmt: skip
def test_imo_numbers(imo, valid):
    assert imo_is_valid(imo) is valid


@given(st.integers(1_000_000, 9_999_999))
def test_one_check_digit_of_ten_is_right(n):
    assert sum(imo_is_valid(n // 10 * 10 + d) for d in range(10)) == 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "not available"), (30, "fishing"), (31, "towing"),
        (32, "towing, longer than 200 m or wider than 25 m"), (36, "sailing"), (50, "pilot"),
        (52, "tug"), (60, "passenger"), (70, "cargo"), (71, "cargo, hazard category X"),
        (84, "tanker, hazard category OS"), (79, "cargo"), (90, "other"), (40, "high-speed craft"),
        (19, "reserved (19)"), (38, "reserved (38)"), (100, "reserved (100)"),
        (255, "reserved (255)"),
    ],
)  # fmt: skip
def test_ship_types(code, text):
    assert ship_type_text(code) == text


@given(st.integers(0, 255))
def test_every_ship_type_has_words(code):
    assert ship_type_text(code)
