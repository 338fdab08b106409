"""`sargas infra`: stdout is data, stderr is talk, exit codes as documented."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sargas.cli.doctor import doctor
from sargas.cli.home import home_dir
from sargas.cli.infra import Kind, app
from sargas.errors import NotFoundError, SargasError, StoreError, UsageError
from sargas.model.assets import KINDS
from sargas.reference import home_assets, licences
from sargas.store import Home
from tests.reference.world import OTHER, feature, full, write_geojson


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SARGAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def call(capsys):
    def run(*words):
        app(list(words), exit_on_error=False, result_action="return_value")
        done = capsys.readouterr()
        return done.out, done.err

    return run


@pytest.fixture
def cables(tmp_path):
    return str(write_geojson(tmp_path / "cables.geojson", full("1"), full("2", OTHER)))


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_list_json_is_one_asset_a_line(call):
    out, err = call("list", "--json")
    assert len(rows(out)) == 162
    assert rows(out)[0].keys() >= {"id", "name", "kind", "status", "source", "accuracy_m"}
    assert "not for navigation" in err


def test_list_by_kind_and_quiet(call):
    out, err = call("list", "--kind", "gas_pipeline", "--quiet")
    assert err == ""
    assert len(out.splitlines()) == 6
    assert "gas-pipeline-balticconnector" in out


def test_kinds_of_the_options_are_those_of_the_model():
    assert Kind.__args__ == KINDS


def test_show_says_how_good_the_position_is(call):
    out, _ = call("show", "power-cable-estlink-2")
    assert "half of the length 277 m or better" in out
    assert "not known to be a survey" in out
    assert "_" not in out.replace("way/", "").split("\nlicence")[0]
    assert "OpenStreetMap" in out
    out, _ = call("show", "power-cable-estlink-2", "--json")
    (row,) = rows(out)
    assert row["type"] == "Feature"
    assert row["geometry"]["type"] == "LineString"
    assert row["properties"]["piece_accuracy_m_p50"] == pytest.approx(276.7, abs=0.5)


def test_show_of_nothing_names_near_spellings(call):
    with pytest.raises(NotFoundError, match="power-cable-estlink-2") as caught:
        call("show", "estlnk-2")
    assert caught.value.exit_code == 5


def test_import_then_again_then_diff(call, cables, home):
    out, err = call("import", cables, "--json")
    (report,) = rows(out)
    assert (report["added"], report["written"]) == (2, True)
    assert "2 added" in err
    assert (home / "infra" / "user.cables.geojson").exists()
    (again,) = rows(call("import", cables, "--json")[0])
    assert (again["added"], again["unchanged"]) == (0, 2)
    out, err = call("diff", cables)
    assert out == ""
    assert "Nothing was written" in err
    assert len(rows(call("list", "--json")[0])) == 164
    assert "by " in call("show", "telecom-cable-cable-1")[0]


def test_dry_run_and_diff_write_nothing(call, cables, home):
    for words in (("import", cables, "--dry-run"), ("diff", cables)):
        out, err = call(*words)
        assert out.count("added") == 2
        assert "Nothing was written" in err
    assert not home.exists()


def test_home_option_is_obeyed(call, cables, tmp_path, home):
    call("import", cables, "--home", str(tmp_path / "other"))
    assert (tmp_path / "other" / "infra" / "user.cables.geojson").exists()
    assert not home.exists()


def test_an_import_makes_a_home_and_says_who_watches(call, cables, home):
    _, err = call("import", cables)
    assert Home(home, create=False).days() == []
    assert f"'sargas scan FILE --home {home}'" in err
    assert "watched" not in call("import", cables, "--dry-run")[1]


def test_points_far_apart_are_said_and_shown(call, tmp_path):
    far = write_geojson(tmp_path / "far.geojson", full("1"), full("2", OTHER, surveyed=True))
    _, err = call("import", str(far))
    assert "1 of 2 assets: the points lie far apart" in err
    assert "--surveyed" in err
    listed = {r["source_ref"]: r for r in rows(call("list", "--json")[0])}
    stated, surveyed = listed["1"], listed["2"]
    assert stated["piece_accuracy_m_p90"] > stated["accuracy_m"]
    assert surveyed["piece_accuracy_m_p90"] == surveyed["accuracy_m"]
    (line,) = [text for text in call("list")[0].splitlines() if text.startswith(stated["id"])]
    assert f"{stated['piece_accuracy_m_p90']:.0f} " in line
    assert "far apart" not in call("import", str(far), "--surveyed", "--dry-run")[1]


def test_an_import_leaves_a_folder_of_other_things_alone(call, cables, home):
    home.mkdir()
    (home / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match=r"thesis\.tex"):
        call("import", cables)
    assert [p.name for p in home.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("prepare", "state", "says"),
    [
        (lambda p: Home(p), "note", "nothing stored yet"),
        (lambda p: (p / "fixes" / "day=2024-12-25").mkdir(parents=True), "wrong", "'fixes'"),
        (lambda p: p.mkdir(), "note", "no sargas home yet"),
        (lambda p: (Home(p).path / "home.json").write_text("{"), "wrong", "Not JSON"),
        (lambda p: (Home(p).path / "fixes" / "day=2024-12-25").mkdir(parents=True), "ok", "free"),
    ],
)
def test_the_doctor_sees_what_serve_would(capsys, home, prepare, state, says):
    prepare(home)
    doctor(home=home, port=0, json=True)
    (row,) = [r for r in rows(capsys.readouterr().out) if r["what"] == "home"]
    assert row["state"] == state
    assert says in row["found"]


def test_import_options_reach_the_importer(call, tmp_path):
    path = write_geojson(tmp_path / "a.geojson", feature(Bez="A"))
    (report,) = rows(call(
        "import", str(path), "--kind", "power_cable", "--name-column", "Bez", "--accuracy-m", "25",
        "--surveyed", "--licence", "CC0-1.0", "--attribution", "Me", "--source", "user:mine",
        "--axis", "lonlat", "--on-invalid", "skip", "--json",
    )[0])  # fmt: skip
    assert report["changes"][0]["source"] == "user:mine"
    (row,) = rows(call("show", "power-cable-a", "--json")[0])
    p = row["properties"]
    assert (p["accuracy_m"], p["surveyed"], p["licence"], p["attribution"]) == (
        25, True, "CC0-1.0", "Me",
    )  # fmt: skip


def test_prune_needs_yes_where_nobody_can_be_asked(call, cables, tmp_path, monkeypatch):
    call("import", cables)
    fewer = str(write_geojson(tmp_path / "cables.geojson", full("1")))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="1 asset would be removed"):
        call("import", fewer, "--prune")
    assert len(rows(call("list", "--json")[0])) == 164
    (report,) = rows(call("import", fewer, "--prune", "--yes", "--json")[0])
    assert report["removed"] == 1
    assert len(rows(call("list", "--json")[0])) == 163


class Terminal:
    """A stdin that answers."""

    def __init__(self, answer):
        self.answer = answer

    def isatty(self):
        return True

    def readline(self):
        return self.answer + "\n"


@pytest.mark.parametrize(("answer", "left"), [("n", 164), ("", 164), ("y", 163)])
def test_prune_asks(call, cables, tmp_path, monkeypatch, answer, left):
    call("import", cables)
    fewer = str(write_geojson(tmp_path / "cables.geojson", full("1")))
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if left == 164:
        with pytest.raises(SargasError, match="Nothing was changed"):
            call("import", fewer, "--prune")
    else:
        call("import", fewer, "--prune")
    assert len(rows(call("list", "--json")[0])) == left


def test_licences(call):
    out, _ = call("licences", "--json")
    assert [r["file"] for r in rows(out)] == [r.file for r in licences()]
    out, err = call("licences")
    assert "ODbL-1.0" in out
    assert "© OpenStreetMap contributors" in out
    assert "code" in err


def test_texts_from_outside_cannot_drive_the_terminal(call, tmp_path):
    path = write_geojson(tmp_path / "a.geojson", full("1", name="A\x1b[31m\nB"))
    out, err = call("import", str(path))
    assert "\x1b" not in out + err
    assert "\x1b" not in call("list")[0]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "nothing-like-this"], 5, "no asset"),
        (["import", "no-such-file.geojson"], 3, "cannot be read"),
        (["import"], 2, "FILE"),
        (["list", "--kind", "rope"], 2, "rope"),
    ],
)
def test_exit_codes_of_the_program(words, code, says):
    done = subprocess.run(
        [sys.executable, "-c", "from sargas.cli import main; main()", "infra", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout == ""
    assert says in done.stderr


def test_the_module_loads_without_the_heavy_packages():
    code = (
        "import sys, sargas.cli.infra\n"
        "print([m for m in ('numba', 'numpy', 'shapely', 'pyarrow', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- home ----------------------------------------------------------------------------------


def test_home_dir_order(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert home_dir(tmp_path / "given") == tmp_path / "given"
    assert home_dir() == tmp_path / "home"
    monkeypatch.delenv("SARGAS_HOME")
    assert home_dir() == tmp_path / "xdg" / "sargas"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert home_dir() == Path.home() / ".local" / "share" / "sargas"
    monkeypatch.setenv("SARGAS_HOME", "~/watch")
    assert home_dir() == Path.home() / "watch"


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(UsageError, match="not a folder"):
        home_dir(tmp_path / "f")


def test_a_home_that_is_a_file_is_called_one(tmp_path):
    (tmp_path / "a.pdf").write_text("x")
    with pytest.raises(StoreError, match=r"a\.pdf: The home is a file, not a folder"):
        home_assets(tmp_path / "a.pdf")
    (tmp_path / "infra").write_text("x")
    with pytest.raises(StoreError, match="infra: The place of its imported assets is a file"):
        home_assets(tmp_path)
