"""Vigilance areas: one step up in them, after all that lowers; and areas drawn between batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from sargas.model.alerts import Alert
from sargas.reference import Mask, shipped_geography
from sargas.reference.mask_book import (
    ADD,
    EXPIRE,
    Act,
    BookFollower,
    MaskBook,
    read_book,
    write_book,
    writing,
)
from sargas.reference.masks import FOREVER_MS
from sargas.reference.vessel_lists import VesselLists
from sargas.watch.detect.gnss import GnssArea
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.fold import Watch
from tests.watch import laws
from tests.watch.test_judge import IN_PORT, OVER_CABLE, slow, stopped
from tests.watch.test_vessel_context import WORDS, by_the_stop, entry, found_later, said
from tests.watch.tracks import MINUTE, T0, alerts_of, statics


def area(name: str = "z1", **changes: object) -> Mask:
    """A vigilance area over the north of the Gulf of Finland."""
    given = {
        "kind": "vigilance", "geometry": shapely.box(24, 59.5, 27, 60.5), "owner": "V.P.",
        "reason": "repair ship expected", "valid_from_ms": 0, "valid_until_ms": FOREVER_MS,
        "effect": "raise", "name": "Estlink approach",
    } | changes  # fmt: skip
    return Mask(name, **given)  # type: ignore[arg-type]


def weighed(*masks: Mask, at: tuple[float, float] = OVER_CABLE, **more: object) -> Alert:
    (alert,) = slow(alerts_of(stopped(*at).fixes(), said(), masks=masks, **more))
    return alert


IN_AREA = "in vigilance area Estlink approach (z1)"


def test_an_alert_in_it_is_a_step_higher_and_says_so() -> None:
    alert = weighed(area())
    assert (alert.priority, alert.notes) == ("P1", (f"{IN_AREA}: from P2 to P1",))
    assert alert.muted_by == ()


def test_two_areas_raise_by_one_step_and_lists_by_another_but_never_above_alarm() -> None:
    alert = weighed(area(), area("z2"), lists=VesselLists([entry("raise")]))
    assert alert.priority == "P1"
    assert alert.notes == (f"{IN_AREA}, and 1 more: from P2 to P1", f"{WORDS}: a P1 as it is")


@pytest.mark.parametrize(
    "changes",
    [
        {"detectors": ("gap",)}, {"assets": ("another",)}, {"valid_until_ms": T0},
        {"geometry": shapely.box(20, 56, 21, 57)}, {"effect": "none", "kind": "zone"},
    ],
)  # fmt: skip
def test_it_counts_only_for_its_place_time_assets_and_detectors(changes: dict) -> None:
    alert = weighed(area(**changes))
    assert (alert.priority, alert.notes) == ("P2", ())


def test_what_is_muted_stays_muted() -> None:
    muted = slow(alerts_of(stopped(*IN_PORT).fixes(), masks=(area(),)))
    assert muted
    assert all(a.muted_by and a.priority == "P3" for a in muted)
    assert not any("vigilance" in note for a in muted for note in a.notes)


def test_what_is_lowered_is_lowered_first() -> None:
    (alert,) = slow(
        alerts_of(stopped(*OVER_CABLE).fixes(), statics(230_000_001, ship_type=50), masks=(area(),))
    )
    assert alert.priority == "P2"
    assert [n.rpartition(": ")[2] for n in alert.notes] == ["from P2 to P3", "from P3 to P2"]


def test_interference_found_later_is_weighed_as_if_it_had_been_known() -> None:
    """Lowered by the interference, then raised by the area, and by the list where one does."""
    here = area(geometry=shapely.box(19, 56, 21, 58))

    def found(lists: VesselLists | None) -> list[Alert]:
        w = Watch(laws.sea(), shipped_geography(), lists=lists, masks=(here,),
                  detectors=(SlowInCorridor, GnssArea))  # fmt: skip
        return by_the_stop(w.push(laws.whole(*found_later())).alerts + w.flush().alerts)

    a, b = found(None)[:2]
    assert (a.priority, b.priority, b.version) == ("P1", "P2", 2)
    assert [n.rpartition(": ")[2] for n in b.notes] == ["from P2 to P3", "from P3 to P2"]
    assert b.notes[1].startswith(IN_AREA)
    # With a list on top both steps are made up again: nothing has changed for the officer.
    assert {a.priority for a in found(VesselLists([entry("raise")]))} == {"P1"}


def two_stops() -> tuple:
    """Two ships that stop over the cable, two hours apart."""
    early, late = stopped(*OVER_CABLE), stopped(*OVER_CABLE, mmsi=230_000_002)
    rows = laws.whole(early.fixes(), late.fixes())
    rows.fixes.t_ms[rows.fixes.subject_id == 230_000_002] += 120 * MINUTE
    order = np.argsort(rows.fixes.t_ms, kind="stable")
    fixes = rows.fixes.take(order)
    cut = int(np.searchsorted(fixes.t_ms, T0 + 110 * MINUTE))
    return (
        type(rows)(fixes.take(slice(0, cut)), rows.statics),
        type(rows)(fixes.take(slice(cut, len(fixes))), rows.statics.take(slice(0, 0))),
    )


def test_an_area_drawn_between_two_batches_takes_part_from_the_next_one(tmp_path: Path) -> None:
    """And the same rows folded again by the book as it is then give the same alerts."""

    def watch(masks: tuple[Mask, ...] = ()) -> Watch:
        return Watch(
            laws.sea(*default_assets()), shipped_geography(), masks=masks,
            detectors=(SlowInCorridor,),
        )  # fmt: skip

    def draw(act: Act, w: Watch) -> None:
        with writing(tmp_path):
            book = read_book(tmp_path)
            write_book(tmp_path, book.grown([act], w.judged_to_ms + 1, "2025-01-01T00:00:00Z",
                                            "V.P.", "seen"))  # fmt: skip

    first, second = two_stops()
    w, follower = watch(), BookFollower(tmp_path)
    assert follower.changed() is None
    live = w.push(first).alerts
    draw(Act(ADD, area()), w)
    masks = follower.changed()
    assert masks is not None
    assert follower.changed() is None
    w.take_masks(masks)
    live += w.push(second).alerts + w.flush().alerts
    opened = [a for a in slow(live) if a.version == 1]
    assert [(a.subject.mmsi, a.priority) for a in opened] == [
        (230_000_001, "P2"), (230_000_002, "P1"),
    ]  # fmt: skip
    draw(Act(EXPIRE, area()), w)
    again = watch(read_book(tmp_path).masks())
    replayed = again.push(first).alerts + again.push(second).alerts + again.flush().alerts
    assert laws.lines(replayed) == laws.lines(live)


def default_assets() -> list:
    return [laws.line("Here", "power_cable", "LINESTRING (26.2 59.91, 26.4 59.93)", 200.0)]


def test_a_book_without_a_drawn_time_is_read_as_before(tmp_path: Path) -> None:
    with writing(tmp_path):
        book = MaskBook().grown([Act(ADD, area())], 5, "2025-01-01T00:00:00Z", "me", "x", 7000)
        write_book(tmp_path, book.grown([Act(EXPIRE, area())], 9, "2025-01-01T00:00:00Z", "me"))
    one, two = read_book(tmp_path).entries
    assert (one.drawn_ms, two.drawn_ms, one.mask.name) == (7000, None, "Estlink approach")
    assert one.mask.valid_until_ms == FOREVER_MS
