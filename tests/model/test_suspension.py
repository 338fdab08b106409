"""Suspensions: they cover what they name, where and while they hold, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import UsageError
from sargas.model.suspension import (
    CORNERS_MOST,
    END_SUSPENSION,
    MOST_MS,
    SUSPEND,
    VESSELS_MOST,
    About,
    about_of,
    checked_suspension,
    covering,
    muted,
    suspensions_of,
    suspensions_version,
)
from sargas.model.time import DAY_MS, HOUR_MS, MINUTE_MS
from sargas.model.triage import Act
from tests.store.alerts import make_alert

T = 1_000 * DAY_MS
SQUARE = {"type": "Polygon", "coordinates": [[[20, 57], [21, 57], [21, 58], [20, 58], [20, 57]]]}
SAID = {"mmsis": [230_000_001], "until_ms": T + HOUR_MS, "reason": "Cable ship at work"}
ABOUT = About("gap", "sea", 230_000_001, None, (), 20.5, 57.5, T)


def line(verb, seq, t_ms, officer="V.P.", **detail):
    return Act(seq, 0, t_ms, officer, verb, "", 0, seq, "", "", detail)


def begun(seq=1, t_ms=T, officer="V.P.", **more):
    """The line of the log of a suspension."""
    detail = checked_suspension(SAID | {"until_ms": t_ms + HOUR_MS} | more, t_ms)
    return line(SUSPEND, seq, t_ms, officer, suspension=f"s{seq}", **detail)


def suspended(**more):
    (one,) = suspensions_of([begun(**more)])
    return one


def test_a_suspension_is_read_back_as_it_was_said():
    one = suspended(detectors=["gap", "drift"], area=SQUARE, where="the bay", seq=12)
    assert (one.id, one.name, one.by) == ("s12", "suspension:s12", "V.P.")
    assert one.to_dict() == {
        "id": "s12", "mmsis": [230_000_001], "imos": [], "list": "",
        "detectors": ["drift", "gap"],
        "area": {"type": "Polygon", "coordinates": [[[float(x), float(y)] for x, y in
                                                     SQUARE["coordinates"][0]]]},
        "where": "the bay", "from_ms": T, "until_ms": T + HOUR_MS, "ends_ms": T + HOUR_MS,
        "reason": "Cable ship at work", "by": "V.P.", "ended_ms": None, "ended_by": None,
    }  # fmt: skip
    assert one.covers(ABOUT)


@pytest.mark.parametrize(
    "other",
    [
        {"mmsi": 230_000_002}, {"detector": "drift"}, {"lon": 19.999}, {"lat": 58.001},
        {"lon": float("nan")}, {"t_ms": T - 1}, {"t_ms": T + HOUR_MS}, {"domain": "air"},
    ],
)  # fmt: skip
def test_it_covers_nothing_outside_its_vessel_detector_area_and_time(other):
    one = suspended(detectors=["gap"], area=SQUARE)
    assert one.covers(ABOUT)
    assert not one.covers(ABOUT._replace(**other))


def test_by_imo_and_by_list():
    by_imo = suspended(mmsis=[], imos=[9_074_729])
    assert by_imo.covers(ABOUT._replace(imo=9_074_729))
    assert not by_imo.covers(ABOUT)
    by_list = suspended(mmsis=[], list="Own fleet")
    assert by_list.covers(ABOUT._replace(lists=("Other", "Own fleet")))
    assert not by_list.covers(ABOUT._replace(lists=("own fleet",)))
    everything = [by_imo, by_list, suspended(seq=7)]
    about = ABOUT._replace(imo=9_074_729, lists=["Own fleet"])
    assert covering(everything, about) == ("suspension:s1", "suspension:s1", "suspension:s7")


numbers = st.integers(1, 5)
words = st.sampled_from(["gap", "drift", "loiter"])
corners = st.tuples(*[st.floats(18, 22)] * 2, *[st.floats(55, 59)] * 2)


@given(
    mmsis=st.sets(numbers, min_size=1), detectors=st.sets(words), box=st.none() | corners,
    hours=st.integers(1, 40), ended_h=st.none() | st.integers(0, 40), mmsi=numbers, word=words,
    lon=st.floats(18, 22), lat=st.floats(55, 59), after_h=st.integers(-3, 45),
)  # fmt: skip
def test_never_outside_whatever_is_suspended(
    mmsis, detectors, box, hours, ended_h, mmsi, word, lon, lat, after_h
):
    area = None
    if box is not None:
        (west, east), (south, north) = sorted(box[:2]), sorted(box[2:])
        if east - west < 0.001 or north - south < 0.001:
            return
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        area = {"type": "Polygon", "coordinates": [ring]}
    lines = [begun(mmsis=sorted(mmsis), detectors=sorted(detectors), area=area,
                   until_ms=T + hours * HOUR_MS)]  # fmt: skip
    if ended_h is not None:
        lines.append(line(END_SUSPENSION, 2, T + ended_h * HOUR_MS, suspension="s1"))
    (one,) = suspensions_of(lines)
    t_ms = T + after_h * HOUR_MS
    about = About(word, "sea", mmsi, None, (), lon, lat, t_ms)
    inside = True
    if area is not None:
        inside = west <= round(lon, 6) <= east and south <= round(lat, 6) <= north
    until = hours if ended_h is None else min(hours, ended_h)
    expected = (
        mmsi in mmsis and (not detectors or word in detectors) and inside and 0 <= after_h < until
    )
    assert one.covers(about) == expected
    # As of the time of the alert itself the log says the same: a replay sees what the watch saw.
    then = suspensions_of(lines, t_ms)
    assert bool(covering(then, about)) == expected


def test_ending_counts_from_its_event_time_and_not_before_it_was_done():
    lines = [
        begun(), line("acknowledge", 2, T), line(END_SUSPENSION, 3, T + 600_000, "A.B.",
                                                 suspension="s1"),
    ]  # fmt: skip
    (one,) = suspensions_of(lines)
    assert (one.ended_ms, one.ended_by, one.ends_ms) == (T + 600_000, "A.B.", T + 600_000)
    assert one.covers(ABOUT._replace(t_ms=T + 599_999))
    assert not one.covers(ABOUT._replace(t_ms=T + 600_000))
    (before,) = suspensions_of(lines, T + 599_999)
    assert before.ended_ms is None
    assert suspensions_of(lines, T - 1) == ()
    assert suspensions_version([one]) != suspensions_version([before])


def test_an_alert_is_muted_as_the_watch_would_have_done_it():
    alert = make_alert(0, priority="P2").to_dict()
    t_ms = about_of(alert).t_ms
    own = {"mmsis": [alert["subject"]["mmsi"]], "t_ms": t_ms}
    shown = muted(alert, alert, [suspended(**own)])
    assert (shown["priority"], shown["muted_by"]) == ("P3", ["suspension:s1"])
    assert shown["notes"] == ["muted by suspension:s1: from P2 to P3"]
    assert alert["muted_by"] == []  # the ledger's own body stays as it is
    assert muted(shown, alert, [suspended(**own)]) == shown
    masked = alert | {"muted_by": ["port of Turku"], "priority": "P3", "notes": ["as it is"]}
    assert muted(masked, masked, [suspended(**own)])["notes"] == ["as it is"]
    moved = alert | {"lon": 10.0, "version": 2}
    here = suspended(**own, area={"type": "Polygon", "coordinates": [
        [[25, 59], [26, 59], [26, 61], [25, 61], [25, 59]]]})  # fmt: skip
    assert muted(moved, alert, [here])["muted_by"] == ["suspension:s1"]
    assert muted(moved, moved, [here])["muted_by"] == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mmsis": []}, "for a vessel or for a list"),
        ({"list": "Own fleet"}, "for a vessel or for a list"),
        ({"mmsis": [True]}, "An MMSI is a number"),
        ({"mmsis": [1_000_000_000]}, "An MMSI is a number"),
        ({"mmsis": "230000001"}, "An MMSI is a number"),
        ({"imos": [123]}, "An IMO number"),
        ({"mmsis": list(range(1, VESSELS_MOST + 2))}, "too many"),
        ({"reason": "  "}, "needs a reason"),
        ({"reason": "a\nb"}, "more than one line"),
        ({"reason": "x" * 301}, "301 letters"),
        ({"until_ms": None}, "at which it ends"),
        ({"until_ms": T}, "within a minute and 90 days"),
        ({"until_ms": T + MOST_MS + 1}, "within a minute and 90 days"),
        ({"until_ms": 2**62}, "within a minute and 90 days"),
        ({"detectors": ["Gap"]}, "no detector's word"),
        ({"detectors": "gap"}, "list of their words"),
        ({"where": "the bay"}, "but no area"),
        ({"area": {"type": "Point", "coordinates": [20, 57]}}, "no polygon"),
        ({"area": {"type": "Polygon", "coordinates": [[[20, 57], [21, 58]]]}}, "cannot be read"),
        ({"area": {"type": "Polygon", "coordinates": []}}, "no polygon"),
        ({"area": [[20, 57]]}, "cannot be read"),
        ({"area": {"type": "Polygon", "coordinates": [
            [[20, 57], [21, 58], [21, 57], [20, 58], [20, 57]]]}}, "crosses itself"),
        ({"area": {"type": "Polygon", "coordinates": [
            [[200, 57], [210, 57], [210, 58], [200, 57]]]}}, "not in degrees"),
        ({"area": {"type": "Polygon", "coordinates": [
            [[k / 1000, 0] for k in range(CORNERS_MOST)] + [[0, 1], [0, 0]]]}}, "corners"),
        ({"until": 5}, "cannot be said"),
    ],
)  # fmt: skip
def test_what_cannot_be_suspended_is_refused_in_words(said, words):
    with pytest.raises(UsageError) as refused:
        checked_suspension(SAID | said, T)
    assert words in str(refused.value)


def test_the_bounds_themselves_are_taken():
    assert checked_suspension(SAID | {"until_ms": T + MINUTE_MS}, T)["from_ms"] == T
    assert checked_suspension(SAID | {"until_ms": T + MOST_MS}, T)["area"] is None
    deep = {"type": "Polygon", "coordinates": [[[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 0, 5]]]}
    kept = checked_suspension(SAID | {"area": deep}, T)["area"]
    assert kept["coordinates"][0][1] == [1.0, 0.0]
