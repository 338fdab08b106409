"""The simulated sea: that what it promises is really there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sargas.exercise.sea.chance import normal, uniform
from sargas.exercise.sea.fleet import KINDS
from sargas.exercise.sea.hear import interval_s, sail_and_hear
from sargas.exercise.sea.lanes import load_lanes, network, resampled
from sargas.exercise.sea.sail import AREA, ENGINE, JAM, ORDER, OUTAGE, WEATHER
from sargas.exercise.sea.simulate import (
    HEARD,
    batches_of,
    engine_order,
    prepare,
    simulate,
    under_way_days,
)
from sargas.exercise.sea.waters import land_m, scales
from sargas.model.fixes import Batch
from sargas.model.geodesy import KN_MS
from sargas.watch.clean import RING
from tests.exercise.sea import SMALL, START, of_kind, sailed, small_sea, undisturbed, without_copies


def steps(fixes):
    """Give (rows before, seconds, implied knots, bearing) of neighbouring fixes of a vessel."""
    lon, lat = fixes.lon_deg, fixes.lat_deg
    same = np.flatnonzero((np.diff(fixes.subject_id) == 0) & (np.diff(fixes.t_ms) > 0))
    dt = np.diff(fixes.t_ms)[same] / 1000.0
    scale = scales(0.5 * (lat[same] + lat[same + 1]))
    east = (lon[same + 1] - lon[same]) * scale[:, 0]
    north = (lat[same + 1] - lat[same]) * scale[:, 1]
    far = np.hypot(east, north)
    course = np.degrees(np.arctan2(east, north)) % 360.0
    return same, dt, far / dt / KN_MS, course


def test_chance_is_even_normal_and_without_memory():
    drawn = np.array([uniform(77, t, 3) for t in range(20_000)])
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(np.histogram(drawn, 10, (0, 1))[0] / 2000 - 1).max() < 0.1
    gauss = np.array([normal(77, t * 60, 3) for t in range(20_000)])
    assert abs(gauss.mean()) < 0.03
    assert abs(gauss.std() - 1.0) < 0.02
    assert abs(np.corrcoef(gauss[1:], gauss[:-1])[0, 1]) < 0.03
    assert uniform(77, 5, 3) == uniform(77, 5, 3) != uniform(78, 5, 3)
    assert uniform.py_func(77, 5, 3) == uniform(77, 5, 3)


def test_lanes_keep_off_land_and_join_all_ports():
    for lane in network()["lanes"]:
        assert land_m(resampled(np.array(lane["way"]), 300.0)).min() > 100.0, lane["ends"]
    lanes = load_lanes(3, 2000.0, 0.1)
    names = [p.name for p in lanes.ports]
    assert len(names) > 40
    for name in names[1:]:
        for way in (lanes.way(names[0], name), lanes.way(name, names[0])):
            assert land_m(way).min() > 100.0, name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    few = dataclasses.replace(SMALL, vessels=150)
    one, two = (list(simulate(few, 5, START, 1.0).batches()) for _ in range(2))
    assert [b.fixes for b in one] == [b.fixes for b in two]
    assert [b.statics for b in one] == [b.statics for b in two]
    other = next(simulate(few, 6, START, 1.0).batches())
    assert one[0].fixes != other.fixes


def test_batches_come_in_order_of_arrival_and_are_told_as_simulated():
    play = simulate(dataclasses.replace(SMALL, vessels=150), 5, START, 1.0)
    fixes = next(play.batches()).fixes
    assert play.simulated
    assert "SIMULATED" in play.note
    assert (np.diff(fixes.t_ms) >= 0).all()
    assert (np.diff(fixes.arrival_seq) == 1).all()
    said = sailed().statics
    assert all(name.startswith(b"SIM ") for name in said.name)
    assert (said.subject_id // 1_000_000 == 200).all()


def test_no_ship_is_on_land():
    fixes = undisturbed(sailed().fixes)
    assert land_m(np.column_stack([fixes.lon_deg, fixes.lat_deg])).min() > 0.0


def test_implied_speed_and_course_are_the_reported_ones():
    fixes = of_kind(without_copies(undisturbed(sailed().fixes)), "merchant")
    row, dt, implied_kn, course = steps(fixes)
    reported = 0.5 * (fixes.sog_kn[row] + fixes.sog_kn[row + 1])
    # A second's rounding of places and times matters less the longer the step.
    use = (dt >= 9.0) & (dt <= 30.0) & (reported > 5.0)
    assert use.sum() > 20_000
    error = (implied_kn - reported)[use]
    assert abs(np.median(error)) < 0.1  # noise of places lengthens short steps
    assert np.quantile(np.abs(error), 0.99) < 1.5
    off = (course - fixes.cog_deg[row] + 180.0) % 360.0 - 180.0
    assert abs(np.median(off[use])) < 0.2
    assert np.quantile(np.abs(off[use]), 0.95) < 8.0


def test_reports_come_at_the_intervals_of_itu():
    fixes = without_copies(undisturbed(sailed().fixes))
    row = np.flatnonzero(np.diff(fixes.subject_id) == 0)
    dt = np.diff(fixes.t_ms)[row] / 1000.0
    sog, is_b = fixes.sog_kn[row], fixes.msg_type[row] == 18
    lying = np.isin(fixes.nav_status[row], (1, 5))
    for chosen, seconds in (
        (~is_b & lying & (sog < 2.0), 180.0),
        (~is_b & ~lying & (sog > 3.5) & (sog < 13.0), 10.0),
        (~is_b & ~lying & (sog > 15.0) & (sog < 22.0), 6.0),
        (is_b & (sog > 3.0), 30.0),
        (is_b & (sog < 1.5), 180.0),
    ):
        assert chosen.sum() > 50
        assert abs(np.median(dt[chosen]) - seconds) <= 0.06 * seconds + 1.0
    # Never more often, but in turns.
    straight = ~is_b & ~lying & (sog < 13.0) & (fixes.rot_raw[row] == 0)
    assert (dt[straight] >= 8.0).mean() > 0.99


def test_interval_is_that_of_the_tables():
    table = [
        (False, 0.0, True, False, 180), (False, 4.0, True, False, 10),
        (False, 9.0, False, False, 10), (False, 18.0, False, False, 6),
        (False, 18.0, False, True, 2), (False, 25.0, False, False, 2),
        (True, 1.0, False, False, 180), (True, 8.0, False, False, 30),
    ]  # fmt: skip
    for class_b, sog, lying, turning, seconds in table:
        assert interval_s(class_b, sog, lying, turning) == seconds
    assert 3.3 < interval_s(False, 9.0, False, True) < 3.4


def test_one_fix_a_minute_and_vessel_is_never_exceeded():
    thin = dataclasses.replace(SMALL, every_s=60.0, vessels=300)
    fixes = without_copies(next(simulate(thin, 5, START, 1.0).batches()).fixes)
    same = np.diff(fixes.subject_id) == 0
    assert (np.diff(fixes.t_ms)[same] >= 60_000).all()


def test_copies_are_told_by_payload_and_come_from_another_station():
    fixes = sailed().fixes
    fixes = fixes.take(fixes.canonical_order())
    order = np.lexsort((fixes.t_ms, fixes.payload_hash))
    payload, t_ms = fixes.payload_hash[order], fixes.t_ms[order]
    copy = payload[1:] == payload[:-1]
    assert 0.03 < copy.mean() < 0.07
    lag = np.diff(t_ms)[copy]
    assert lag.min() >= 0
    assert lag.max() <= 4000
    station = fixes.station[order]
    assert (np.diff(station)[copy] != 0).all()
    assert RING > 1  # as many as the watch remembers


def test_losses_differ_by_ship_and_come_in_spells():
    fixes = of_kind(without_copies(undisturbed(sailed().fixes)), "merchant")
    who, first = np.unique(fixes.subject_id, return_index=True)
    share = []
    for a, b in zip(first, [*first[1:], len(fixes)], strict=True):
        dt = np.diff(fixes.t_ms[a:b]) / 1000.0
        fast = fixes.sog_kn[a:b] > 5.0
        if fast.all() and b - a > 100 and np.nanmax(fixes.sog_kn[a:b]) < 14.0:
            share.append(1.0 - (b - a) / (dt.sum() / 10.0))
    assert len(share) > 30
    assert len(who) > 100
    assert np.quantile(share, 0.1) < 0.08
    assert np.quantile(share, 0.9) > 0.12


def test_every_kind_is_there_in_its_share():
    ships, shares = small_sea().sea.ships, SMALL.shares
    assert len(ships) == SMALL.vessels
    for k, kind in enumerate(KINDS[:-1]):
        assert (ships["kind"] == k).sum() == shares.count(kind, SMALL.vessels)
    under_way = under_way_days(small_sea(), small_sea().sea) * 24.0 / small_sea().hours
    assert 0.3 < under_way / SMALL.vessels < 0.48  # 1,500 of 4,000
    assert 0.02 < ships["class_b"].mean() < 0.12
    assert ships["no_heading"].any()


def test_speeds_are_those_of_the_kinds():
    fixes = undisturbed(sailed().fixes)
    middle = {k: np.nanmedian(of_kind(fixes, k).sog_kn) for k in KINDS}
    assert 14.0 < middle["ferry"] < 22.0
    assert np.nanmax(of_kind(fixes, "fast_ferry").sog_kn) > 24.0
    assert 2.5 < middle["trawler"] < 5.0
    assert 0.8 < middle["dredger"] < 3.0
    assert 3.5 < middle["tow"] < 7.0
    assert middle["moored"] < 0.2


def test_anchored_ships_swing_about_their_anchor():
    fixes = of_kind(without_copies(undisturbed(sailed().fixes)), "anchored")
    for mmsi in np.unique(fixes.subject_id)[:10]:
        mine = fixes.take(fixes.subject_id == mmsi)
        east = (mine.lon_deg - mine.lon_deg.mean()) * 55_000
        north = (mine.lat_deg - mine.lat_deg.mean()) * 111_000
        assert 20.0 < np.ptp(east) + np.ptp(north) < 1100.0
        assert np.nanmax(mine.sog_kn) < 1.0
        assert (mine.nav_status == 1).all()


def alone(**area):
    """Sail the small sea an hour with one area alone: (plain, changed) fixes."""
    own = small_sea()
    sea = dataclasses.replace(own.sea, areas=np.zeros(0, AREA))
    row = np.zeros(1, AREA)
    row["t0_s"], row["t1_s"] = own.start_s, own.start_s + 7200
    row["radius_m"], row["ramp_s"], row["seed"] = 2e6, 1.0, 9
    row["lon"], row["lat"] = 20.0, 58.0
    for name, value in area.items():
        row[name] = value
    changed = dataclasses.replace(own.sea, areas=row)
    return tuple(next(batches_of(own, s)).fixes for s in (sea, changed))


def test_weather_slows_everyone_small_ships_more():
    plain, slowed = alone(does=WEATHER, value=0.2)
    long = small_sea().sea.ships["length_m"]
    loss = {}
    for name, pick in (("small", long < 90), ("large", long > 160)):
        mine = small_sea().sea.ships["mmsi"][pick & (small_sea().sea.ships["kind"] == 0)]
        median = [
            np.nanmedian(f.sog_kn[np.isin(f.subject_id, mine) & (f.sog_kn > 5.0)])
            for f in (plain, slowed)
        ]
        loss[name] = 1.0 - median[1] / median[0]
    assert 0.05 < loss["large"] < loss["small"] < 0.4


def test_jamming_loses_or_moves_positions():
    plain, jammed = alone(does=JAM, value=0.8)
    assert plain.has_position.all()
    assert 0.1 < (~jammed.has_position).mean() < 0.5
    _, _, implied, _ = steps(without_copies(jammed.take(jammed.has_position)))
    assert (implied > 100.0).sum() > 100


def test_an_outage_is_silent_and_a_frozen_feed_repeats_itself():
    plain, silent = alone(does=OUTAGE, radius_m=1e5, lon=25.0, lat=59.8)
    near = np.hypot((plain.lon_deg - 25.0) * 0.5, plain.lat_deg - 59.8) < 0.4
    assert near.sum() > 100
    near = np.hypot((silent.lon_deg - 25.0) * 0.5, silent.lat_deg - 59.8) < 0.4
    assert near.sum() == 0
    start = small_sea().start_s
    _, frozen = alone(does=3, t0_s=start + 600)
    late = frozen.take(frozen.t_ms > (start + 900) * 1000)
    busy = without_copies(late).subject_id
    who = busy[np.argmax(np.bincount(np.unique(busy, return_inverse=True)[1]))]
    mine = late.take(late.subject_id == who)
    assert len(np.unique(mine.lon_raw)) == 1


def test_an_engine_failure_ends_in_a_drift():
    own = small_sea()
    k = int(np.argmax((own.sea.ships["kind"] == 0) & (own.sea.ships["v0_ms"] > 5.0)))
    order = engine_order(np.random.default_rng(3), own.start_s + 600)
    order["ramp_s"] = 300.0
    assert order["does"][0] == ENGINE
    sea = own.sea.with_orders({k: [order]})
    fixes = next(batches_of(own, sea)).fixes
    mine = without_copies(fixes.take(fixes.subject_id == own.sea.ships["mmsi"][k]))
    late = mine.take(mine.t_ms > (own.start_s + 1800) * 1000)
    assert np.nanmedian(late.sog_kn) == pytest.approx(order["drift_kn"][0], abs=0.3)
    away = (late.cog_deg - order["drift_deg"][0] + 180.0) % 360.0 - 180.0
    assert abs(np.median(away)) < 15.0


def test_interpreted_and_compiled_agree():
    own = small_sea()
    told = []
    for kernel in (sail_and_hear, sail_and_hear.py_func):
        ships = own.sea.ships.copy()
        out = np.zeros(4000, HEARD)
        n, _ = kernel(
            ships[5:9], own.sea.stints, own.sea.ways, own.sea.orders, own.sea.areas, 0,
            own.start_s, own.start_s + 600, own.seed, 0.4, out,
        )  # fmt: skip
        told.append(out[:n])
    assert len(told[0]) > 20
    for name in HEARD.names:
        # A last bit of a sine may differ, and so a wire unit.
        assert np.abs(told[0][name].astype(float) - told[1][name].astype(float)).max() <= 1, name


def test_orders_are_laid_on_the_ship_that_is_meant():
    own = small_sea()
    order = np.zeros(1, ORDER)
    order["loss"] = 0.5
    sea = own.sea.with_orders({3: [order], 8: [order, order]})
    for k in range(len(sea.ships)):
        more = {3: 1, 8: 2}.get(k, 0)
        assert sea.ships["orders"][k] == own.sea.ships["orders"][k] + more
    assert len(sea.orders) == len(own.sea.orders) + 3


def test_a_sea_is_prepared_whatever_came_before():
    few = dataclasses.replace(SMALL, vessels=150)
    one = prepare(few, 5, START, 2.0)
    prepare(few, 6, START, 2.0)
    two = prepare(few, 5, START, 2.0)
    assert np.array_equal(one.sea.ways, two.sea.ways)
    assert one.sea.ships.tobytes() == two.sea.ships.tobytes()
    assert isinstance(next(batches_of(one, one.sea)), Batch)
