"""Samples: what a vessel did in one minute, against the plain means of its fixes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sargas.model.time import MINUTE_MS
from sargas.watch.clean import JUMP, NO_POSITION, OK
from sargas.watch.locate import Located
from sargas.watch.minutes import minutes_of


def located(rows) -> Located:
    """Make rows of (slot, verdict, t_s, sog, cog, heading)."""
    slot, verdict, t_s, sog, cog, heading = (np.array(c) for c in zip(*rows, strict=True))
    n = len(slot)
    at = np.arange(n, dtype=float)
    other = {
        name: np.zeros(n, dtype=dtype)
        for name, dtype in (
            ("nav_status", "u1"), ("msg_type", "u1"), ("length_m", "u2"), ("ship_type", "u1"),
            ("asset", "i4"), ("distance_m", "f8"), ("buffer_m", "f8"), ("accuracy_m", "f8"),
            ("kp_m", "f8"), ("land_m", "f8"), ("depth_m", "f8"),
        )
    }  # fmt: skip
    return Located(
        slot=slot.astype("i4"), verdict=verdict.astype("u1"), t_ms=(t_s * 1000).astype("i8"),
        lon=at, lat=-at, sog_kn=sog.astype(float), cog_deg=cog.astype(float),
        heading_deg=heading.astype(float), subject=np.maximum(slot, 0).astype("i4"), **other,
    )  # fmt: skip


def sampled(rows):
    """Sample rows that start at minute 10."""
    whole = located(rows)
    minute = whole.t_ms // MINUTE_MS
    bounds = np.searchsorted(minute, np.arange(10, minute.max() + 2))
    return minutes_of(whole, bounds, 10, int(whole.slot.max()) + 1, 1)


def test_means_over_a_minute_and_angles_across_north():
    m = sampled([
        (0, OK, 600, 10.0, 358.0, 4.0), (0, OK, 610, 12.0, 6.0, math.nan),
        (1, OK, 615, 5.0, math.nan, math.nan),
    ])  # fmt: skip
    s = m.samples
    assert s.slot.tolist() == [0, 1]
    assert s.fixes.tolist() == [2, 1]
    assert s.sog_kn.tolist() == [11.0, 5.0]
    assert s.cog_deg[0] == pytest.approx(2.0)
    assert s.heading_deg[0] == pytest.approx(4.0)
    assert s.beta_deg[0] == pytest.approx(6.0)
    assert np.isnan(s.cog_deg[1])
    assert np.isnan(s.beta_deg[1])
    assert (s.first_ms[0], s.t_ms[0], s.lon[0]) == (600_000, 610_000, 1.0)


def test_a_vessel_has_one_sample_in_every_minute_it_is_received():
    m = sampled([
        (0, OK, 600, 1, 0, 0), (1, OK, 601, 1, 0, 0), (0, OK, 602, 1, 0, 0),
        (1, OK, 720, 1, 0, 0), (0, OK, 781, 1, 0, 0),
    ])  # fmt: skip
    assert m.sample_bounds.tolist() == [0, 2, 2, 3, 4]
    assert m.samples.slot.tolist() == [0, 1, 1, 0]
    assert m.samples.last.tolist() == [2, 1, 3, 4]


def test_a_report_without_position_is_heard_and_a_jump_is_not():
    m = sampled([
        (0, NO_POSITION, 600, 1, 0, 0), (1, OK, 601, 7, 0, 0), (1, NO_POSITION, 630, 9, 0, 0),
        (2, JUMP, 640, 1, 0, 0), (-1, OK, 650, 1, 0, 0),
    ])  # fmt: skip
    s = m.samples
    assert s.slot.tolist() == [0, 1]
    assert s.fixes.tolist() == [0, 1]
    assert s.heard_ms.tolist() == [600_000, 630_000]
    assert np.isnan(s.lon[0])
    assert (s.sog_kn[1], s.t_ms[1]) == (7.0, 601_000)


def test_samples_are_the_same_as_means_taken_by_hand():
    rng = np.random.default_rng(3)
    n = 400
    t_s = np.sort(rng.integers(600, 1200, n))
    t_s = t_s[np.argsort(t_s // 60, kind="stable")]
    rows = [
        (int(s), OK, int(t), v, c, h)
        for s, t, v, c, h in zip(
            rng.integers(0, 5, n), t_s, rng.uniform(0, 20, n), rng.normal(359, 5, n) % 360,
            rng.normal(1, 5, n) % 360, strict=True,
        )
    ]  # fmt: skip
    s = sampled(rows).samples
    by = {}
    for slot, _, t, v, c, h in rows:
        by.setdefault((slot, t // 60), []).append((v, c, h))
    assert len(s.slot) == len(by)
    for k in range(len(s.slot)):
        group = np.array(by[int(s.slot[k]), int(s.t_ms[k]) // MINUTE_MS])
        assert s.sog_kn[k] == pytest.approx(group[:, 0].mean())
        centred = (group[:, 1] + 180) % 360 - 180
        assert (s.cog_deg[k] + 180) % 360 - 180 == pytest.approx(centred.mean(), abs=1e-9)
        beta = (group[:, 2] - group[:, 1] + 180) % 360 - 180
        assert s.beta_deg[k] == pytest.approx(beta.mean(), abs=1e-9)
