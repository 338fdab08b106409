"""Suspensions in the watch: what they mute stays a Note that names them, nothing else changes."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.alerts import Alert
from sargas.model.fixes import Batch, Statics
from sargas.model.suspension import Suspension, muted, suspensions_of
from sargas.model.time import DAY_MS, HOUR_MS
from sargas.reference import Mask
from sargas.reference.vessel_lists import VesselLists
from tests.model.test_suspension import begun
from tests.watch import laws, tracks
from tests.watch.test_judge import IN_PORT, OVER_CABLE, slow, stopped
from tests.watch.test_vessel_context import entry, said
from tests.watch.tracks import MINUTE, T0, Track, alerts_of

MMSI = 230_000_001
BEFORE = T0 - HOUR_MS


def suspension(from_ms: int = BEFORE, **more: object) -> tuple[Suspension, ...]:
    more.setdefault("until_ms", from_ms + DAY_MS)
    return suspensions_of([begun(t_ms=from_ms, **more)])


def around(lon: float, lat: float, deg: float = 0.05) -> dict:
    ring = shapely.get_coordinates(shapely.box(lon - deg, lat - deg, lon + deg, lat + deg))
    return {"type": "Polygon", "coordinates": [ring.tolist()]}


def long_stop() -> Track:
    """Over a cable for 40 minutes, then under way again: the alert opens and closes."""
    return stopped(*OVER_CABLE).sail(30, sog_kn=10, cog_deg=90)


def by_vessel(alerts: list[Alert]) -> dict[int, list[Alert]]:
    return {n: [a for a in alerts if a.subject.mmsi == n] for n in {a.subject.mmsi for a in alerts}}


def test_what_is_suspended_is_a_note_that_says_so_and_the_other_vessel_rings() -> None:
    parts = (stopped(*OVER_CABLE).fixes(), stopped(*OVER_CABLE, mmsi=230_000_002).fixes())
    here = suspension(seq=12, detectors=["slow_in_corridor"], area=around(*OVER_CABLE))
    plain = alerts_of(*parts)
    found = alerts_of(*parts, suspensions=here)
    assert [a.id for a in found] == [a.id for a in plain]  # none is deleted, all are countable
    own = by_vessel(slow(found))
    assert {(a.priority, a.muted_by, a.notes) for a in own[MMSI]} == {
        ("P3", ("suspension:s12",), ("muted by suspension:s12: from P2 to P3",))
    }
    assert {(a.priority, a.muted_by) for a in own[230_000_002]} == {("P2", ())}
    others = [a for a in found if a.detector != "slow_in_corridor"]
    assert others == [a for a in plain if a.detector != "slow_in_corridor"]
    elsewhere = suspension(area=around(20.0, 57.0))
    assert alerts_of(*parts, suspensions=elsewhere) == plain


def test_an_alert_that_stood_before_is_not_muted_and_one_that_opened_under_it_stays_so() -> None:
    opened, closed = slow(alerts_of(long_stop().fixes()))
    at_ms = opened.t_detected_ms
    late = slow(alerts_of(long_stop().fixes(), suspensions=suspension(at_ms + 1)))
    assert [(a.priority, a.muted_by) for a in late] == [("P2", ())] * 2
    short = suspension(at_ms, until_ms=at_ms + MINUTE)
    assert short[0].ends_ms < closed.t_issued_ms
    under = slow(alerts_of(long_stop().fixes(), suspensions=short))
    assert [(a.priority, a.muted_by, a.state) for a in under] == [
        ("P3", ("suspension:s1",), "open"), ("P3", ("suspension:s1",), "closed")
    ]  # fmt: skip


def test_beside_a_mask_and_a_list_that_raises() -> None:
    found = slow(alerts_of(stopped(*IN_PORT).fixes(), suspensions=suspension()))
    assert found
    assert all(a.muted_by[-1] == "suspension:s1" and len(a.muted_by) > 1 for a in found)
    lists = VesselLists([entry("raise")])
    parts = (stopped(*OVER_CABLE).fixes(), said())
    (raised,) = slow(alerts_of(*parts, lists=lists))
    assert raised.priority == "P1"
    by_name = suspension(mmsis=[], list="Port watch")
    (alert,) = slow(alerts_of(*parts, lists=lists, suspensions=by_name))
    assert (alert.priority, alert.muted_by) == ("P3", ("suspension:s1",))
    assert slow(alerts_of(*parts, suspensions=by_name))[0].muted_by == ()  # without the list


def test_the_desk_shows_what_the_watch_would_have_given() -> None:
    parts = (long_stop().fixes(), stopped(*IN_PORT, mmsi=230_000_003).fixes(), said())
    mask = Mask("m", "works", shapely.box(*OVER_CABLE, *OVER_CABLE).buffer(0.1), "me", "works", 0,
                2**60, effect="downgrade")  # fmt: skip
    both = (
        *suspension(mmsis=[MMSI, 230_000_003], area=around(*OVER_CABLE, 0.01)),
        *suspension(seq=2, mmsis=[230_000_003]),
    )
    for masks in ((), (mask,)):
        plain = alerts_of(*parts, masks=masks)
        first = {a.id: a.to_dict() for a in plain if a.version == 1}
        shown = [muted(a.to_dict(), first[a.id], both) for a in plain]
        judged = [a.to_dict() for a in alerts_of(*parts, masks=masks, suspensions=both)]
        said_of = [(a["id"], a["version"], a["priority"], a["muted_by"]) for a in judged]
        assert [(a["id"], a["version"], a["priority"], a["muted_by"]) for a in shown] == said_of
        assert {name for a in judged for name in a["muted_by"]} >= {
            "suspension:s1", "suspension:s2"
        }  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed: int) -> None:
    """Law 2, with a suspension that begins and ends amid the stops."""
    whole = laws.whole(
        long_stop().fixes(), stopped(*OVER_CABLE, mmsi=230_000_002).fixes(),
        Track(MMSI + 2, *OVER_CABLE, every_s=60, t_ms=T0 + 40 * MINUTE).came()
        .sail(40, sog_kn=0.1, cog_deg=0).fixes(),
    )  # fmt: skip
    options = {"suspensions": suspension(
        T0, mmsis=[MMSI, 230_000_002, MMSI + 2], until_ms=T0 + 45 * MINUTE)}  # fmt: skip
    w = tracks.watch(**options)
    once = laws.lines(w.push(whole).alerts + w.flush().alerts)
    assert {"suspension:s1" in line for line in once} == {True, False}
    cut = int(np.random.default_rng(seed).integers(0, len(whole.fixes)))
    first, second = tracks.watch(**options), tracks.watch(**options)
    got = laws.lines(first.push(Batch(whole.fixes.take(slice(0, cut)), whole.statics)).alerts)
    second.load(first.dump())
    rest = Batch(whole.fixes.take(slice(cut, len(whole.fixes))), Statics.empty())
    got += laws.lines(second.push(rest).alerts + second.flush().alerts)
    assert got == once
