"""Cleaning: copies, sentinels, jumps, two ships on one MMSI."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import parse_iso
from sargas.watch.clean import is_vessel
from tests.watch.tracks import Track, batch, watch

DATA = Path(__file__).parents[1] / "data" / "ais"


def tally(*parts: Fixes, **options: object) -> dict[str, int]:
    w = watch(detectors=(), **options)
    w.push(batch(*parts))
    w.flush()
    return w.tally()


def segments(fixes: Fixes) -> list[int]:
    """The segment number of each fix that is not set aside, in canonical order."""
    w = watch(detectors=())
    w.push(batch(fixes))
    w.flush()
    return w._segments["number"][: w._used].tolist()


def test_a_copy_within_the_window_is_counted_once_and_after_it_is_news() -> None:
    one = Track(every_s=60).sail(5, sog_kn=0, cog_deg=0).fixes().take(slice(0, 1))

    def copy(seconds: float) -> Fixes:
        return Fixes(**(one.columns() | {"t_ms": one.t_ms + int(seconds * 1000)}))

    assert tally(one, copy(20))["duplicate"] == 1
    assert "duplicate" not in tally(one, copy(21))


def test_the_earliest_copy_is_kept_whatever_its_station() -> None:
    one = Track().sail(1, sog_kn=5, cog_deg=0).fixes().take(slice(0, 1))
    later = Fixes(**(one.columns() | {"t_ms": one.t_ms + 900, "station": np.array([-9])}))
    w = watch(detectors=())
    w.push(Batch(Fixes.concat([later, one]), Statics.empty()))
    w.flush()
    assert w._segments["t_ms"][0] == one.t_ms[0]


def test_a_lone_jump_is_set_aside_and_the_track_goes_on() -> None:
    track = Track().sail(5, sog_kn=10, cog_deg=0)
    lon, lat = track.lon, track.lat
    track.jump(24.0, 59.5).sail(0.17, sog_kn=10, cog_deg=0)
    track.jump(lon, lat).sail(5, sog_kn=10, cog_deg=0)
    counted = tally(track.fixes())
    assert counted["impossible_jump"] == 1
    assert counted["ok"] == 60


def test_two_ships_on_one_number_become_two_segments() -> None:
    here = Track(every_s=30).sail(30, sog_kn=10, cog_deg=0).fixes()
    there = Track(lon=24.0, lat=59.5, every_s=30, seed=2).sail(30, sog_kn=8, cog_deg=90).fixes()
    counted = tally(here, there)
    assert counted["impossible_jump"] == 2  # the two fixes before the third confirms
    assert counted["ok"] == 118
    assert segments(Fixes.concat([here, there])) == [0, 1]


def test_the_real_two_ships_on_one_number() -> None:
    """GFW's sample of MMSI 416000000: off Taiwan and far away, by turns."""
    lines = (DATA / "gfw_gpsdio_416000000_two_ships_one_mmsi.json").read_text().splitlines()
    said = [json.loads(line) for line in lines]
    said = [s for s in said if s["lat"] is not None]
    t = [parse_iso(s["timestamp"].replace(" ", "T").removesuffix("Z") + "Z") for s in said]
    fixes = Fixes.build(
        len(said), subject_id=[416000000] * len(said), t_ms=t, msg_type=[1] * len(said),
        lon_raw=np.round(np.array([s["lon"] for s in said]) * 6e5),
        lat_raw=np.round(np.array([s["lat"] for s in said]) * 6e5),
        payload_hash=np.arange(len(said)),
    )  # fmt: skip
    w = watch(detectors=())
    w.push(batch(fixes))
    w.flush()
    confirmed = w._segments[: w._used]
    confirmed = confirmed[confirmed["confirmed"] == 1]
    assert len(confirmed) >= 2
    assert w.tally()["ok"] > 0.95 * len(said) - 107  # 107 rows are repeated in the file


@pytest.mark.parametrize(
    ("column", "value", "verdict"),
    [("lon_raw", 108_600_000, "no_position"), ("lat_raw", 54_600_000, "no_position"),
     ("lon_raw", -(2**31), "no_position"), ("subject_id", 0, "mmsi_zero"),
     ("subject_id", 992_190_001, "not_a_vessel"), ("msg_type", 4, "not_a_vessel")],
)  # fmt: skip
def test_sentinels_and_strangers_are_named(column: str, value: int, verdict: str) -> None:
    one = Track().sail(1, sog_kn=5, cog_deg=0).fixes().take(slice(0, 1))
    changed = Fixes(**(one.columns() | {column: np.array([value], one.columns()[column].dtype)}))
    assert tally(changed)[verdict] == 1


@pytest.mark.parametrize(
    ("mmsi", "ship"),
    [(230_000_001, True), (111_230_001, False), (970_123_456, False), (2_300_001, False),
     (982_301_234, False), (800_000_000, True)],
)  # fmt: skip
def test_ships_are_told_by_the_form_of_their_number(mmsi: int, ship: bool) -> None:
    assert is_vessel(mmsi, 1) == ship == is_vessel.py_func(mmsi, 1)


def test_a_number_that_a_hundred_thousand_hulls_use_still_counts_them() -> None:
    """More segments than sixteen bits hold: the next would be number -32768, and then 0 again."""
    n = 33_000
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(10, 30, n).repeat(3), rng.uniform(54, 65, n).repeat(3)
    fixes = Fixes.build(
        3 * n, subject_id=np.full(3 * n, 230_000_001), t_ms=1 + np.arange(3 * n) * 1000,
        lon_raw=lon * 6e5, lat_raw=lat * 6e5, payload_hash=1 + np.arange(3 * n),
    )  # fmt: skip
    numbers = segments(fixes)
    assert len(numbers) > 32_768
    assert numbers == list(range(len(numbers)))
