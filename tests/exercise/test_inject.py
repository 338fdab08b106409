"""Injection into real columns: one story in place, speed and course, and nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest

from sargas.errors import InputError
from sargas.exercise.inject import Drag, inject, weight
from sargas.exercise.truth import CONTROL
from sargas.model.geodesy import KN_MS, distance_m
from tests.watch.tracks import T0, Track, batch, statics

MATE = 230_000_002
START = T0 + 3_600_000


def two_ships(sog_kn=12.0, every_s=10.0):
    """Sail two ships side by side for four hours; the first loses a fifth of its reports."""
    one = Track(noise_kn=0.05, every_s=every_s).sail(240, sog_kn=sog_kn, cog_deg=30.0)
    rng = np.random.default_rng(4)
    one.rows = [r for r in one.rows if rng.random() > 0.2]
    two = Track(mmsi=MATE, lon=20.05, noise_kn=0.05).sail(240, sog_kn=11.0, cog_deg=30.0)
    return batch(one.fixes(), two.fixes(), statics(230_000_001, name=b"SIM"))


def of(whole, mmsi=230_000_001):
    fixes = whole.fixes.take(whole.fixes.subject_id == mmsi)
    return fixes.take(np.argsort(fixes.t_ms, kind="stable"))


@pytest.mark.parametrize("loss", [0.1, 0.25, 0.4])
def test_implied_and_reported_speed_are_those_of_a_drag(loss):
    out, staged = inject(two_ships(), 230_000_001, START, Drag(loss, ramp_min=8.0))
    mine = of(out)
    late = mine.take((mine.t_ms > START + 600_000) & (mine.t_ms < START + 7_000_000))
    assert np.median(late.sog_kn) == pytest.approx(12.0 * (1 - loss), abs=0.1)
    far = distance_m(late.lon_deg[0], late.lat_deg[0], late.lon_deg[-1], late.lat_deg[-1])
    took_s = (late.t_ms[-1] - late.t_ms[0]) / 1000.0
    assert far / took_s / KN_MS == pytest.approx(12.0 * (1 - loss), abs=0.1)
    assert (staged.kind, staged.mmsi, staged.t_start_ms) == ("drag_onset", 230_000_001, START)
    assert staged.stratum["speed_loss"] == f"{loss:.2f}"
    ramp = mine.take((mine.t_ms >= START) & (mine.t_ms < START + 480_000))
    middle = ramp.sog_kn[len(ramp) // 2 - 3 : len(ramp) // 2 + 3]
    assert np.mean(middle) == pytest.approx(12.0 * (1 - loss / 2), abs=0.25)


def test_nothing_else_changes():
    whole = two_ships()
    out, _ = inject(whole, 230_000_001, START, Drag(0.25))
    assert of(out, MATE) == of(whole, MATE)
    before = of(whole).t_ms < START
    assert of(out).take(of(out).t_ms < START) == of(whole).take(before)
    assert out.statics == whole.statics
    assert (of(out).t_ms == of(whole).t_ms).all()  # heard when it was heard: losses stay


def test_a_control_twin_is_the_batch_itself():
    whole = two_ships()
    out, staged = inject(whole, 230_000_001, START, Drag(0.0, pull_deg=5.0, hunt_deg=3.0))
    assert staged.kind == CONTROL
    assert out.fixes == whole.fixes


def test_a_ship_that_falls_below_14_knots_reports_less_often():
    whole = two_ships(sog_kn=16.0, every_s=6.0)
    out, _ = inject(whole, 230_000_001, START, Drag(0.25, ramp_min=5.0))
    late = of(out).take(of(out).t_ms > START + 900_000)
    late = late.take(late.t_ms < START + 7_000_000)
    assert np.diff(late.t_ms).min() >= 9000
    real = of(whole).take(of(whole).t_ms > START + 900_000)
    assert np.diff(real.t_ms).min() == 6000


def test_pull_and_hunting_are_as_asked():
    drag = Drag(0.2, ramp_min=5.0, pull_deg=-6.0, hunt_deg=3.6, hunt_s=150.0)
    mine = of(inject(two_ships(), 230_000_001, START, drag)[0])
    late = mine.take((mine.t_ms > START + 600_000) & (mine.t_ms < START + 7_000_000))
    assert np.std(late.cog_deg) == pytest.approx(3.6, abs=0.2)
    off = (late.heading_deg - late.cog_deg + 180.0) % 360.0 - 180.0
    assert np.median(off) == pytest.approx(-6.0, abs=1.0)
    turns = np.count_nonzero(np.diff(np.sign(late.cog_deg - 30.0)))
    assert 2 * (late.t_ms[-1] - late.t_ms[0]) / 1000.0 / turns == pytest.approx(150.0, rel=0.1)
    # The place follows the course: it goes aside by 9 m at 9.6 kn, and the implied course hunts.
    east, north = np.diff(late.lon_deg) * 60_900, np.diff(late.lat_deg) * 111_300
    near = np.diff(late.t_ms) == 10_000
    implied = np.degrees(np.arctan2(east, north))[near]
    assert np.std(implied) == pytest.approx(3.6, abs=0.5)


def test_the_speed_comes_back_after_the_drag():
    mine = of(inject(two_ships(), 230_000_001, START, Drag(0.4, minutes=60.0))[0])
    late = mine.take(mine.t_ms > START + 75 * 60_000)
    assert np.median(late.sog_kn) == pytest.approx(12.0, abs=0.1)
    drag = Drag(0.4, ramp_min=10.0, minutes=60.0)
    assert weight(np.array([0.0, 300.0, 600.0, 3600.0, 3900.0, 4300.0]), drag).tolist() == [
        0.0, 0.5, 1.0, 1.0, 0.5, 0.0,
    ]  # fmt: skip


def test_a_vessel_that_is_not_heard_on_both_sides_is_refused():
    whole = two_ships()
    for mmsi, t_ms in ((1, START), (230_000_001, T0 - 1), (230_000_001, T0 + 10**9)):
        with pytest.raises(InputError, match="not heard on both sides"):
            inject(whole, mmsi, t_ms, Drag(0.2))
