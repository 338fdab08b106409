"""Each line of the command line's contract: streams, exit codes, help, pipes, options."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cyclopts import App

from sargas.cli.alert_text import print_alerts
from sargas.cli.root import app
from sargas.cli.words import put_table
from sargas.exercise.backdrop import REPORT
from sargas.exercise.run import sentences
from sargas.feeds import FORMATS
from sargas.model.alerts import Alert, Subject
from sargas.model.time import iso

from .conftest import AIS, OWN_MAP, SARGAS, Call, child, wait_until_it_reads

HEAVY = {"numba", "pyarrow", "scipy", "duckdb", "sqlalchemy"}
DMA = AIS / "dma-5min-2013-11-12.nmea.gz"
LOTUS = AIS / "lotus-sog-glitch-2014-10-05.nmea.gz"
FRIO = AIS / "frio-drift-2014-09-28.nmea.gz"
COLOUR = re.compile(r"\x1b\[")


def commands(tree: App = app, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], App]]:
    """Every command that does something, with the words that call it."""
    found = []
    for name in tree:
        if name.startswith("-"):
            continue
        one = tree[name]
        below = commands(one, (*path, name))
        found += below or [((*path, name), one)]
    return found


COMMANDS = commands()
IDS = [" ".join(path) for path, _ in COMMANDS]


# ---- help ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["scan", "--help"],
                                   ["decode", "--help"]])  # fmt: skip
def test_help_loads_none_of_the_heavy_libraries(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", SARGAS, *words], capture_output=True, timeout=60
    )
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "cyclopts" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY


def test_every_command_of_the_contract_is_there() -> None:
    assert set(IDS) >= {
        "demo", "scan", "decode", "crossings", "suspects", "exercise list", "exercise run",
        "exercise export", "serve", "infra list", "infra show", "infra import", "infra diff",
        "infra licences", "doctor", "alerts list", "alerts show", "alerts export", "alerts verify",
        "alerts ack", "alerts claim", "alerts dismiss", "alerts escalate", "alerts resolve",
        "alerts reopen", "alerts snooze", "alerts comment", "alerts release", "alerts withdraw",
        "alerts suspend", "alerts suspensions", "alerts resume",
        "share export", "share send", "share formats", "share policy", "share identity",
        "share import", "share push", "share fetch", "share peers add", "share peers trust",
        "share peers list", "share peers remove",
        "audit list", "audit verify",
        "handover", "backup", "restore", "verify",
        "detectors list", "detectors explain", "detectors test", "masks list", "masks add",
        "masks expire", "masks derive", "score", "fetch dma", "vessel find", "vessel show",
        "vessel track", "users add", "users list", "users role", "users disable", "users enable",
        "users password", "tokens add", "tokens list", "tokens revoke",
        "retention show", "retention set", "retention apply",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=IDS)
def test_every_command_and_option_has_help(path: tuple[str, ...], command: App) -> None:
    assert command.help
    arguments = command.assemble_argument_collection(parse_docstring=True)
    assert arguments
    for argument in arguments:
        if argument.name == "*":
            continue  # a group of options, which come one by one
        assert argument.parameter.help, f"{' '.join(path)} {argument.name}"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=IDS)
def test_every_command_takes_json_and_quiet(path: tuple[str, ...], command: App) -> None:
    names = {name for a in command.assemble_argument_collection() for name in a.names}
    assert {"--json", "--quiet"} <= names, path


def test_help_text_fits_eighty_columns() -> None:
    done = child("--help", env=os.environ | {"COLUMNS": "80"})
    assert done.code == 0
    for line in ("Exit codes: 0 ok", "130 interrupted"):
        assert line in done.out
    examples = [line for line in done.out.splitlines() if line.startswith("  sargas ")]
    assert len(examples) == 5


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS], ids=IDS)
def test_help_of_a_command_is_its_own(path: tuple[str, ...], call: Call) -> None:
    done = call(*path, "--help")
    assert done.code == 0
    assert done.out.count("Examples:") <= 1
    assert done.out.count("Exit codes:") == 1
    examples = re.findall(r"^  sargas (.*)", done.out, re.MULTILINE)
    if path[0] not in ("infra", "doctor"):
        assert any(line.startswith(" ".join(path)) for line in examples)
    assert not any(line.startswith("infra") for line in examples if path[0] != "infra")


def test_help_names_every_format(call: Call) -> None:
    for command in ("scan", "decode"):
        text = call(command, "--help").out
        assert all(name in text for name in FORMATS)


@pytest.mark.parametrize("words", [["--help"], ["exercise", "list"], ["decode", LOTUS, "--json"]])
def test_a_full_disk_behind_stdout_is_one_sentence(words: list[Any]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SARGAS, *map(str, words)], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert [line for line in lines if "read " not in line and "counted " not in line] == [
        "sargas: standard output: No space left on device"
    ]


def test_examples_in_help_name_options_that_exist() -> None:
    for path, command in COMMANDS:
        names = {name for a in command.assemble_argument_collection() for name in a.names}
        place = inspect.getdoc(command.default_command) or ""
        for line in re.findall(rf"^\s*sargas {' '.join(path)}\b.*", place, re.MULTILINE):
            for option in re.findall(r"\s(--[a-z-]+)", line.partition("|")[0]):
                assert option in names, line


@pytest.fixture
def alert() -> Alert:
    """A made-up alert, of version 1."""
    return Alert(
        id="0" * 24, detector="gap", detector_version="1", rules="r", version=1, state="open",
        priority="P3", t_start_ms=0, t_detected_ms=60_000, t_issued_ms=60_000,
        subject=Subject("sea", 230_000_000), lon=25.0, lat=59.5, asset=None, next_assets=(),
        why=(), against=(), context={}, text="Not received since 00:00.",
    )  # fmt: skip


# ---- streams and codes ---------------------------------------------------------------------------
def test_stdout_is_data_and_stderr_is_talk() -> None:
    done = child("scan", DMA, "--json")
    assert done.code == 0
    assert done.out == ""
    assert "80,246 lines" in done.err
    assert "1,436 vessels" in done.err
    assert not COLOUR.search(done.err)
    assert "\r" not in done.err


def test_quiet_says_nothing(call: Call) -> None:
    done = call("scan", LOTUS, "--json", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_is_one_whole_alert_a_line_with_the_fields_of_the_contract(
    call: Call, exercise_log: Path
) -> None:
    done = call("scan", exercise_log, "--json")
    assert done.code == 0
    assert done.rows
    for alert in done.rows:
        assert alert.keys() >= {
            "id", "detector", "rules", "version", "state", "priority", "t_start", "t_detected",
            "subject", "lon", "lat", "asset", "next_assets", "why", "against", "context", "text",
            "exercise",
        }  # fmt: skip
        assert alert["subject"].keys() >= {"domain", "mmsi", "imo", "name", "ship_type", "length_m"}
        assert alert["context"].keys() >= {"gnss", "coverage", "depth_m"}
        for reason in alert["why"]:
            assert reason.keys() >= {"feature", "value", "unit", "threshold", "margin", "passed"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", alert["t_detected"])
    keys = [(alert["t_detected"], alert["id"]) for alert in done.rows]
    assert [k[0] for k in keys] == sorted(k[0] for k in keys)


def test_the_table_says_the_same_as_the_json(call: Call, exercise_log: Path) -> None:
    rows = call("scan", exercise_log, "--json", "--quiet").rows
    table = call("scan", exercise_log, "--quiet").out.splitlines()
    later = any(alert["version"] > 1 for alert in rows)
    heads = ["EXERCISE", "priority", "detected", *(["as of"] * later), "detector", "state", "what"]
    assert re.split(r"  +", table[0]) == heads
    assert len(table) == 1 + len(rows)
    for line, alert in zip(table[1:], rows, strict=True):
        cells = re.split(r"  +", line)
        assert cells[:3] == ["EXERCISE", alert["priority"], alert["t_detected"]]
        assert (alert["t_issued"] in cells[3:]) == (alert["version"] > 1)
        assert line.endswith(alert["text"])


def test_a_table_marks_exercises_mutes_and_later_versions(
    capsys: pytest.CaptureFixture[str], alert: Alert
) -> None:
    print_alerts([alert], json=False)
    assert re.split(r"  +", capsys.readouterr().out.splitlines()[0]) == [
        "priority", "detected", "detector", "state", "what",
    ]  # fmt: skip
    later = replace(alert, version=2, t_issued_ms=alert.t_detected_ms + 600_000)
    print_alerts([alert, later, replace(alert, muted_by=("port",))], json=False)
    head, first, second, third = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "priority"
    assert "as of" in head
    assert "muted by" in head
    assert iso(later.t_issued_ms) in second
    assert iso(later.t_issued_ms) not in first
    assert "port" in third
    assert "port" not in first
    print_alerts([replace(alert, exercise="x")], json=False)
    assert all(line.startswith("EXERCISE ") for line in capsys.readouterr().out.splitlines())


def test_a_table_fits_the_terminal_and_only_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "a tanker under way has lost a fifth of its own speed and these cables lie ahead"
    put_table(("priority", "what"), [("P1", text)])
    assert capsys.readouterr().out.splitlines()[1] == f"P1        {text}"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    put_table(("priority", "what"), [("P1", text)])
    _, first, *more = capsys.readouterr().out.splitlines()
    assert len(more) >= 2
    assert all(len(line) <= 40 for line in (first, *more))
    assert all(line.startswith(" " * 10) and line[10] != " " for line in more)
    assert " ".join(line[10:] for line in (first, *more)) == text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["scan"], 2),
        (["nonsense"], 2),
        (["scan", LOTUS, "--nonsense"], 2),
        (["scan", LOTUS, "--fail-on", "P9"], 2),
        (["scan", LOTUS, "--format", "nonsense"], 2),
        (["scan", LOTUS, "--since", "yesterday"], 2),
        (["scan", LOTUS, "--since", "2024-12-25T10:00:00"], 2),
        (["scan", LOTUS, "--since", "2024-12-25T11:00Z", "--until", "2024-12-25T10:00Z"], 2),
        (["scan", LOTUS, "--map", "lon"], 2),
        (["scan", "-", "-"], 2),
        (["decode", LOTUS, "--out", "x.csv"], 2),
        (["decode", LOTUS, "--format", "nonsense"], 2),
        (["exercise", "export", "eagle-s", "--out", "x.csv"], 2),
        (["serve", "--host", "0.0.0.0", "--home", "HOME"], 2),
        (["serve", "--port", "70000", "--home", "HOME"], 2),
        (["serve", "--speed", "0", "--home", "HOME"], 2),
        (["demo", "--speed", "1e9"], 2),
        (["demo", "--exit-after", "-1"], 2),
        (["scan", "no-such-file"], 3),
        (["scan", LOTUS, "--assets", "no-such-file"], 3),
        (["scan", LOTUS, "--rules", "no-such-file"], 3),
        (["decode", "no-such-file"], 3),
        (["crossings", LOTUS, "--asset", "no-such-asset"], 5),
        (["suspects", LOTUS, "--asset", "no-such-asset", "--at", "2024-12-25T10:26:00Z"], 5),
        (["exercise", "run", "no-such-exercise"], 5),
        (["serve", "--home", "no-such-home"], 5),
        (["infra", "show", "no-such-asset"], 5),
        (["vessel", "find", "nobody", "--home", "HOME"], 5),
        (["vessel", "find", " ", "--home", "HOME"], 2),
        (["vessel", "show", "not-a-number", "--home", "HOME"], 2),
        (["vessel", "show", "1234567890", "--home", "HOME"], 2),
        (["vessel", "show", "200000000", "--home", "HOME"], 5),
        (["vessel", "track", "200000000", "--home", "no-such-home"], 5),
    ],
    ids=lambda value: " ".join(map(str, value[:5])) if isinstance(value, list) else str(value),
)
def test_exit_codes_and_a_sentence_on_stderr(
    call: Call, words: list[Any], code: int, home_with_fixes: Path
) -> None:
    done = call(*(home_with_fixes if word == "HOME" else word for word in words))
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.strip()
    assert "Traceback" not in done.err


@pytest.fixture(scope="module")
def home_with_fixes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kept") / "home"
    assert child("scan", LOTUS, "--home", home, "--quiet").code == 0
    return home


def test_fail_on_gives_ten_and_wins_over_a_bad_file(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(os.urandom(2000))
    assert call("scan", exercise_log, "--fail-on", "P1", "--quiet").code == 10
    assert call("scan", exercise_log, "--fail-on", "p2", "--quiet").code == 10
    both = call("scan", bad, exercise_log, "--fail-on", "P2", "--json")
    assert both.code == 10
    assert both.rows
    assert "bad.bin" in both.err
    assert call("scan", LOTUS, "--fail-on", "P3", "--quiet").code == 0


@pytest.mark.parametrize("more", [[], ["--format", "csv"]])
def test_a_binary_file_is_called_one_and_not_printed(
    call: Call, tmp_path: Path, more: list[str]
) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(bytes(range(256)) * 8)
    for command in ("scan", "decode"):
        done = call(command, bad, "--quiet", *more)
        assert done.code == 3
        assert "binary file" in done.err
        assert done.err.isascii()
        assert all(c.isprintable() or c == "\n" for c in done.err)


def test_a_scan_into_a_home_says_what_is_stored(call: Call, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    [line] = [row for row in call("scan", LOTUS, "--home", home).err.splitlines()
              if row.startswith("stored ")]  # fmt: skip
    assert re.search(r"[1-9]\d* fixes", line)
    assert line.endswith(f"sargas serve --home '{home}'")


def test_a_bad_file_does_not_stop_the_others(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(os.urandom(2000))
    alone = call("scan", exercise_log, "--json", "--quiet")
    for order in ([bad, exercise_log, "missing"], [exercise_log, "missing", bad]):
        done = call("scan", *order, "--json", "--quiet")
        assert done.code == 3
        assert done.out == alone.out
        assert len(done.err.splitlines()) == 2


def test_what_was_not_judged_is_no_all_clear(call: Call, tmp_path: Path) -> None:
    empty = tmp_path / "only-comments.nmea"
    empty.write_bytes(b"# nothing\n!AIVDM,1,1,,A,D02=ag0flffp,0*00\n" * 40)
    cases = [
        (["scan", AIS / "aishub-3min-2012.nmea.gz"], 3, "none of 78,079 fixes carries a time"),
        (["scan", LOTUS, "--since", "2030-01-01T00:00Z"], 5, "between --since and --until"),
        (["scan", empty, "--format", "nmea"], 3, "hold no fix"),
    ]
    for words, code, why in cases:
        for quiet in ([], ["--quiet"]):
            done = call(*words, *quiet)
            assert (done.code, done.out) == (code, ""), done.err
            last = done.err.splitlines()[-1]
            assert last.startswith("Nothing was judged: ")
            assert why in last
            assert "alerts" not in done.err


# ---- options -------------------------------------------------------------------------------------
def test_since_and_until_leave_rows_out_and_count_them(call: Call) -> None:
    whole = call("decode", FRIO, "--json", "--quiet").rows
    since, until = "2014-09-28T16:30:00Z", "2014-09-28T17:30:00Z"
    fixes = [row for row in whole if row["table"].startswith("fix")]
    inside = [row for row in fixes if since <= row["t"] < until]
    assert 0 < len(inside) < len(fixes)
    done = call("scan", FRIO, "--since", since, "--until", "2014-09-28T19:30:00+02:00")
    assert done.code == 0
    assert f" {len(inside):,} fixes" in done.err
    assert f"outside   {len(fixes) - len(inside):,} fixes" in done.err


def test_assets_replace_the_shipped_ones(call: Call, exercise_log: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.geojson"
    line = {"type": "LineString", "coordinates": [[25.9, 59.5], [25.9, 60.2]]}
    properties = {"name": "Our own cable", "kind": "power_cable"}
    feature = {"type": "Feature", "geometry": line, "properties": properties}
    own.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    rows = call("crossings", exercise_log, "--assets", own, "--json", "--quiet").rows
    assert rows
    assert {row["asset"]["name"] for row in rows} == {"Our own cable"}
    done = call("scan", exercise_log, "--assets", own, "--json", "--quiet")
    assert done.code == 0
    named = {n["name"] for alert in done.rows for n in alert["next_assets"]}
    assert named <= {"Our own cable"}


def test_rules_lie_over_the_shipped_ones(call: Call, exercise_log: Path, tmp_path: Path) -> None:
    rules = tmp_path / "own.toml"
    rules.write_text("[order]\nlateness_s = 120\n")
    usual = call("scan", exercise_log, "--json", "--quiet").rows
    own = call("scan", exercise_log, "--json", "--quiet", "--rules", rules).rows
    assert own
    assert {a["rules"] for a in own}.isdisjoint({a["rules"] for a in usual})
    rules.write_text("[order]\nnonsense = 1\n")
    assert call("scan", exercise_log, "--rules", rules).code in (2, 3)


def test_muted_alerts_are_counted_and_shown_on_demand(call: Call, tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[21.0, 55.73], [21.2, 55.73]]}
    feature = {"type": "Feature", "geometry": line, "properties": {"kind": "power_cable"}}
    feature["properties"] |= {"name": "A cable into Klaipėda", "id": "own"}
    own = tmp_path / "own.geojson"
    own.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    log = tmp_path / "moored.nmea"
    log.write_bytes(stopped(21.10, 55.73, minutes=90))
    usual = call("scan", log, "--assets", own, "--json")
    shown = call("scan", log, "--assets", own, "--json", "--muted")
    muted = [a for a in shown.rows if a["muted_by"]]
    assert [a["detector"] for a in muted] == ["slow_in_corridor"]
    assert usual.rows == [a for a in shown.rows if not a["muted_by"]] == []
    assert re.search(r"^muted +1 ", usual.err, re.MULTILINE)
    assert call("scan", log, "--assets", own, "--fail-on", "P3", "--quiet").code == 0


def test_a_map_reads_a_table_of_another_shape(
    call: Call, drag_csv: Path, exercise_log: Path
) -> None:
    refused = call("scan", drag_csv, "--quiet")
    assert refused.code == 3
    done = call("scan", drag_csv, "--map", OWN_MAP, "--json", "--quiet")
    assert done.code == 0
    [drag] = [a for a in done.rows if a["detector"] == "drag_onset"]
    [same] = [a for a in call("scan", exercise_log, "--json", "--quiet").rows
              if a["detector"] == "drag_onset"]  # fmt: skip
    assert drag["t_start"] == same["t_start"]
    assert drag["subject"]["mmsi"] == same["subject"]["mmsi"] == 518998865
    assert drag["exercise"] is None


def test_the_format_can_be_named(call: Call) -> None:
    assert call("scan", LOTUS, "--format", "nmea", "--quiet").code == 0
    wrong = call("scan", LOTUS, "--format", "dma-csv")
    assert wrong.code == 3
    assert "lotus" in wrong.err


# ---- pipes, interruptions ------------------------------------------------------------------------
def test_standard_input_is_read_by_a_dash(call: Call, exercise_log: Path) -> None:
    named = call("scan", exercise_log, "--json", "--quiet")
    for words in (["-", "--json", "--quiet"], ["--json", "--quiet", "--", "-"]):
        piped = child("scan", *words, stdin=exercise_log.read_bytes())
        assert piped.code == 0, piped.err
        assert piped.out == named.out
    decoded = child("decode", "-", "--json", "--quiet", stdin=exercise_log.read_bytes())
    assert decoded.out == call("decode", exercise_log, "--json", "--quiet").out


def test_a_reader_that_goes_away_is_no_error() -> None:
    running = subprocess.Popen(
        [SARGAS, "decode", DMA, "--json", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    first = running.stdout.readline()
    running.stdout.close()
    assert json.loads(first)["table"]
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_scan_prints_whole_what_was_found(
    exercise_log: Path, call: Call, number: signal.Signals
) -> None:
    usual = call("scan", exercise_log, "--json", "--quiet")
    running = subprocess.Popen(
        [SARGAS, "scan", "-", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdin is not None
    # The exercise, then rows later by hours, which fill a batch; then the pipe stays open.
    later = stopped(23.5, 57.8, minutes=420, every_s=1, status=1)
    running.stdin.write(exercise_log.read_bytes() + later)
    running.stdin.flush()
    wait_until_it_reads(running)
    running.send_signal(number)
    out, err = running.communicate(timeout=200)
    assert running.returncode == 130, err
    lines = [json.loads(line) for line in out.decode().splitlines()]
    found = {a["id"] for a in lines if a["detector"] == "drag_onset"}
    assert found == {a["id"] for a in usual.rows if a["detector"] == "drag_onset"}
    assert found
    assert b"interrupted" in err
    assert b"fixes" in err.partition(b"interrupted")[2]


def stopped(lon: float, lat: float, *, minutes: int, every_s: float = 10, status: int = 0) -> bytes:
    """Reports of one ship that does not move, from the evening of the exercise's day on."""
    n = round(minutes * 60 / every_s)
    rows = np.zeros(n, REPORT)
    rows["t_s"] = 1_735_150_000 + (np.arange(n) * every_s).astype(np.int64)
    rows["mmsi"], rows["status"], rows["cog"], rows["heading"] = 200_000_777, status, 3600, 511
    rows["lon"], rows["lat"] = round(lon * 6e5), round(lat * 6e5)
    return sentences(rows, "EXERCISE-eagle-s")


def test_the_installed_program_is_this_package() -> None:
    from sargas import __version__

    assert child("--version").out.strip() == __version__
    assert importlib.import_module("sargas.cli").main


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS], ids=IDS)
def test_every_command_is_named_in_the_readme(path: tuple[str, ...]) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    noun, *verb = path
    assert re.search(rf"\bsargas {noun}\b", text)
    if verb:
        assert re.search(rf"\b{noun}\b[^\n]*\b{verb[0]}\b", text), f"{noun} {verb[0]}"
