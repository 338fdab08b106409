"""Drags laid into real days: who is chosen, and that nothing else is changed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sargas.exercise.hosts import AFTER_MS, BEFORE_MS, choose_hosts, exchanged, with_drags
from sargas.exercise.presets.tracks import Collector, Tracks
from sargas.exercise.score import real_play, score_play
from sargas.exercise.truth import CONTROL
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import HOUR_MS, MINUTE_MS
from sargas.reference import shipped_assets, shipped_geography

from ..watch.tracks import T0, Track, batch, statics, watch

SEA = {"lon": 16.5, "lat": 55.1, "every_s": 60.0}
"""Open sea south-east of Bornholm; on course 060 no coast for hours."""


def ship(mmsi: int, hours: float = 6.0, sog_kn: float = 11.0, **track: float) -> Track:
    t = Track(mmsi=mmsi, seed=mmsi, **(SEA | track))
    return t.sail(hours * 60, sog_kn=sog_kn, cog_deg=60)


def day(*ships: Track, **types: int) -> Batch:
    said = [statics(t.mmsi, ship_type=70, length_m=150, **types) for t in ships]
    return batch(*(t.fixes() for t in ships), *said)


def tracks_of(whole: Batch) -> Tracks:
    collector = Collector()
    collector.add(whole)
    return collector.tracks(shipped_assets(), shipped_geography())


def test_hosts_are_merchants_that_steam_long_and_steadily() -> None:
    ships = [
        ship(230_000_001), ship(230_000_002, hours=3.0), ship(230_000_003, sog_kn=7.0),
        ship(230_000_004),
    ]  # fmt: skip
    whole = batch(
        *(t.fixes() for t in ships),
        *(statics(t.mmsi, ship_type=70, length_m=150) for t in ships[:3]),
        statics(230_000_004, ship_type=30),
    )
    ((mmsi, t0_ms),) = choose_hosts(tracks_of(whole), 10)
    assert mmsi == 230_000_001
    assert abs(t0_ms - T0 - BEFORE_MS) <= 2 * MINUTE_MS


def test_hosts_are_spread_evenly_and_no_more_than_wanted() -> None:
    whole = day(*(ship(230_000_000 + k) for k in range(10)))
    assert [m % 10 for m, _ in choose_hosts(tracks_of(whole), 4)] == [0, 3, 6, 9]
    assert len(choose_hosts(tracks_of(whole), 50)) == 10
    assert choose_hosts(tracks_of(day(ship(1, hours=1.0))), 4) == []


def test_a_day_is_folded_as_it_is_with_twins_and_with_drags() -> None:
    whole = day(*(ship(230_000_000 + k, lat=55.0 + k / 50) for k in range(4)))

    def batches() -> Iterator[Batch]:
        return whole.chunks(300)

    play = real_play("day", batches, "n")
    plain, dragged = with_drags(play, batches, shipped_assets(), shipped_geography(), 4)
    assert [s.kind for s in plain.staged] == [CONTROL] * 4
    assert [s.stratum["speed_loss"] for s in dragged.staged] == ["0.10", "0.15", "0.25", "0.40"]
    assert not plain.simulated
    assert dragged.simulated
    assert next(plain.batches()).fixes == whole.fixes.take(slice(0, 300))
    changed = Fixes.concat([b.fixes for b in dragged.batches()])
    assert len(changed) <= len(whole.fixes)
    before = whole.fixes.t_ms < min(s.t_start_ms for s in dragged.staged)
    early = changed.take(changed.t_ms < min(s.t_start_ms for s in dragged.staged))
    order = early.canonical_order()
    same = whole.fixes.take(before)
    assert early.take(order) == same.take(same.canonical_order())
    quiet, found = score_play(plain, watch()), score_play(dragged, watch())
    assert quiet.is_clean
    assert quiet.controls == 4
    assert quiet.on_controls == ()
    # Four that drag side by side are each other's cohort: the one that loses most stands out.
    assert found.met[3].first_ms is not None
    assert found.false_drags == ()


def test_a_day_without_hosts_stays_as_it_is() -> None:
    whole = day(ship(1, hours=1.0))
    play = real_play("day", lambda: iter([whole]), "n")
    assert with_drags(play, play.batches, shipped_assets(), shipped_geography(), 4) == [play]


def test_other_rows_come_where_the_stream_is_in_time() -> None:
    others = [ship(230_000_000 + k).fixes() for k in range(3)]
    mine = ship(230_000_009).fixes()
    whole = batch(*others, mine)
    parts = list(exchanged(whole.chunks(97), np.array([230_000_009], np.uint32), mine))
    out = Fixes.concat([p.fixes for p in parts])
    assert len(out) == len(whole.fixes)
    newest = np.maximum.accumulate(out.t_ms)
    assert (newest - out.t_ms).max() <= 2 * MINUTE_MS
    assert out.take(out.canonical_order()) == whole.fixes.take(whole.fixes.canonical_order())
    alone = list(exchanged(iter([Batch(mine, Statics.empty())]), mine.subject_id[:1], mine))
    assert Fixes.concat([p.fixes for p in alone]) == mine
    assert BEFORE_MS + AFTER_MS < 4 * HOUR_MS
