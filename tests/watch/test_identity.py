"""D12: numbers and names that contradict each other, and those that only slip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.fixes import Fixes, Statics
from sargas.model.time import parse_iso
from sargas.reference import imo_is_valid
from sargas.watch.detect.identity import IdentityConflict
from sargas.watch.detect.identity_fold import imo_fails
from tests.watch import laws
from tests.watch.tracks import T0, Track, statics

DATA = Path(__file__).parents[1] / "data" / "ais"
HOUR = 3_600_000
SHIP = 230_000_001


def fixes(hours, mmsi=SHIP, **options):
    return Track(mmsi, every_s=600, **options).sail(60 * hours, sog_kn=1, cog_deg=90).fixes()


def said(hours, every_h=2.0, mmsi=SHIP, **what):
    """Static reports from one hour to another."""
    times = np.arange(hours[0], hours[1], every_h)
    return Statics.concat([statics(mmsi, T0 + round(h * HOUR), **what) for h in times])


def run(*parts):
    w = laws.new_watch(IdentityConflict)
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def opened(alerts):
    return [a for a in alerts if a.version == 1]


@given(st.integers(1, 9_999_999))
def test_the_check_digit_is_that_of_the_registers(imo):
    assert imo_fails(imo) == (not imo_is_valid(f"{imo:07d}"))


def test_a_wrong_check_digit_counts_after_three_reports_and_a_day():
    (a,) = opened(run(fixes(40), said((1, 40), imo=9329761)))
    assert (a.priority, a.context["kind"]) == ("P3", "imo_wrong")
    assert a.t_start_ms == T0 + HOUR
    assert a.t_detected_ms == T0 + 25 * HOUR
    assert "reports IMO 9329761, whose check digit does not fit" in a.text
    assert all(r.passed for r in a.why)
    assert run(fixes(40), said((1, 24), imo=9329761)) == []
    assert run(fixes(40), said((1, 40), every_h=30, imo=9329761)) == []


def test_good_numbers_official_ones_and_none_raise_nothing():
    for imo in (9329760, 20_123_456, 0):
        assert run(fixes(60), said((1, 60), imo=imo, name=b"SAME", length_m=100)) == []


def test_a_new_name_held_for_a_day_names_both():
    (a,) = opened(run(fixes(80), said((1, 30), name=b"OLD"), said((31, 80), name=b"NEW NAME 2")))
    assert a.context["kind"] == "name_changed"
    assert 'calls itself "NEW NAME 2"; until 2025-01-16 it called itself "OLD"' in a.text
    assert a.t_detected_ms == T0 + 55 * HOUR


def test_a_name_of_all_its_letters_comes_back_whole():
    long = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567"
    (a,) = opened(run(fixes(80), said((1, 30), name=long), said((31, 80), name=b"B")))
    assert f'"{long.decode()}"' in a.text


def test_a_slip_of_the_keys_is_no_change():
    slip = said((31, 33), name=b"OLDD")
    assert run(fixes(99), said((1, 30), name=b"OLD"), slip, said((34, 99), name=b"OLD")) == []


def test_two_names_in_turn_are_one_alert():
    parts = [said((1 + k, 90), every_h=4, name=n) for k, n in ((0, b"ONE"), (2, b"TWO"))]
    (a,) = opened(run(fixes(90), *parts))
    assert a.context["kind"] == "name_changed"


def test_a_change_after_more_than_thirty_days_is_not_told():
    late = said((45 * 24, 47 * 24), name=b"NEW")
    assert run(fixes(48 * 24), said((1, 30), name=b"OLD"), late) == []


def test_imo_and_name_that_change_together_are_two_alerts():
    before = said((1, 30), name=b"OLD", imo=9329760)
    found = opened(run(fixes(80), before, said((31, 80), name=b"NEW", imo=9187629)))
    assert sorted(a.context["kind"] for a in found) == ["imo_changed", "name_changed"]
    assert len({a.id for a in found}) == 2


def test_an_imo_number_that_moves_to_another_mmsi():
    other = 230_000_002
    (a,) = opened(run(
        fixes(30), fixes(90, other, lon=20.5), said((1, 30), imo=9329760),
        said((31, 90), mmsi=other, imo=9329760),
    ))  # fmt: skip
    assert (a.subject.mmsi, a.context["kind"]) == (other, "imo_shared")
    assert f"reports IMO 9329760, which MMSI {SHIP} last reported at 11:00Z on 2025-01-16" in a.text


def test_digits_given_to_no_state():
    (a,) = opened(run(fixes(40, 299_000_001), said((1, 40), mmsi=299_000_001, name=b"X")))
    assert a.context["kind"] == "no_mid"
    assert any("table is of 2021" in s for s in a.against)


@pytest.mark.parametrize(("before", "after", "told"), [(100, 180, 1), (100, 108, 0), (300, 320, 0)])
def test_a_length_that_changes_by_enough(before, after, told):
    parts = (said((1, 30), length_m=before), said((31, 80), length_m=after))
    assert len(opened(run(fixes(80), *parts))) == told


def test_another_class_of_transponder():
    two = fixes(80)
    two.msg_type[two.t_ms > T0 + 40 * HOUR] = 18
    (a,) = opened(run(two))
    assert a.context["kind"] == "class_changed"
    assert "reports as class B; until 2025-01-16 as class A" in a.text


def test_two_ships_heard_in_turn_are_a_clone():
    here = Track(SHIP, every_s=60).sail(90, sog_kn=8, cog_deg=0).fixes()
    there = Track(SHIP, 20.0, 58.0, every_s=60, seed=2).sail(90, sog_kn=8, cog_deg=0).fixes()
    (a,) = opened(run(here, there))
    assert a.context["kind"] == "cloned"
    assert "two transmitters use this number" in a.text
    assert a.t_detected_ms - a.t_start_ms == pytest.approx(30 * 60_000, abs=120_000)


def test_near_each_other_or_once_away_and_back_is_none():
    here = Track(SHIP, every_s=60).sail(90, sog_kn=8, cog_deg=0).fixes()
    near = Track(SHIP, 20.0, 57.3, every_s=60, seed=2).sail(90, sog_kn=8, cog_deg=0).fixes()
    assert run(here, near) == []
    thrown = Track(SHIP, every_s=60).sail(30, sog_kn=8, cog_deg=0)
    lon, lat = thrown.lon, thrown.lat
    thrown.jump(24.0, 59.5).sail(50, sog_kn=8, cog_deg=0)
    thrown.jump(lon, lat).sail(50, sog_kn=8, cog_deg=0)
    assert run(thrown.fixes()) == []


def test_the_real_two_ships_with_one_number_are_a_clone():
    """Global Fishing Watch's sample of MMSI 416000000, Apache-2.0 (tests/data/ais/NOTICE.md)."""
    lines = (DATA / "gfw_gpsdio_416000000_two_ships_one_mmsi.json").read_text().splitlines()
    rows = [s for s in map(json.loads, lines) if s["lat"] is not None]
    times = [parse_iso(s["timestamp"].replace(" ", "T").removesuffix("Z") + "Z") for s in rows]
    real = Fixes.build(
        len(rows), subject_id=[416000000] * len(rows), t_ms=times, msg_type=[1] * len(rows),
        lon_raw=np.round(np.array([s["lon"] for s in rows]) * 6e5),
        lat_raw=np.round(np.array([s["lat"] for s in rows]) * 6e5),
        payload_hash=np.arange(len(rows)),
    )  # fmt: skip
    found = opened(run(real))
    assert found
    assert {a.context["kind"] for a in found} == {"cloned"}
    assert all(a.subject.mmsi == 416000000 for a in found)


