"""The Python API: its names, and what it gives of a home made by hand."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

import sargas as sg
from sargas.errors import NotFoundError, StoreError, UsageError
from sargas.store import Home, Ledger, ShardWriter

from .model.test_card import ALERT, SVG, T0_MS, drawing, words
from .share.conftest import HOSTILE, fixes, heard_thrice

MMSI = 518_998_865
NAMES = {
    "sargas": ["Alert", "Asset", "Home", "SargasError", "Vessel", "__version__", "open"],
    "Home": ["alert", "alerts", "archive", "asset", "assets", "close", "exercise", "vessel",
             "vessel_or_none", "vessels"],
    "Vessel": ["alerts", "callsign", "history", "imo", "is_known", "last", "lists", "name",
               "pieces", "track"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hours of one ship as three stations heard it, with three alerts, one of them muted."""
    from sargas.model.fixes import Statics

    stored = Home(tmp_path_factory.mktemp("api") / "home")
    with ShardWriter(stored) as writer:
        writer.append(heard_thrice(fixes()))
        writer.append_statics(Statics.build(
            2, subject_id=[MMSI] * 2, t_ms=[T0_MS, T0_MS + 3_600_000], name=[b"OLD", b"<b>NEW"],
            imo=[9329760] * 2,
        ))  # fmt: skip
    listed = {"list": "L", "entry": "7", "date": "2024-01-01", "kind": "watch",
              "matched_by": "imo"}  # fmt: skip
    later = replace(ALERT, id="01aa" + "0" * 20, priority="P1", detector="drag_onset",
                    t_detected_ms=T0_MS + 3_600_000, context={"lists": [listed]})  # fmt: skip
    muted = replace(ALERT, id="02aa" + "0" * 20, muted_by=("port",), context={"lists": [listed]})
    with Ledger(stored) as ledger:
        ledger.commit("kind", 0, b"")
        ledger.commit("test", 1, b"", [ALERT, later, muted])
    return stored.path


@pytest.fixture
def home(folder: Path):
    with sg.open(folder) as opened:
        yield opened


def test_the_public_names_are_these_and_have_docstrings() -> None:
    assert sorted(sg.__all__) == NAMES["sargas"]
    assert set(sg.__all__) <= set(dir(sg))
    for kind in (sg.Home, sg.Vessel):
        public = [name for name in vars(kind) if not name.startswith("_")]
        assert sorted(public) == NAMES[kind.__name__]
        assert all(inspect.getdoc(getattr(kind, name)) for name in public)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sg.nonsense


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, sargas; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'sargas'" in done.stdout
    assert not [m for m in ("numpy", "pyarrow", "duckdb", "numba", "shapely") if m in done.stdout]


def test_alerts_are_alerts_and_can_be_chosen(home: sg.Home) -> None:
    found = home.alerts()
    assert [a.id[:4] for a in found] == ["0123", "01aa"]
    assert all(isinstance(a, sg.Alert) for a in found)
    assert found[0].to_dict() == ALERT.to_dict()
    assert len(home.alerts(muted=True)) == 3
    assert [a.id[:4] for a in home.alerts(priority="P1")] == ["01aa"]
    assert len(home.alerts(priority=["P1", "P2"])) == 2
    assert [a.id[:4] for a in home.alerts(detector="slow_in_corridor")] == ["0123"]
    assert [a.id[:4] for a in home.alerts("2024-12-25T11:20:00Z")] == ["01aa"]
    assert [a.id[:4] for a in home.alerts(until="2024-12-25T11:20:00Z")] == ["0123"]
    assert home.alerts(mmsi=1) == home.alerts("2024-12-26") == []
    assert repr(found[1]) == (
        "<Alert 01aa000000 P1 drag_onset open, 2024-12-25T11:20:00Z, 'A SHIP'>"
    )
    assert home.alert("01aa").id == found[1].id
    for wanted in ("0", "ffff", ""):
        with pytest.raises(NotFoundError):
            home.alert(wanted)


