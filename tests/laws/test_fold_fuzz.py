"""Law 2 on small random worlds: whatever vessels do, the cut and the order of arrival say nothing.

The worlds are drawn to meet the edges: fixes and names exactly on a minute, ties in time, missing
speeds and courses, jumps, two hulls on one MMSI, silences, copies from several stations.
"""

from __future__ import annotations

import functools
import itertools
import json

import numpy as np
import pytest

from sargas.model.fixes import COG_NONE, LON_NONE, SOG_NONE, Batch, Fixes, Statics
from sargas.model.geodesy import KN_MS, step_along
from sargas.model.time import MINUTE_MS
from sargas.reference import shipped_geography
from sargas.watch.fold import Watch
from tests.watch.laws import PRECISE, UNCERTAIN, interpreted, line, sea

T0 = 1_736_920_800_000
LATENESS_MS = 60_000
FIRST = 230_000_001
DENSE = tuple(
    line(f"Line {k}", "telecom_cable", f"LINESTRING ({19.5 + k / 10} 56.7, {19.6 + k / 10} 57.4)",
         150.0)
    for k in range(6)
)  # fmt: skip
ASSETS = sea(PRECISE, UNCERTAIN, *DENSE)


def vessel(rng: np.random.Generator, mmsi: int) -> list[tuple[float, ...]]:
    """Sail a vessel in legs of random kind; rows of (t_s, lon, lat, sog_kn, cog_deg)."""
    lon, lat = rng.uniform(19.5, 20.5), rng.uniform(56.85, 57.45)
    t_s, cog = float(rng.integers(0, 60)), rng.uniform(0, 360)
    every = float(rng.choice([10, 20, 30, 60, 120, 180]))
    speed = rng.uniform(6, 16)
    out: list[tuple[float, ...]] = []
    while t_s < 5 * 3600:
        kind = rng.choice(["sail", "lose", "slow", "stop", "silent", "jump", "twin", "frozen"],
                          p=[0.3, 0.15, 0.15, 0.1, 0.1, 0.07, 0.07, 0.06])  # fmt: skip
        made = {"slow": rng.uniform(0.6, 2.9), "stop": 0.2, "lose": 0.75 * speed}.get(kind, speed)
        told = rng.uniform(4, 9) if kind == "frozen" else made
        if kind == "frozen":
            made = 0.0
        if kind == "sail" and rng.random() < 0.3:
            cog = rng.uniform(0, 360)
        away = rng.uniform(-1, 1, 2)
        lasts_min = rng.uniform(50, 110) if kind == "silent" else rng.uniform(5, 80)
        for k in range(int(lasts_min * 60 / every)):
            t_s += every
            lon, lat = step_along(lon, lat, cog, made * KN_MS * every)
            at = (lon, lat)
            if (kind == "twin" and k % 2) or (kind == "jump" and k == 2):
                at = (lon + away[0], lat + away[1])
            if kind != "silent":
                out.append((t_s, *at, max(told + rng.normal(0, 0.1), 0.0), cog % 360.0))
    if rng.random() < 0.5:  # on whole minutes
        out = [(t // 60 * 60, *rest) for t, *rest in out]
    return out


def fixes_of(rng: np.random.Generator, mmsi: int) -> Fixes:
    """Write a vessel's reports, some without speed, course or position, some copied."""
    table = np.array(vessel(rng, mmsi))
    n = len(table)
    lon = np.round(table[:, 1] * 6e5).astype(np.int64)
    sog = np.round(table[:, 3] * 10).astype(np.int64)
    cog = np.round(table[:, 4] * 10).astype(np.int64) % 3600
    blind = rng.choice([0.0, 0.05, 1.0], p=[0.6, 0.2, 0.2])
    sog[rng.random(n) < blind] = SOG_NONE
    cog[rng.random(n) < rng.choice([0.0, 0.05])] = COG_NONE
    lon[rng.random(n) < 0.02] = LON_NONE
    made = Fixes.build(
        n, subject_id=np.full(n, mmsi), t_ms=T0 + np.round(table[:, 0] * 1000),
        msg_type=np.full(n, rng.choice([1, 1, 18])), lon_raw=lon,
        lat_raw=np.round(table[:, 2] * 6e5), sog_raw=sog, cog_raw=cog,
        heading_raw=np.round(table[:, 4]) % 360, nav_status=np.full(n, rng.choice([0, 0, 1, 15])),
        payload_hash=rng.integers(1, 2**60, n), station=rng.integers(0, 3, n),
    )  # fmt: skip
    again = made.take(np.flatnonzero(rng.random(n) < 0.1))
    late = {"t_ms": again.t_ms + rng.integers(0, 15, len(again)) * 1000}
    return Fixes.concat([made, Fixes(**again.columns() | late)])


def sentinels(rng: np.random.Generator) -> Fixes:
    """Let vessels stand all over the sea, so that a silence is known to be one."""
    lon, lat = np.meshgrid(np.arange(18.7, 21.4, 0.3), np.arange(56.3, 58.0, 0.15))
    who = np.arange(lon.size).repeat(38)
    t_ms = T0 + np.tile(np.arange(38) * 480, lon.size) * 1000 + who * 1000
    return Fixes.build(
        len(who), subject_id=FIRST + 1000 + who, t_ms=t_ms, msg_type=np.full(len(who), 1),
        lon_raw=np.round(lon.ravel()[who] * 6e5), lat_raw=np.round(lat.ravel()[who] * 6e5),
        sog_raw=np.full(len(who), 1), payload_hash=rng.integers(1, 2**60, len(who)),
    )  # fmt: skip


def statics_of(rng: np.random.Generator, mmsis: list[int]) -> Statics:
    """Let vessels change their names often, many times exactly on a minute."""
    n = 60 * len(mmsis)
    t_ms = T0 + rng.integers(0, 300, n) * MINUTE_MS + rng.choice([0, 0, 1, 59_999], n)
    return Statics.build(
        n, subject_id=rng.choice(mmsis, n), t_ms=t_ms,
        name=[f"NAME {k}".encode() for k in rng.integers(0, 99, n)],
        ship_type=rng.choice([0, 30, 70, 80], n), length_m=rng.choice([0, 50, 120, 200], n),
        payload_hash=rng.integers(1, 2**60, n),
    )  # fmt: skip


@functools.cache
def world(seed: int) -> Batch:
    """Draw a world: rows in order of time."""
    rng = np.random.default_rng(seed)
    mmsis = [FIRST + k for k in range(7)]
    fixes = Fixes.concat([fixes_of(rng, m) for m in mmsis] + [sentinels(rng)])
    fixes = fixes.take(np.argsort(fixes.t_ms, kind="stable"))
    said = statics_of(rng, mmsis)
    return Batch(fixes, said.take(np.argsort(said.t_ms, kind="stable")))


def new_watch() -> Watch:
    return Watch(ASSETS, shipped_geography(), lateness_ms=LATENESS_MS)


def told(parts: list[Batch], save_at: int = -1) -> list[str]:
    """Fold batches; give every alert version and every crossing, as text."""
    w = new_watch()
    out: list[str] = []
    crossed: list[str] = []
    for k, part in enumerate(parts):
        if k == save_at:
            state = w.dump()
            w = new_watch()
            w.load(state)
        done = w.push(part)
        assert len(done.late) == 0
        out += [a.to_json() for a in done.alerts]
        crossed += [repr(row) for row in done.crossings.tolist()]
        crossed += [json.dumps(row) for row in w.crossing_rows(done.crossings)]
    done = w.flush()
    out += [a.to_json() for a in done.alerts]
    crossed += [repr(row) for row in done.crossings.tolist()]
    crossed += [json.dumps(row) for row in w.crossing_rows(done.crossings)]
    tally = json.dumps({n: c for n, c in sorted(w.tally().items()) if n != "time_ahead"})
    counts = [repr(sorted(d.counts.items())) for d in w.detectors if hasattr(d, "counts")]
    return [*out, *sorted(crossed), tally, *counts]


@functools.cache
def whole(seed: int) -> list[str]:
    return told([world(seed)])


def parts_of(rows: Batch, rng: np.random.Generator, n: int) -> list[Batch]:
    """Cut fixes and statics at the same random times."""
    low, high = int(rows.fixes.t_ms[0]), int(rows.fixes.t_ms[-1])
    at = np.sort(rng.integers(low, high, n) // 30_000 * 30_000)
    edges = [low - 10**9, *at.tolist(), high + 10**9]
    out = []
    for a, b in itertools.pairwise(edges):
        fix = (rows.fixes.t_ms >= a) & (rows.fixes.t_ms < b)
        said = (rows.statics.t_ms >= a) & (rows.statics.t_ms < b)
        out.append(Batch(rows.fixes.take(fix), rows.statics.take(said)))
    return out


def test_the_worlds_are_worth_folding() -> None:
    words = {
        w
        for seed in range(6)
        for w in ("drag_onset", "slow_in_corridor", "gap", "position_integrity")
        for text in whole(seed)
        if f'"detector": "{w}"' in text
    }
    assert words == {"drag_onset", "slow_in_corridor", "gap", "position_integrity"}  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_no_alert_is_told_twice(seed: int) -> None:
    alerts = [json.loads(t) for t in whole(seed) if t.startswith('{"id"')]
    names = [(a["id"], a["version"]) for a in alerts]
    assert len(set(names)) == len(names)
    for name in {a["id"] for a in alerts}:
        life = [a for a in alerts if a["id"] == name]
        assert [a["version"] for a in life] == list(range(1, len(life) + 1))
        assert all(a["state"] == "open" for a in life[:-1])
        assert len({a["t_start"] for a in life}) == 1


@pytest.mark.parametrize("seed", range(6))
def test_no_cut_changes_anything(seed: int) -> None:
    rng = np.random.default_rng(seed + 1000)
    for n in (3, 40):
        parts = parts_of(world(seed), rng, n)
        assert told(parts, save_at=int(rng.integers(0, len(parts)))) == whole(seed)


@pytest.mark.parametrize("seed", range(3))
def test_minute_by_minute_is_the_same_as_at_once(seed: int) -> None:
    rows = world(seed)
    minutes = np.arange(int(rows.fixes.t_ms[0]) // MINUTE_MS, rows.fixes.t_ms[-1] // MINUTE_MS + 2)
    parts = []
    for m in minutes:
        fix, said = rows.fixes.t_ms // MINUTE_MS == m, rows.statics.t_ms // MINUTE_MS == m
        parts.append(Batch(rows.fixes.take(fix), rows.statics.take(said)))
    first = Batch(Fixes.empty(), rows.statics.take(rows.statics.t_ms // MINUTE_MS < minutes[0]))
    last = Batch(Fixes.empty(), rows.statics.take(rows.statics.t_ms // MINUTE_MS > minutes[-1]))
    assert told([first, *parts, last]) == whole(seed)


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_arrival_changes_anything(seed: int) -> None:
    rng = np.random.default_rng(seed + 2000)
    rows = world(seed)
    arrival = np.argsort(rows.fixes.t_ms + rng.integers(0, LATENESS_MS - 1000, len(rows.fixes)))
    fixes = rows.fixes.take(arrival)
    at = [0, *np.sort(rng.integers(0, len(fixes), 20)).tolist(), len(fixes)]
    said = rows.statics.take(rng.permutation(len(rows.statics)))
    parts = [Batch(fixes.take(slice(a, b)), Statics.empty()) for a, b in itertools.pairwise(at)]
    assert told([Batch(Fixes.empty(), said), *parts]) == whole(seed)


def told_of_one_world() -> list[str]:
    return whole(1)


def test_kernels_run_as_plain_python_say_the_same() -> None:
    assert interpreted("tests.laws.test_fold_fuzz", "told_of_one_world") == told_of_one_world()
