"""Time, fixes, assets and alerts: the words that every room uses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import FormatError, NotFoundError, UsageError
from sargas.model.alerts import Alert, Reason, Subject, alert_id
from sargas.model.assets import Asset, AssetSet
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.model.time import iso, parse_iso


@given(st.integers(0, 4_102_444_800_000))
def test_times_survive_text(t_ms: int) -> None:
    assert parse_iso(iso(t_ms)) == t_ms


@pytest.mark.parametrize("text", ["2024-12-25T10:26:00", "25/12/2024", "", "10:26Z"])
def test_a_time_without_zone_or_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_iso(text)


def test_sentinels_are_no_numbers() -> None:
    fixes = Fixes.build(
        2, lon_raw=[108_600_000, 600_000], lat_raw=[54_600_000, 33_000_000],
        sog_raw=[1022, 101], cog_raw=[3600, 3599], heading_raw=[511, 0],
    )  # fmt: skip
    for column in (fixes.lon_deg, fixes.sog_kn, fixes.cog_deg, fixes.heading_deg):
        assert np.isnan(column[0])
        assert not np.isnan(column[1])
    assert fixes.lon_deg[1] == 1.0
    assert fixes.sog_kn[1] == 10.1


def test_columns_are_checked() -> None:
    with pytest.raises(FormatError, match="no column"):
        Fixes.build(1, speed=[1])
    with pytest.raises(FormatError, match="shape"):
        Fixes.build(2, sog_raw=[1])


def test_chunks_lose_nothing() -> None:
    batch = Batch(Fixes.build(7, subject_id=np.arange(7)), Statics.build(1))
    parts = list(batch.chunks(3))
    assert [len(p.fixes) for p in parts] == [3, 3, 1]
    assert sum(len(p.statics) for p in parts) == 1
    assert Fixes.concat([p.fixes for p in parts]) == batch.fixes


def line(*points: tuple[float, float], **more: object) -> Asset:
    options = {"accuracy_m": 200.0, "status": "in_service"} | more
    return Asset("a", "A", "telecom_cable", shapely.LineString(points), **options)


def test_accuracy_follows_the_spacing_of_the_source_and_not_of_the_pieces() -> None:
    pieces = AssetSet([line((20, 57), (20.01, 57), (21, 57))]).pieces
    assert pieces.accuracy_m[0] == 200.0  # 608 m between points: a tenth is below the floor
    assert set(np.round(pieces.accuracy_m[1:])) == {5000.0}  # 60 km without a point: the cap
    assert pieces.length_m.max() <= 5000.0
    assert pieces.kp_m[-1] + pieces.length_m[-1] == pytest.approx(60_800, rel=0.01)


def test_a_survey_keeps_its_accuracy_over_long_pieces() -> None:
    assert set(AssetSet([line((20, 57), (21, 57), surveyed=True)]).pieces.accuracy_m) == {200.0}


def test_a_column_of_accuracies_overrides_the_rule() -> None:
    asset = line((20, 57), (20.5, 57), (21, 57), piece_accuracy_m=(300.0, 900.0))
    assert set(AssetSet([asset]).pieces.accuracy_m) == {300.0, 900.0}


def named(**names: str) -> AssetSet:
    line = shapely.LineString([(20, 57), (21, 57)])
    return AssetSet(
        Asset(i.replace("_", "-"), name, "other", line, 1.0) for i, name in names.items()
    )


KNOWN = named(
    power_cable_estlink_2="Estlink 2", gas_pipeline_nord_stream_1="Nord Stream 1",
    gas_pipeline_nord_stream_2="Nord Stream 2", telecom_rsns="Ballen-R\u00f6sn\u00e4s",
)  # fmt: skip


@pytest.mark.parametrize(
    "wanted", ["power-cable-estlink-2", "Estlink 2", "estlink2", "POWER CABLE ESTLINK 2"]
)
def test_an_asset_is_found_by_id_or_name_however_written(wanted: str) -> None:
    assert KNOWN[KNOWN.index_of(wanted)].name == "Estlink 2"
    assert KNOWN[KNOWN.index_of("ballen rosnas")].id == "telecom-rsns"


@pytest.mark.parametrize(
    ("wanted", "near", "word"),
    [
        ("power-cable-estlnk-2", "Did you mean power-cable-estlink-2", "estl"),
        ("estlnk2", "Did you mean power-cable-estlink-2", "estl"),
        ("nordstream", "gas-pipeline-nord-stream-1, gas-pipeline-nord-stream-2", "nord"),
        ("zzzz; rm", "no asset 'zzzz; rm'. Look", "zzzz"),
        ("", "no asset ''. Look", "cabl"),
        ("\u00b7", "no asset '\u00b7'. Look", "cabl"),
    ],
)
def test_an_unknown_asset_names_near_spellings(wanted: str, near: str, word: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        KNOWN.index_of(wanted)
    assert near in str(caught.value)
    assert str(caught.value).endswith(f"sargas infra list | grep -i {word}")


def test_a_name_of_two_assets_is_asked_back() -> None:
    twice = named(a_1="Baltic", b_1="BALTIC")
    with pytest.raises(
        NotFoundError, match=r"2 assets are called 'baltic'\. Did you mean a-1, b-1"
    ):
        twice.index_of("baltic")


def test_the_version_names_the_geometry() -> None:
    one, two = AssetSet([line((20, 57), (21, 57))]), AssetSet([line((20, 57), (21, 57.001))])
    assert one.version != two.version
    assert one.version == AssetSet([line((20, 57), (21, 57))]).version


def alert(**changes: object) -> Alert:
    fields = {
        "id": alert_id("gap", "1", "sea:1:0", "", 0), "detector": "gap", "detector_version": "1",
        "rules": "r", "version": 1, "state": "open", "priority": "P3", "t_start_ms": 0,
        "t_detected_ms": 1000, "t_issued_ms": 1000, "lon": 20.0, "lat": 57.0,
        "subject": Subject("sea", 1),
        "asset": None, "next_assets": (), "why": (Reason("x", float("nan"), "m", 1.0, 2.0, True),),
        "against": (), "context": {}, "text": "not received since 00:00Z",
    }  # fmt: skip
    return Alert(**(fields | changes))


def test_an_alert_is_strict_json_with_all_fields_of_the_contract() -> None:
    told = json.loads(alert().to_json())
    assert told.keys() >= {
        "id", "detector", "rules", "version", "state", "priority", "t_start", "t_detected",
        "subject", "lon", "lat", "asset", "next_assets", "why", "against", "context", "text",
        "exercise",
    }  # fmt: skip
    assert told["subject"].keys() >= {"domain", "mmsi", "imo", "name", "ship_type", "length_m"}
    assert told["why"][0].keys() == {"feature", "value", "unit", "threshold", "margin", "passed"}
    assert told["why"][0]["value"] is None
    assert told["t_start"] == "1970-01-01T00:00:00Z"


def test_a_revision_keeps_the_id_and_counts_on() -> None:
    second = alert().revised(state="closed")
    assert (second.id, second.version, second.state) == (alert().id, 2, "closed")


def test_the_id_depends_on_whole_seconds_only() -> None:
    assert alert_id("a", "1", "s", "", 1000) == alert_id("a", "1", "s", "", 1999)
    assert alert_id("a", "1", "s", "", 1000) != alert_id("a", "2", "s", "", 1000)