def test_moments_are_read_without_guessing(home: sg.Home) -> None:
    at = datetime(2024, 12, 25, 11, 20, tzinfo=UTC)
    for since in (at, "2024-12-25T13:20:00+02:00", T0_MS + 3_600_000):
        assert len(home.alerts(since)) == 1
    for wrong in ("2024-12-25T11:20:00", "yesterday", at.replace(tzinfo=None), 1.5, True):
        with pytest.raises(UsageError):
            home.alerts(wrong)


def test_a_vessel_has_its_history_and_track(home: sg.Home) -> None:
    vessel = home.vessel(MMSI)
    assert [v.name for v in vessel.history] == ["OLD", "<b>NEW"]
    assert (vessel.name, vessel.imo, vessel.callsign) == ("<b>NEW", 9329760, None)
    assert [a.id[:4] for a in vessel.alerts] == ["0123", "02aa", "01aa"]
    assert [entry["entry"] for entry in vessel.lists] == ["7"], "each entry once"
    assert home.vessels("old")[0].mmsi == MMSI
    table = vessel.track("2024-12-25T10:00:00Z", "2024-12-25T11:00:00Z")
    assert isinstance(table, pa.Table)
    assert table.column_names[:6] == [
        "t", "lon_deg", "lat_deg", "sog_kn", "cog_deg", "heading_deg",
    ]  # fmt: skip
    assert table.num_rows == 180
    times = table.column("t").to_pylist()
    assert times[0] == datetime(2024, 12, 25, 10, 0, tzinfo=UTC)
    assert times[-1] < datetime(2024, 12, 25, 11, 0, tzinfo=UTC)
    assert times == sorted(times)
    assert vessel.track("2024-12-26").num_rows == 0
    assert vessel.track().num_rows == 720
    with pytest.raises(UsageError):
        vessel.track("2024-12-26", "2024-12-25")
    with pytest.raises(NotFoundError):
        home.vessel(200_000_000)


def test_what_a_notebook_shows_has_the_sea_around_it(home: sg.Home) -> None:
    """The fixes, the shipped assets and the land are drawn; an alert alone knows none of them."""
    kept, alone = words(home.alert("0123")._repr_html_()), words(ALERT._repr_html_())
    assert "Speed over ground, kn" in kept
    assert "Speed over ground, kn" not in alone
    assert "Land: © OpenStreetMap contributors" in kept
    assert len(home.alert("0123").fixes) == 136, "one a report: 09:20 to 11:35"
    assert replace(home.alert("0123"), priority="P1").home is home, "a version keeps its home"
    vessel = home.vessel(MMSI)._repr_html_()
    assert "&lt;b&gt;NEW (MMSI 518998865)" in vessel
    assert "<b>" not in vessel
    assert "OLD, IMO 9329760" in vessel
    assert "last fix" in vessel
    asset = home.asset("Estlink 2")
    assert isinstance(asset, sg.Asset)
    assert repr(asset) == "<Asset power-cable-estlink-2 'Estlink 2', power_cable, in_service>"
    fills = {e.get("fill") for e in drawing(asset._repr_html_()).iter(f"{SVG}path")}
    assert "var(--land, #f3f1ea)" in fills
    assert asset.length_km > 100


def test_a_hostile_home_is_shown_as_text(tmp_path: Path) -> None:
    stored = Home(tmp_path / "home")
    bad = replace(ALERT, subject=replace(ALERT.subject, name=HOSTILE), exercise=HOSTILE)
    with Ledger(stored) as ledger:
        ledger.commit("kind", 0, HOSTILE.encode())
        ledger.commit("test", 1, b"", [bad])
    with sg.open(stored.path) as home:
        assert home.vessel(MMSI).history == (), "it is known by its alert alone"
        pages = home.alerts()[0]._repr_html_() + home.vessel(MMSI)._repr_html_()
    assert "<script" not in pages
    assert pages.count("&lt;script&gt;") >= 3


def test_nothing_is_made_where_there_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no sargas home"):
        sg.open(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
    with sg.open(Home(tmp_path / "empty").path) as home:
        assert home.alerts() == home.vessels("a") == []
        assert home.exercise == ""
        assert not home.path.joinpath("sargas.db").exists()
