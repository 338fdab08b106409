"""The token file: contrast, and priorities that stay apart for every kind of eye."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from .world import ROOT

SOURCE = ROOT / "web/src"
THEMES = json.loads((SOURCE / "theme/tokens.json").read_text())["themes"]
NAMES = sorted(THEMES)
# Severity 1 of Machado, Oliveira and Fernandes (2009), linear RGB.
EYES = {
    "normal": np.eye(3),
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Floors of the least colour difference (CIE76) between two priorities: the reference's, and where
# there is but one hue those of lightness alone.
FLOOR = {"normal": 35, "deutan": 10, "protan": 20, "tritan": 20}
FLOORS = {"dark": FLOOR, "light": FLOOR, "night": dict.fromkeys(EYES, 20)}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> np.ndarray:
    """#rrggbb as linear RGB."""
    part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio."""
    weight = np.array([0.2126, 0.7152, 0.0722])
    light, dark = sorted((float(linear(one) @ weight), float(linear(other) @ weight)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, eye: str) -> np.ndarray:
    """CIE Lab (D65) as one kind of eye sees it."""
    seen = np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)
    ratio = TO_XYZ @ seen / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_of_known_pairs() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ground", ["page", "panel", "raised"])
@pytest.mark.parametrize("ink", ["text1", "text2", "text3"])
def test_text_is_readable(name: str, ground: str, ink: str) -> None:
    tokens = THEMES[name]["colours"]
    assert contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("exercise-ink", "exercise"),
        ("notice-ink", "notice"),
        ("map-label", "land"),
        ("map-label", "sea"),
    ],
)
def test_words_on_grounds_of_their_own(name: str, ink: str, ground: str) -> None:
    tokens = THEMES[name]["colours"]
    assert contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "mark", ["alarm", "warning", "note", "cable", "pipeline", "wind", "selection", "traffic"]
)
def test_marks_stand_out_from_the_sea(name: str, mark: str) -> None:
    tokens = THEMES[name]["colours"]
    assert contrast(tokens[mark], tokens["sea"]) >= 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "mark",
    [
        "alarm",
        "warning",
        "note",
        "focus",
        "selection",
        "control",
        "chart-sog",
        "chart-heading",
        "chart-cog",
        "chart-mark",
    ],
)
def test_marks_stand_out_from_the_panels(name: str, mark: str) -> None:
    tokens = THEMES[name]["colours"]
    assert contrast(tokens[mark], tokens["panel"]) >= 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("eye", EYES)
def test_priorities_differ_for_every_eye(name: str, eye: str) -> None:
    tokens = THEMES[name]["colours"]
    pairs = itertools.combinations(
        [lab(tokens[key], eye) for key in ("alarm", "warning", "note")], 2
    )
    assert min(float(np.linalg.norm(a - b)) for a, b in pairs) >= FLOORS[name][eye]


@pytest.mark.parametrize("name", NAMES)
def test_no_colour_of_an_alert_is_used_for_anything_else(name: str) -> None:
    tokens = THEMES[name]["colours"]
    own = {tokens[key] for key in ("alarm", "warning", "note")}
    assert len(own) == 3
    assert own.isdisjoint(
        value for key, value in tokens.items() if key not in ("alarm", "warning", "note")
    )


def luminance(colour: str) -> float:
    """WCAG relative luminance."""
    return float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))


def test_night_is_red_only_and_alarm_the_brightest() -> None:
    """Eyes that are used to the dark stay so: no hue but red, and nothing outshines an Alarm."""
    tokens = THEMES["night"]["colours"]
    hues = {}
    for key, value in tokens.items():
        red, green, blue = (int(value[at : at + 2], 16) for at in (1, 3, 5))
        assert red > green >= blue, key
        hues[key] = 60 * (green - blue) / (red - blue)
    assert {key: hue for key, hue in hues.items() if hue > 15} == {}
    shining = sorted(tokens, key=lambda key: luminance(tokens[key]))
    assert shining[-1] == "alarm"
    assert luminance(tokens["page"]) < 0.003
    # The marks that nobody need act on come below all that one must.
    calm = max(luminance(tokens[key]) for key in ("traffic", "cable", "pipeline", "wind"))
    assert calm < luminance(tokens["note"]) < luminance(tokens["warning"])


@pytest.mark.parametrize("name", NAMES)
def test_themes_hold_the_same_tokens(name: str) -> None:
    assert list(THEMES[name]["colours"]) == list(THEMES["dark"]["colours"])


def test_no_colour_outside_the_token_file() -> None:
    """A fixed colour in CSS or code stays wrong in every other theme; black shadows are allowed."""
    fixed = re.compile(
        r"#[0-9a-fA-F]{3,8}\b(?!-)|\brgba?\(\s*[1-9]|\bhsla?\(|:\s*(white|black|red)\b"
    )
    files = [*SOURCE.rglob("*.css"), *SOURCE.rglob("*.ts"), *SOURCE.rglob("*.tsx")]
    found = [
        f"{path.name}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if fixed.search(line) and "`rgba(${" not in line
    ]
    assert len(files) > 30
    assert found == []
