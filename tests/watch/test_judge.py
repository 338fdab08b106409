"""The judge and the rules: priority, masks, groups, versions, overlays."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from sargas.errors import InputError, UsageError
from sargas.reference import Mask
from sargas.watch.detect.slow import SlowInCorridor
from sargas.watch.rules import load_rules
from tests.watch.laws import line, new_watch, sea
from tests.watch.tracks import T0, Track, alerts_of, batch, statics

# A cable runs close by here: off the Finnish coast, over Estlink 2, far from ports and land.
OVER_CABLE = (26.2942, 59.919)
# In the harbour of Helsinki, over the landfalls.
IN_PORT = (24.9525, 60.1560)


def stopped(lon: float, lat: float, mmsi: int = 230_000_001) -> Track:
    return Track(mmsi, lon, lat, every_s=60, noise_kn=0.0).came().sail(40, sog_kn=0.1, cog_deg=0)


def slow(alerts: list) -> list:
    return [a for a in alerts if a.detector == "slow_in_corridor"]


def test_a_stop_over_a_cable_is_a_warning_with_all_its_reasons() -> None:
    (alert,) = slow(alerts_of(stopped(*OVER_CABLE).fixes()))
    assert (alert.priority, alert.state, alert.version) == ("P2", "open", 1)
    assert alert.asset is not None
    assert alert.asset.distance_m < 926
    assert alert.why
    assert all(r.unit for r in alert.why)
    assert alert.muted_by == ()
    assert alert.rules == load_rules().version


def test_the_same_stop_in_a_port_is_muted_named_and_countable() -> None:
    found = slow(alerts_of(stopped(*IN_PORT).fixes()))
    assert found
    assert all(a.priority == "P3" and a.muted_by for a in found)
    assert any("P3" in note for note in found[0].notes)


def test_the_ship_type_lowers_and_says_so() -> None:
    pilot = statics(230_000_001, ship_type=50)
    (alert,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), pilot))
    assert alert.priority == "P3"
    assert "ship type 50" in alert.notes[0]


def test_an_alert_names_the_vessel_as_it_was_called_then() -> None:
    first = statics(230_000_001, T0, name=b"FIRST")
    later = statics(230_000_001, T0 + 10 * 3_600_000, name=b"LATER")
    opened = slow(alerts_of(stopped(*OVER_CABLE).fixes(), first, later))[0]
    assert opened.subject.name == "FIRST"


def test_alerts_of_one_vessel_within_the_hour_are_one_group_and_of_another_are_not() -> None:
    track = stopped(*OVER_CABLE).sail(25, sog_kn=8, cog_deg=45)
    track.jump(*OVER_CABLE)
    alerts = slow(alerts_of(track.fixes(), stopped(*OVER_CABLE, mmsi=230_000_002).fixes()))
    groups = {a.subject.mmsi: a.group for a in alerts}
    assert len(set(groups.values())) == 2


def test_a_closed_alert_keeps_id_and_detection_and_counts_on() -> None:
    track = stopped(*OVER_CABLE).sail(30, sog_kn=10, cog_deg=90)
    first, last = slow(alerts_of(track.fixes()))
    assert (first.id, first.t_detected_ms) == (last.id, last.t_detected_ms)
    assert (last.version, last.state) == (2, "closed")
    assert first.t_issued_ms < last.t_issued_ms == last.t_end_ms


def test_an_exercise_marks_every_alert() -> None:
    assert {a.exercise for a in alerts_of(stopped(*OVER_CABLE).fixes(), exercise="drill")} == {
        "drill"
    }


def test_a_users_rule_lies_over_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[drag_onset]\nmin_speed_kn = 7.5\n")
    mine = load_rules(file)
    assert mine["drag_onset"]["min_speed_kn"] == 7.5
    assert mine["locate"] == load_rules()["locate"]
    assert mine.version != load_rules().version


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("[nonsense]\nx = 1\n", UsageError, "no rule table 'nonsense'"),
        ("[drag_onset]\nnonsense = 1\n", UsageError, "no threshold 'nonsense'"),
        ("[drag_onset]\nmin_speed_kn = 'fast'\n", UsageError, "not a number"),
        ("[drag_onset]\nmin_speed_kn = true\n", UsageError, "not a number"),
        ("[drag_onset\n", InputError, "not TOML"),
        ("\x00\xff", InputError, "not TOML"),
    ],
)
def test_faulty_rules_are_refused_in_words(
    tmp_path: Path, text: str, error: type[Exception], words: str
) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=words):
        load_rules(file)


def test_every_shipped_threshold_has_unit_and_source() -> None:
    for table in load_rules().tables.values():
        for threshold in table.values():
            assert threshold.unit
            assert threshold.source


def mask(tmp_path: Path, **properties: object) -> tuple:
    """A square of 4 km about the place over the cable, as a user's file."""
    import json

    from sargas.reference import load_masks

    lon, lat = OVER_CABLE
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ring = [[lon + 0.04 * x, lat + 0.02 * y] for x, y in corners]
    said = {"id": "works-7", "kind": "works", "owner": "port captain",
            "valid_until": "2030-01-01T00:00:00Z"} | properties  # fmt: skip
    feature = {"type": "Feature", "properties": said,
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    file = tmp_path / "masks.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return load_masks(file)


def test_a_users_mask_mutes_by_name(tmp_path: Path) -> None:
    (alert,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), masks=mask(tmp_path)))
    assert alert.muted_by == ("works works-7",)
    assert alert.priority == "P3"


def test_a_users_mask_may_only_lower(tmp_path: Path) -> None:
    masks = mask(tmp_path, effect="downgrade")
    (alert,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), masks=masks))
    assert (alert.muted_by, alert.priority) == ((), "P3")
    assert alert.notes == ("works works-7: from P2 to P3",)


@pytest.mark.parametrize(
    "limits",
    [{"valid_until": "2024-01-01T00:00:00Z"}, {"valid_from": "2026-01-01T00:00:00Z"},
     {"assets": ["another"]}, {"detectors": ["drag_onset"]}],
)  # fmt: skip
def test_a_mask_counts_only_for_its_time_assets_and_detectors(
    tmp_path: Path, limits: dict[str, object]
) -> None:
    (alert,) = slow(alerts_of(stopped(*OVER_CABLE).fixes(), masks=mask(tmp_path, **limits)))
    assert (alert.muted_by, alert.priority) == ((), "P2")


def test_a_muted_note_is_not_lowered_from_a_note_to_a_note() -> None:
    blurred = line("Blurred", "telecom_cable", "LINESTRING (24.9 60.1, 25.0 60.2)", 3000.0)
    w = new_watch(SlowInCorridor, assets=sea(blurred))
    (alert,) = slow(w.push(batch(stopped(*IN_PORT).fixes())).alerts + w.flush().alerts)
    assert alert.priority == "P3"
    assert "from P3" not in alert.notes[0]
    assert "as it is" in alert.notes[0]


def test_an_end_is_no_new_weighing() -> None:
    """The mask that muted it has run out when it closes: it does not end as a warning."""
    over = shapely.box(26.0, 59.8, 26.6, 60.1)
    mask = Mask("a", "works", over, "me", "works", 0, T0 + 30 * 60_000)
    track = stopped(*OVER_CABLE).sail(30, sog_kn=9, cog_deg=200)
    opened, closed = slow(alerts_of(track.fixes(), masks=(mask,)))
    assert opened.muted_by == closed.muted_by == ("works a",)
    assert opened.notes == closed.notes
    assert (opened.priority, closed.priority, closed.state) == ("P3", "P3", "closed")
