"""The dossier's answers over real homes: what it says of an alert, and what is not kept."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from sargas.model.fixes import SEA, Fixes, Statics
from sargas.model.geodesy import distance_m
from sargas.model.time import HOUR_MS, iso, parse_iso
from sargas.reference import shipped_assets
from sargas.share.bundle import check_bytes
from sargas.store import Archive, Home, ShardWriter
from sargas.web.dossier import distances_m

from .conftest import HOSTILE, Service, sargas, serving

DRAGGER = 518998865


def drag_id(service: Service) -> str:
    """The id of the drag's onset."""
    alerts = service.get("/api/alerts").json()["alerts"]
    return next(str(a["id"]) for a in alerts if a["detector"] == "drag_onset")


def test_it_says_how_far_the_asset_was_at_each_fix(exercise: Service) -> None:
    alert = exercise.get(f"/api/alerts/{drag_id(exercise)}").json()
    evidence = alert["evidence"]
    fixes, to = evidence["fixes"], evidence["distance_to"]
    assert alert["asset"] is None
    assert to["id"] == alert["next_assets"][0]["id"]
    assert to["is_ahead"] is True
    assert len(fixes["distance_m"]) == len(fixes["t_ms"]) > 500
    # By hand: the way to many points along the asset, at three fixes.
    asset = next(a for a in shipped_assets().assets if a.id == to["id"])
    line = shapely.get_coordinates(shapely.segmentize(asset.geometry, 0.0005))
    for row in (0, len(fixes["t_ms"]) // 2, -1):
        here = fixes["lon"][row], fixes["lat"][row]
        near = line[np.argsort(np.hypot((line[:, 0] - here[0]) / 2, line[:, 1] - here[1]))[:400]]
        nearest = min(distance_m(*here, *point) for point in near.tolist())
        assert fixes["distance_m"][row] == pytest.approx(nearest, abs=30)
    inside = distances_m(shapely.box(20, 58, 21, 59), np.array([20.5, 22.0]), np.array([58.5] * 2))
    assert inside[0] == 0
    assert inside[1] == pytest.approx(distance_m(22, 58.5, 21, 58.5), rel=1e-3)


def test_its_usual_speed_and_its_way_are_of_the_stored_fixes(
    exercise: Service, exercise_home: Path
) -> None:
    got = exercise.get(f"/api/alerts/{drag_id(exercise)}/dossier").json()
    alert, kept, usual = got["alert"], got["kept"], got["usual"]
    fixes = alert["evidence"]["fixes"]
    assert kept["reason"] is None
    assert kept["fixes"] == len(fixes["t_ms"]) < kept["received"]
    assert {len(column) for column in fixes.values()} == {kept["fixes"]}

    # By hand: medians by minute of the 12 hours before the start.
    start = parse_iso(alert["t_start"])
    with Archive(Home(exercise_home, create=False)) as archive:
        track = archive.track(SEA, DRAGGER, start - 12 * HOUR_MS, start - 1)
    minutes: dict[int, list[float]] = {}
    for t_ms, sog in zip(track.t_ms.tolist(), track.sog_kn.tolist(), strict=True):
        if sog == sog:
            minutes.setdefault(t_ms // 60_000, []).append(sog)
    medians = [float(np.median(values)) for values in minutes.values()]
    moving = [value for value in medians if value >= 0.5]
    assert (usual["minutes"], usual["minutes_received"]) == (len(moving), len(medians))
    assert usual["low_kn"] == pytest.approx(np.percentile(moving, 10), abs=0.05)
    assert usual["high_kn"] == pytest.approx(np.percentile(moving, 90), abs=0.05)

    chart = got["map"]
    west, south, east, north = chart["box"]
    assert west < min(fixes["lon"]) < max(fixes["lon"]) < east
    assert south < min(fixes["lat"]) < max(fixes["lat"]) < north
    assert {"gas-pipeline-nord-stream-1"} <= {asset["id"] for asset in chart["assets"]}
    assert DRAGGER not in chart["near"]["mmsi"]
    assert chart["near"]["distance_m"] == sorted(chart["near"]["distance_m"])


def test_files_are_those_of_the_command_line_as_of_the_clock(
    exercise: Service, exercise_home: Path, tmp_path: Path
) -> None:
    alert_id = drag_id(exercise)
    answer = exercise.get(f"/api/alerts/{alert_id}/bundle.zip")
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="sargas-{alert_id}-v1.zip"'
    )
    assert check_bytes(answer.content).holds
    sargas("alerts", "export", alert_id, "--home", exercise_home, "--out", tmp_path / "x.zip")
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(
        (tmp_path / "x.zip").read_bytes()
    ).digest()  # fmt: skip

    span = exercise.get("/api/status").json()["clock"]["span"]
    raised = parse_iso(exercise.get(f"/api/alerts/{alert_id}").json()["t_detected"])
    try:
        exercise.play("seek", t_ms=raised + 60_000)
        rows = exercise.get(f"/api/alerts/{alert_id}/fixes.csv").text.splitlines()[1:]
        assert max(int(row.split(",")[1]) for row in rows) <= raised + 60_000
        exercise.play("seek", t_ms=raised - 60_000)
        for path in ("dossier", "dossier.html", "bundle.zip"):
            assert exercise.get(f"/api/alerts/{alert_id}/{path}").status_code == 404
    finally:
        exercise.play("seek", t_ms=span["to_ms"])
    for path in ("nothing.exe", "dossier.htm"):
        answer = exercise.get(f"/api/alerts/{alert_id}/{path}")
        assert (answer.status_code, "error" in answer.json()) == (404, True)
    assert "attachment" in exercise.get(f"/api/alerts/{alert_id}/dossier.html").headers[
        "content-disposition"
    ]  # fmt: skip


def test_the_track_is_a_file_of_many_kinds(
    exercise: Service, exercise_home: Path, tmp_path: Path
) -> None:
    alert_id = drag_id(exercise)
    for kind, media_type in (
        ("csv", "text/csv; charset=utf-8"), ("geojson", "application/geo+json"),
        ("kml", "application/vnd.google-earth.kml+xml"), ("gpx", "application/gpx+xml"),
        ("parquet", "application/vnd.apache.parquet"),
    ):  # fmt: skip
        answer = exercise.get(f"/api/alerts/{alert_id}/track.{kind}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert answer.headers["content-disposition"] == (
            f'attachment; filename="sargas-{alert_id}-v1-track.{kind}"'
        )
        assert b"eagle-s" in answer.content  # the exercise is named in each
        if kind != "csv":
            assert b"not evidence on its own" in answer.content
    # The same to the byte as the command's of the same span.
    rows = exercise.get(f"/api/alerts/{alert_id}/fixes.csv").text.splitlines()[1:]
    first_ms, last_ms = (int(rows[k].split(",")[1]) for k in (0, -1))
    sargas(
        "vessel", "track", DRAGGER, "--home", exercise_home, "--from", iso(first_ms),
        "--to", iso(last_ms + 1000), "--out", tmp_path / "x.kml",
    )  # fmt: skip
    assert exercise.get(f"/api/alerts/{alert_id}/track.kml").content == (
        tmp_path / "x.kml"
    ).read_bytes()  # fmt: skip


@pytest.fixture(scope="module")
def aged(exercise_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The exercise's home a week later: its day has gone, its ship has another name."""
    home = tmp_path_factory.mktemp("aged") / "home"
    shutil.copytree(exercise_home, home)
    shutil.rmtree(home / "fixes" / "day=2024-12-25")
    later = parse_iso("2025-01-01T12:00:00Z")
    with ShardWriter(Home(home, create=False)) as writer:
        writer.append(Fixes.build(1, subject_id=[999_000_001], t_ms=[later]))
        writer.append_statics(
            Statics.build(
                2, subject_id=[DRAGGER] * 2, t_ms=[later - 2000, later - 1000],
                name=[HOSTILE.encode(), b""], callsign=[b"", b"NEW1"],
            )
        )  # fmt: skip
    with serving(home) as service:
        yield service


def test_of_an_alert_past_retention_it_says_what_is_kept(aged: Service) -> None:
    alert_id = drag_id(aged)
    got = aged.get(f"/api/alerts/{alert_id}/dossier").json()
    assert got["kept"] == {
        "fixes": 0, "received": 0, "reason": "days_gone", "days_gone": ["2024-12-25"],
        "stored": ["2025-01-01", "2025-01-01"],
    }  # fmt: skip
    assert got["usual"]["low_kn"] is None
    assert len(got["alert"]["why"]) > 10
    assert got["alert"]["versions"][0]["t_issued"]
    assert got["map"]["assets"]
    assert aged.get(f"/api/alerts/{alert_id}/dossier.html").status_code == 200
    for file in ("track.csv", "track.kml"):
        refused = aged.get(f"/api/alerts/{alert_id}/{file}")
        assert (refused.status_code, "stored any more" in refused.text) == (404, True)


def test_identities_are_versions_of_what_was_said(aged: Service) -> None:
    got = aged.get(f"/api/vessels/{DRAGGER}/identities").json()
    newest, *_, first = got["versions"]
    assert got["total"] == 3
    assert [one["changed"] for one in got["versions"]] == [["callsign"], ["name"], []]
    assert (newest["name"], newest["callsign"], newest["imo"]) == (HOSTILE[:34], "NEW1", 9329760)
    assert first["name"] == "EAGLE S EXERCISE"
    assert first["to"].startswith("2024-12-25T11:5")
    assert aged.get("/api/vessels/999999999/identities").json()["versions"] == []
