"""The dossier: whole in itself, safe with any text, and says all that the alert says."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sargas.model.alerts import Subject
from sargas.model.fixes import LON_NONE, Fixes
from sargas.model.svg_alert import speed_limits
from sargas.share.dossier import as_html

from .conftest import alert, evidence, fixes

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "div", "p",
    "h1", "h2", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "span",
    "strong", "br", "figure", "figcaption", "svg", "g", "path", "line", "rect", "circle", "text",
    "defs", "clippath",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(k, v or "") for k, v in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(k, v or "") for k, v in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)


def test_it_says_all_that_the_alert_says():
    text = " ".join(" ".join(Reader(as_html(evidence())).texts).split())
    for said in (
        "Warning P2", "slow in corridor", "A SHIP (MMSI 518998865)", "9329760", "229 m",
        "59°54.0'N 025°36.0'E (59.90000, 25.60000)", "Cable X", "known to ±200 m", "km 14.2",
        "2024-12-25 10:20:00 UTC", "mean speed over ground", "2.1 kn", "+0.9 kn",
        "reports itself at anchor", "not assessed", "before 0.6, now 3.6", "49 m ± 50 m",
        "Cable Two", "3.2 km", "11:20:00 UTC (11:10 to 11:30)",
        "slow_kn", "ref D4", "rrrrrrrrrrrr", "gggggggggggg",
        "© OpenStreetMap contributors", "not evidence on its own", "tanker (80)",
    ):  # fmt: skip
        assert said in text, said
    assert "unknown" in text, "a value that is not a number is said to be unknown"
    assert "EXERCISE" not in text


def test_nothing_comes_from_elsewhere():
    page = as_html(evidence(alert(exercise="x"), exercise_note="made up"))
    reader = Reader(page)
    assert not reader.open, "every tag is closed"
    assert set(reader.tags) <= ALLOWED
    names = {name for name, _ in reader.attributes}
    assert not names & {"src", "href", "onload", "onclick", "action", "srcset", "xlink:href"}
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    addresses = set(re.findall(r"https?://[^\"'\s<]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}, "the name of a language, not a reference"


def test_an_attack_in_any_text_stays_text(hostile):
    page = as_html(hostile)
    reader = Reader(page)
    assert "script" not in reader.tags
    assert set(reader.tags) <= ALLOWED
    assert not [n for n, _ in reader.attributes if n.startswith("on")]
    text = "".join(reader.texts)
    assert text.count('<script>alert("1")</script>&[31m') >= 15, "it is shown, as text"
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_an_exercise_says_so_first():
    page = as_html(evidence(alert(exercise="eagle-s"), exercise_note="SYNTHETIC track."))
    text = "".join(Reader(page[page.index("<main>") : page.index("</main>")]).texts)
    assert text.strip().startswith("EXERCISE · SYNTHETIC")
    assert "SYNTHETIC track." in text


def test_muted_and_changed_geometry_are_said():
    page = as_html(evidence(alert(muted_by=("port of X",), geometry="old")))
    assert "port of X" in page
    assert "made over the geometry old" in page


@pytest.mark.parametrize("rows", [fixes(1), fixes(0), fixes(2000, step_ms=5000)])
def test_any_number_of_fixes_can_be_shown(rows):
    page = as_html(evidence(rows=rows))
    assert not Reader(page).open
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)
    assert len(page) < 300_000


def test_without_any_position_it_is_still_a_dossier():
    rows = fixes(5)
    nowhere = Fixes.build(5, **{**rows.columns(), "lon_raw": np.full(5, LON_NONE)})
    lost = alert(lon=float("nan"), lat=float("nan"), asset=None, next_assets=())
    page = as_html(evidence(lost, rows=nowhere, near=[], land=None))
    assert "Map of the track" not in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_an_alert_of_no_single_vessel():
    page = as_html(evidence(alert(subject=Subject("sea", 0)), rows=fixes(0)))
    assert "<h1>no single vessel</h1>" in page


def test_only_levels_of_speed_are_drawn_as_limits():
    def test(feature, unit, value, threshold):
        return {"feature": feature, "unit": unit, "value": value, "threshold": threshold}

    why = [
        test("own speed before", "kn", 10.0, 5.0), test("speed as share of own", "share", 0.8, 0.9),
        test("speed lost", "kn", 2.0, 1.0), test("mean speed over ground", "kn", 2.0, 3.0),
        test("duration", "min", 20.0, 15.0), test("reported speed", "kn", 5.0, None),
    ]  # fmt: skip
    limits = speed_limits({"why": why})
    assert [(limit.value_kn, limit.text.split(":")[0]) for limit in limits] == [
        (10.0, "own speed before"), (9.0, "90 % of it"), (3.0, "limit of mean speed over ground"),
    ]  # fmt: skip
    low = {"why": [test("speed as share of the lane's", "share", 0.8, 0.88)],
           "context": {"lane": {"median_kn": 11.0}}}  # fmt: skip
    assert [(round(x.value_kn, 2), x.text) for x in speed_limits(low)] == [
        (11.0, "others of its lane: 11.0 kn"), (9.68, "88 % of them: 9.7 kn"),
    ]  # fmt: skip
    assert speed_limits({**low, "context": {"lane": {"median_kn": None}}}) == []


def test_the_same_evidence_gives_the_same_page():
    assert as_html(evidence()) == as_html(evidence())


def test_every_printed_page_says_which_alert_it_is_of():
    """A sheet can get lost from the others; the id stands in a style sheet and must not end it."""
    made_up = alert(exercise="drill", id='x"}</style><b>')
    for one, words in (
        (alert(), '"alert 0123456789abcdef01234567"'),
        (made_up, '"EXERCISE · SYNTHETIC · alert xstyleb"'),
    ):
        page = as_html(evidence(one))
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
        assert f"@bottom-left{{content:{words};" in style
        assert "counter(page)" in style
        assert style.count("{") == style.count("}")
        assert "b" not in Reader(page).tags
