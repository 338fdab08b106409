"""One alert with all it rests on, made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from sargas.model.alerts import Alert, AssetRef, NextAsset, Reason, Subject
from sargas.model.assets import Asset
from sargas.model.fixes import COG_NONE, Fixes
from sargas.model.svg_map import MapAsset
from sargas.share.evidence import Evidence, Ruleset, span_ms

T0_MS = 1_735_122_000_000  # 2024-12-25T10:20:00Z
HOSTILE = '<script>alert("1")</script>\u202e&\x1b[31m'


def fixes(n: int = 240, step_ms: int = 60_000) -> Fixes:
    """A vessel that sails west from the alert's west to its east, one fix a minute."""
    rows = np.arange(n)
    cog = np.full(n, 2640)
    cog[5:6] = COG_NONE
    return Fixes.build(
        n, subject_id=np.full(n, 518_998_865), t_ms=T0_MS - 7_200_000 + rows * step_ms,
        t_source=np.ones(n), msg_type=np.ones(n), lon_raw=15_600_000 - rows * 2000,
        lat_raw=np.full(n, 35_940_000), sog_raw=np.maximum(100 - rows // 4, 20), cog_raw=cog,
        heading_raw=np.full(n, 266), nav_status=np.zeros(n), second_s=np.full(n, 7),
        payload_hash=rows.astype(np.uint64) + np.uint64(2**63), station=np.full(n, -2),
        src_offset=rows * 80,
    )  # fmt: skip


def alert(**changes) -> Alert:
    """A slow passage over a cable, with every field filled."""
    made = Alert(
        id="0123456789abcdef01234567", detector="slow_in_corridor", detector_version="1",
        rules="rrrrrrrrrrrr", version=1, state="open", priority="P2", t_start_ms=T0_MS,
        t_detected_ms=T0_MS + 900_000, t_issued_ms=T0_MS + 900_000,
        subject=Subject("sea", 518_998_865, imo=9329760, name="A SHIP", length_m=229),
        lon=25.6, lat=59.9,
        asset=AssetRef("power-cable-x", "Cable X", "power_cable", 120.0, 14.2, 200.0),
        next_assets=(
            NextAsset("c2", "Cable Two", "telecom_cable", 3.2, T0_MS + 3_600_000, 25.5, 59.9,
                      T0_MS + 3_000_000, T0_MS + 4_200_000),
        ),
        why=(Reason("mean speed over ground", 2.1, "kn", 3.0, 0.9, True),
             Reason("length", float("nan"), "m", 80.0, float("nan"), True)),
        against=("reports itself at anchor",),
        context={"gnss": "not assessed", "coverage": "15 fixes", "depth_m": -49.0,
                 "heading_off_course_deg": {"before": 0.6, "now": 3.6}, "empty": []},
        text="A SHIP (MMSI 518998865) has made 2.1 kn on average since 10:20Z.",
        evidence_ms=(T0_MS, T0_MS + 900_000), geometry="gggggggggggg", group="grp",
    )  # fmt: skip
    return replace(made, **changes)


def heard_thrice(rows: Fixes) -> Fixes:
    """The same as three stations received it, two of them some seconds later."""
    parts = []
    for k in range(3):
        columns = rows.columns() | {"t_ms": rows.t_ms + k * 4000, "station": rows.station - k}
        parts.append(Fixes.build(len(rows), **columns))
    whole = Fixes.concat(parts)
    return whole.take(whole.canonical_order())


def evidence(*versions: Alert, rows: Fixes | None = None, **changes) -> Evidence:
    """Everything that a bundle of these versions says."""
    bodies = [v.to_dict() for v in versions or (alert(),)]
    body = {**bodies[-1], "versions": bodies}
    line = shapely.linestrings([(25.6, 59.5), (25.6, 60.2)])
    asset = Asset(
        "power-cable-x", "Cable X", "power_cable", line, 200.0, source="osm", licence="ODbL-1.0",
        attribution="© OpenStreetMap contributors",
    )  # fmt: skip
    made = Evidence(
        alert=body, fixes=fixes() if rows is None else rows, span_ms=span_ms(body), asset=asset,
        near=[MapAsset("Cable X", "power_cable", line, 200.0, is_main=True)],
        land=shapely.box(25.0, 60.0, 26.5, 60.5),
        rules=Ruleset(
            "rrrrrrrrrrrr", {"slow_kn": {"value": 3.0, "unit": "kn", "source": "ref D4"}},
            {"locate": {"buffer_m": {"value": 926.0, "unit": "m", "source": "0.5 NM"}}},
        ),
        geometry="gggggggggggg", sargas="0.0", credits=("© OpenStreetMap contributors (ODbL)",),
        vessel_words=(("Type", "tanker (80)"),),
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def hostile() -> Evidence:
    """The same where every text from outside is an attack."""
    bad = alert(
        subject=Subject("sea", 518_998_865, name=HOSTILE, callsign=HOSTILE),
        asset=AssetRef(HOSTILE, HOSTILE, HOSTILE, 120.0, 14.2, 200.0),
        next_assets=(NextAsset(HOSTILE, HOSTILE, HOSTILE, 3.2, T0_MS, 25.5, 59.9),),
        why=(Reason(HOSTILE, 2.1, HOSTILE, 3.0, 0.9, True),), against=(HOSTILE,),
        context={HOSTILE: HOSTILE}, text=HOSTILE, muted_by=(HOSTILE,), notes=(HOSTILE,),
        exercise=HOSTILE, group=HOSTILE,
    )  # fmt: skip
    line = shapely.linestrings([(25.6, 59.5), (25.6, 60.2)])
    return evidence(
        bad,
        near=[MapAsset(HOSTILE, "power_cable", line, 200.0, is_main=True)],
        credits=(HOSTILE,), exercise_note=HOSTILE, vessel_words=((HOSTILE, HOSTILE),),
        rules=Ruleset("x", {HOSTILE: {"value": 3.0, "unit": HOSTILE, "source": HOSTILE}}, {}),
    )  # fmt: skip