def test_the_words_never_accuse():
    said = " ".join(a.text + " ".join(a.against) for a in run(scene().fixes, scene().statics))
    for word in ("fake", "false", "spoof", "suspicious", "stolen", "illegal"):
        assert word not in said.lower()


def scene():
    here = Track(SHIP, every_s=1200).sail(60 * 90, sog_kn=0.5, cog_deg=0).fixes()
    there = Track(SHIP, 20.0, 58.5, every_s=1200, seed=2).sail(60 * 90, sog_kn=0.5, cog_deg=0)
    return laws.whole(
        here, there.fixes(), said((1, 30), name=b"OLD", imo=9329760),
        said((31, 90), name=b"NEW", imo=9329761, length_m=80),
    )  # fmt: skip


def scene_lines():
    return laws.fold_in_cuts(laws.new_watch(IdentityConflict), scene(), [])


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed):
    rng = np.random.default_rng(seed)
    once = scene_lines()
    assert len(once) >= 4
    cuts = laws.random_cuts(len(scene().fixes), rng)
    w = laws.new_watch(IdentityConflict)
    got = laws.fold_in_cuts(w, scene(), cuts, reload_at=int(rng.integers(0, len(cuts) + 1)))
    assert got == once


def test_interpreted_equals_compiled():
    assert laws.interpreted("tests.watch.test_identity", "scene_lines") == scene_lines()
