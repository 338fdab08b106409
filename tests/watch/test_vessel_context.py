"""D16: what lists say of a vessel in its alerts; one step up at most, and when not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sargas.model.alerts import Alert
from sargas.model.fixes import Batch, Statics
from sargas.model.time import iso
from sargas.reference import Mask, shipped_geography
from sargas.reference.vessel_lists import ListEntry, VesselLists
from sargas.watch.detect.gnss import GnssArea
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.fold import Watch
from sargas.watch.vessel_context import raised_by
from tests.watch import laws
from tests.watch.test_gnss import AIRPORT, BEGINS, SLOW, ship
from tests.watch.test_gnss import stopped as stopped_in_area
from tests.watch.test_judge import IN_PORT, OVER_CABLE, slow, stopped
from tests.watch.tracks import MINUTE, T0, alerts_of, statics

IMO, MMSI = 1_234_567, 230_000_001
LONG = 2**60


def entry(effect: str = "show", **changes: object) -> ListEntry:
    said = {
        "list": "Port watch", "entry": "7", "date": "2024-12-01", "kind": "watch", "imo": IMO,
        "mmsi": None, "name": "", "effect": effect, "valid_from_ms": 0, "valid_until_ms": LONG,
    } | changes  # fmt: skip
    return ListEntry(**said)  # type: ignore[arg-type]


def said(imo: int = IMO, t_ms: int = T0, **more: object) -> Statics:
    return statics(MMSI, t_ms, imo=imo, **more)


def listed(*entries: ListEntry, parts: tuple = (), **options: object) -> list[Alert]:
    """The versions of the alert of a stop over a cable by a ship that reports its IMO number."""
    parts = parts or (stopped(*OVER_CABLE).fixes(), said())
    return slow(alerts_of(*parts, lists=VesselLists(entries), **options))


TOLD = {"list": "Port watch", "entry": "7", "date": "2024-12-01", "kind": "watch",
        "matched_by": "imo"}  # fmt: skip
WORDS = "listed by Port watch (watch), entry 7 of 2024-12-01, matched by IMO"


def test_an_entry_is_shown_and_changes_nothing_else() -> None:
    (plain,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), said()))
    (alert,) = listed(entry())
    assert "lists" not in plain.context
    assert alert.context["lists"] == [TOLD]
    assert alert.context["lists_version"] == VesselLists([entry()]).version
    assert (alert.priority, alert.notes, alert.text, alert.id) == ("P2", (), plain.text, plain.id)


def test_lists_that_name_another_ship_are_told_as_an_empty_list() -> None:
    (alert,) = listed(entry("raise", imo=9_329_760))
    assert alert.context["lists"] == []
    assert (alert.priority, alert.notes) == ("P2", ())


def test_an_entry_that_raises_raises_by_one_step_and_says_which() -> None:
    (plain,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), said()))
    (alert,) = listed(entry("raise"))
    assert (alert.priority, alert.notes) == ("P1", (f"{WORDS}: from P2 to P1",))
    assert alert.text == plain.text, "what was seen is the same"


def test_lowered_first_then_raised_and_both_are_said() -> None:
    (alert,) = listed(
        entry("raise"), parts=(stopped(*OVER_CABLE).fixes(), said(ship_type=50))
    )  # fmt: skip
    assert alert.priority == "P2"
    assert alert.notes == ("ship type 50 as reported: from P2 to P3", f"{WORDS}: from P3 to P2")


def test_several_entries_raise_once_and_an_alias_is_told_once() -> None:
    more = entry("raise", list="Sanctions", kind="sanctions")
    (alert,) = listed(entry("raise"), entry("raise", name="ALIAS"), more, entry(entry="8"),
                      parts=(stopped(*OVER_CABLE).fixes(), said(ship_type=50)))  # fmt: skip
    assert alert.priority == "P2"
    assert alert.notes[1] == f"{WORDS}, and 1 more: from P3 to P2"
    assert [(e["list"], e["entry"]) for e in alert.context["lists"]] == [
        ("Port watch", "7"), ("Port watch", "8"), ("Sanctions", "7"),
    ]  # fmt: skip


def test_never_above_p1() -> None:
    assert raised_by([entry("raise")], "P1", ("a",)) == ("P1", ("a", f"{WORDS}: a P1 as it is"))
    assert raised_by([entry()], "P3", ("a",)) == ("P3", ("a",))


@pytest.mark.parametrize(
    "changes", [{"valid_until_ms": T0}, {"valid_from_ms": T0 + 60 * MINUTE}], ids=["past", "later"]
)
def test_an_entry_counts_by_event_time_only(changes: dict[str, int]) -> None:
    (alert,) = listed(entry("raise", **changes))
    assert (alert.context["lists"], alert.priority, alert.notes) == ([], "P2", ())


def test_a_muted_alert_is_told_and_not_raised() -> None:
    parts = (stopped(*IN_PORT).fixes(), said())
    plain = slow(alerts_of(*parts))
    found = listed(entry("raise"), parts=parts)
    assert found[0].muted_by
    assert [(a.priority, a.notes) for a in found] == [(a.priority, a.notes) for a in plain]
    assert found[0].context["lists"] == [TOLD]


def test_an_mmsi_matches_only_an_entry_without_imo_number() -> None:
    """The ship has this MMSI now and reports another IMO number than the entry."""
    (alert,) = listed(entry("raise", imo=9_329_760, mmsi=MMSI))
    assert (alert.context["lists"], alert.priority) == ([], "P2")
    (alert,) = listed(entry("raise", imo=None, mmsi=MMSI))
    assert alert.context["lists"] == [TOLD | {"matched_by": "mmsi"}]
    assert alert.priority == "P1"
    assert "matched by MMSI" in alert.notes[0]


def test_an_imo_number_counts_from_when_it_was_received() -> None:
    """Told with the end; an end is no new weighing."""
    track = stopped(*OVER_CABLE).sail(30, sog_kn=10, cog_deg=90)
    late = said(t_ms=T0 + 35 * MINUTE)
    opened, closed = listed(entry("raise"), parts=(track.fixes(), late))
    assert opened.t_detected_ms < T0 + 35 * MINUTE < closed.t_issued_ms
    assert (opened.context["lists"], opened.subject.imo) == ([], None)
    assert closed.context["lists"] == [TOLD]
    assert (opened.priority, closed.priority, closed.notes) == ("P2", "P2", ())


def test_an_entry_that_runs_out_stays_with_the_alert_that_it_raised() -> None:
    track = stopped(*OVER_CABLE).sail(30, sog_kn=10, cog_deg=90)
    opened, closed = listed(
        entry("raise", valid_until_ms=T0 + 35 * MINUTE), parts=(track.fixes(), said())
    )
    assert opened.t_detected_ms < T0 + 35 * MINUTE < closed.t_issued_ms
    assert (opened.priority, closed.priority) == ("P1", "P1")
    assert opened.notes == closed.notes == (f"{WORDS}: from P2 to P1",)
    assert opened.context["lists"] == closed.context["lists"] == [TOLD]


def jam(n: int, minutes: float = 30.0) -> list:
    return [
        ship(k, minutes).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes() for k in range(n)
    ]


def among_jammed(*parts: object, lists: VesselLists, lowered: bool = False) -> list[Alert]:
    """Fold a stop in an area of interference, whose first two ships jump before it opens."""
    mask = Mask(
        "m", "works", shapely.box(19, 56, 21, 58), "me", "works", 0, LONG, effect="downgrade"
    )
    w = Watch(laws.sea(), shipped_geography(), lists=lists, masks=(mask,) if lowered else (),
              detectors=(SlowInCorridor, GnssArea))  # fmt: skip
    return w.push(laws.whole(*parts)).alerts + w.flush().alerts


def by_the_stop(alerts: list[Alert]) -> list[Alert]:
    return [a for a in alerts if a.detector == "slow_in_corridor" and a.subject.mmsi == SLOW]


def found_later() -> tuple:
    third = ship(2, 37).jump(*AIRPORT).sail(30, sog_kn=2, cog_deg=90).fixes()
    return (stopped_in_area(40, BEGINS - 7 * MINUTE), said(), third, *jam(2))


def test_interference_found_later_is_weighed_as_if_it_had_been_known() -> None:
    lists = VesselLists([entry("raise")])
    a, b = by_the_stop(among_jammed(*found_later(), lists=lists))[:2]
    assert (a.priority, b.priority, b.version) == ("P1", "P2", 2)
    assert [n.rpartition(": ")[2] for n in b.notes] == ["from P2 to P3", "from P3 to P2"]
    known = (stopped_in_area(30, BEGINS - 5 * MINUTE), said(), *jam(4))
    (c, *_) = by_the_stop(among_jammed(*known, lists=lists))
    assert c.priority == "P2"
    assert [n.rpartition(": ")[2] for n in c.notes] == ["from P2 to P3", "from P3 to P2"]


def test_interference_found_later_takes_nothing_of_what_was_a_note_before_the_list() -> None:
    found = by_the_stop(among_jammed(*found_later(), lists=VesselLists([entry("raise")]),
                                     lowered=True))  # fmt: skip
    assert {(a.priority, a.notes) for a in found} == {
        ("P2", ("works m: from P2 to P3", f"{WORDS}: from P3 to P2"))
    }


def test_an_alert_about_an_area_has_no_lists() -> None:
    alerts = among_jammed(*found_later(), lists=VesselLists([entry("raise", imo=None, mmsi=0)]))
    areas = [a for a in alerts if a.detector == "gnss_area"]
    assert areas
    assert all("lists" not in a.context and a.priority == "P2" for a in areas)


LISTS = VesselLists([
    entry("raise", valid_until_ms=BEGINS + 20 * MINUTE), entry(list="Later", valid_from_ms=BEGINS),
    entry("raise", imo=None, mmsi=230_003_001, kind="sanctions"),
])  # fmt: skip


def new_watch() -> Watch:
    return Watch(laws.sea(), shipped_geography(), lists=LISTS,
                 detectors=(SlowInCorridor, GnssArea))  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cuts_and_reloads_change_nothing(seed: int) -> None:
    """Law 2, with lists: the watch that goes on is loaded from bytes."""
    whole = laws.whole(*found_later())
    w = new_watch()
    once = laws.lines(w.push(whole).alerts + w.flush().alerts)
    assert any("listed by" in line for line in once)
    cut = int(np.random.default_rng(seed).integers(0, len(whole.fixes)))
    first, second = new_watch(), new_watch()
    got = laws.lines(first.push(Batch(whole.fixes.take(slice(0, cut)), whole.statics)).alerts)
    second.load(first.dump())
    rest = Batch(whole.fixes.take(slice(cut, len(whole.fixes))), Statics.empty())
    got += laws.lines(second.push(rest).alerts + second.flush().alerts)
    assert got == once, iso(int(whole.fixes.t_ms[cut]))
