"""`sargas score`: tables, JSON, page, and how it ends."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sargas.cli import score_page, score_text
from sargas.exercise import scenario as scenarios
from sargas.exercise.score import score_play
from sargas.exercise.truth import CONTROL, Play, Staged
from sargas.model.time import MINUTE_MS

from ..watch.tracks import T0, Track, batch, statics
from .conftest import AIS, Call

HOSTILE = "<script>alert('&')</script>"


def plays(*_: object) -> list[Play]:
    """A drag with its twin, and clean traffic."""
    start = {"lon": 17.3, "lat": 55.7, "every_s": 60.0}
    drags = Track(mmsi=230_000_001, **start).sail(120, sog_kn=11, cog_deg=30)
    drags.sail(8, sog_kn=11, to_kn=8, cog_deg=30).sail(60, sog_kn=8, cog_deg=30)
    twin = Track(mmsi=230_000_002, **start).sail(180, sog_kn=11, cog_deg=30)
    said = [statics(m, length_m=200, ship_type=70) for m in (230_000_001, 230_000_002)]
    t_ms = T0 + 120 * MINUTE_MS
    what = (
        Staged(
            "drag_onset", 230_000_001, t_ms, t_ms + 68 * MINUTE_MS, 0, 0, {"speed_loss": "0.25"}
        ),
        Staged(CONTROL, 230_000_002, t_ms, t_ms + 68 * MINUTE_MS, 0, 0),
    )
    both = batch(drags.fixes(), twin.fixes(), *said)
    clean = batch(twin.fixes(), said[1])
    return [
        Play("drags", lambda: iter([both]), what, 0.26, 2, 3.1, True, HOSTILE),
        Play("clean", lambda: iter([clean]), (), 0.125, 1, 3.0, True, "clean by hand"),
    ]


@pytest.fixture(autouse=True)
def suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sargas.exercise.suite", SimpleNamespace(load_suite=plays))


def test_the_tables_say_what_was_found_and_what_is_missed(call: Call) -> None:
    done = call("score", "--presets", "all")
    assert done.code == 0
    assert "suite small, SIMULATED: 2 plays" in done.out
    assert "staged: 1 drag_onset" in done.out
    for head in ("Goals", "Found", "Alerts a day and 1,000 vessels",
                 "The rules of others on the same rows", "Where a preset does better"):  # fmt: skip
        assert re.search(rf"^{head} \(simulated\)$", done.out, re.M), head
    assert re.search(r"^not shown +0 .*false drag alerts, clean plays", done.out, re.M)
    assert re.search(r"^  speed_loss: 0.25 +1 +1.00 \(0.21-1.00\)", done.out, re.M)
    assert re.search(r"^skylight_rendezvous +not asked", done.out, re.M)
    assert "play 1/2 drags: 2 vessels, 3.1 h, 1 alert, 1 of 1 staged found" in done.err
    assert "\r" not in done.err


def test_the_tables_fit_a_terminal(call: Call) -> None:
    longest = max(call("score", "--quiet").out.splitlines(), key=len)
    assert len(longest) <= 110, longest


def test_json_is_one_object_and_a_preset_is_chosen(call: Call) -> None:
    done = call("score", "--json", "--presets", "amsa,prox-slow", "--quiet")
    assert done.err == ""
    (body,) = done.rows
    assert body["basis"] == "simulated"
    assert body["partial"] is False
    assert {r["preset"] for r in body["presets"]} == {"amsa", "prox_slow"}
    assert {g["verdict"] for g in body["goals"]} <= {"reached", "MISSED", "not shown", "not tested"}
    assert call("score", "--json", "--presets", "amsa,prox-slow", "--quiet").rows == [body]


class Reader(HTMLParser):
    """Sees that every tag is closed, and what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [f"{k}={v}" for k, v in attrs if k in ("src", "href") or k.startswith("on")]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_is_whole_escaped_and_loads_nothing(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "score.html"
    done = call("score", "--presets", "all", "--html", out)
    assert done.code == 0
    page = out.read_text("utf-8")
    reader = read(page)
    assert "script" not in reader.seen
    assert reader.links == []
    assert "&lt;script&gt;" in page
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
    assert [p.name for p in tmp_path.iterdir()] == ["score.html"]


def test_an_interrupted_score_prints_what_was_whole(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sargas.exercise import score as scoring

    def interrupted(play: Play, *words: Any) -> Any:
        if play.name == "clean":
            raise KeyboardInterrupt
        return score_play(play, *words)

    monkeypatch.setattr(scoring, "score_play", interrupted)
    done = call("score", "--html", tmp_path / "s.html")
    assert done.code == 130
    assert "PARTIAL, 1 of 2 plays" in done.err
    assert done.out.startswith("PARTIAL, interrupted: suite small, SIMULATED: 1 play, ")
    assert "PARTIAL" in (tmp_path / "s.html").read_text()
    assert call("score", "--json").rows[0]["partial"] is True


def test_real_days_give_rates_and_no_truth(call: Call, drag_csv: Path, tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    (days / "frio.nmea.gz").write_bytes((AIS / "frio-drift-2014-09-28.nmea.gz").read_bytes())
    done = call("score", "--real", days, "--presets", "amsa", "--json")
    assert done.code == 0
    (body,) = done.rows
    assert body["suite"] == "real: days"
    assert body["basis"] == "real"
    assert body["staged"] == {}
    assert body["vessels"] == 1
    assert body["under_way_vessel_days"] > 0.09
    assert {r["rule"]: r["rows"] for r in body["presets"]} == {"amsa_drift": 1, "amsa_drift_1nm": 0}
    (days / "aisdk-2014-09-28.zip.part").write_bytes(b"half of a day")
    assert call("score", "--real", days, "--json").code == 0
    whole = (days / "frio.nmea.gz").read_bytes()
    (days / "frio.nmea.gz").write_bytes(whole[:-2000])
    assert call("score", "--real", days, "--json").code == 3
    (days / "frio.nmea.gz").write_bytes(whole)
    (days / "broken.csv").write_text("nothing,of,use\n1,2,3\n")
    done = call("score", "--real", days, "--json")
    assert done.code == 3
    assert len(done.rows) == 1
    assert "broken.csv" in done.err


def test_a_directory_with_an_exercise_is_not_called_real(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    days = tmp_path / "days"
    days.mkdir()
    (days / "x.nmea").write_bytes(exercise_log.read_bytes())
    (body,) = call("score", "--real", days, "--json").rows
    assert body["basis"] == "simulated"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--presets", "gwf"], 2, "no preset 'gwf'"),
        (["--suite", "A", "--real", "."], 2, "do not go together"),
        (["--real", "/nowhere"], 2, "no such directory"),
        (["--drags", "4"], 2, "goes with --real"),
        (["--html", "x.csv"], 2, "does not end in .html"),
        (["--suite", "incidents", "--presets", "all"], 2, "do not run on the incidents"),
        (["--html", "/nowhere/x.html"], 1, "cannot be written"),
    ],
)
def test_wrong_use_is_said(call: Call, words: list[str], code: int, said: str) -> None:
    done = call("score", *words)
    assert (done.code, said in done.err) == (code, True)


def test_an_empty_directory_is_said(call: Call, tmp_path: Path) -> None:
    assert call("score", "--real", tmp_path).code == 3


def test_the_incidents_say_real_or_synthetic_and_name_what_has_no_track(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only = [s for s in scenarios.list_scenarios() if s.name == "newnew-polar-bear"]
    monkeypatch.setattr(scenarios, "list_scenarios", lambda: only)
    done = call("score", "--suite", "incidents", "--html", tmp_path / "i.html")
    assert done.code == 0
    assert re.search(r"^REAL  Samus Swan", done.out, re.M)
    assert re.search(r"^SYNTHETIC  Newnew Polar Bear", done.out, re.M)
    assert re.search(r"^2022-02-26T00:41:\d\dZ .*SwePol Link$", done.out, re.M)
    assert re.search(r"^2023-10-07T22:20:00Z .*Balticconnector$", done.out, re.M)
    assert re.search(r"^Vezhen, 26 January 2025 +no speed published", done.out, re.M)
    page = (tmp_path / "i.html").read_text()
    read(page)
    assert "SYNTHETIC" in page
    (body,) = call("score", "--suite", "incidents", "--json", "--quiet").rows
    assert {c["case"]: c["basis"] for c in body["cases"]} == {
        "samus-swan": "real", "newnew-polar-bear": "SYNTHETIC",
    }  # fmt: skip


@pytest.mark.soak
def test_the_small_suite_is_scored_whole(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sargas.exercise.suite")
    (body,) = call("score", "--presets", "all", "--json").rows
    assert body["staged"]["drag_onset"] >= 10
    assert body["controls"] >= 10
    assert body["basis"] == "simulated"
    assert {r["kind"] for r in body["recall"]} >= {"drag_onset", "drag_sustained", "gap", "drift"}


def test_what_is_never_found_is_written_so() -> None:
    never = {"value": None, "low": 5.0, "high": None, "n": 3, "unit": "min", "never": True}
    assert score_text.told(never) == score_text.plain(never) == "never"
    assert score_text.told(never | {"value": 7.0, "never": False}) == "7.0 min (5.0-never)"
    unknown = never | {"never": False, "low": None}
    assert score_text.told(unknown) == "-"
    assert score_page.table(("a",), [("<b>",)]).count("&lt;b&gt;") == 1
