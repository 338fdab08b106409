"""`sargas serve`: what it hands to the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sargas.exercise.scenario import BACKDROP_CREDIT
from sargas.reference import shipped_assets

from .conftest import OWN_MAP, Call


@pytest.fixture
def credits_of(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep a file in a home, and give whom the served screen credits, there and in `about`."""

    def run(*words: object) -> tuple[list[str], list[str]]:
        assert call("scan", *words, "--home", tmp_path / "home", "--quiet").code == 0
        made: list[Any] = []
        monkeypatch.setattr("sargas.web.api.make_app", lambda *given, **_: made.extend(given))
        monkeypatch.setattr("sargas.web.service.serve", lambda *_, **__: None)
        done = call("serve", "--home", tmp_path / "home", "--port", "0")
        assert done.code == 0, done.err
        player, _, _, attribution, _ = made
        return attribution, player.about["attribution"]

    return run


def test_an_exercise_is_served_with_the_credits_of_its_backdrop(
    credits_of: Any, exercise_log: Path
) -> None:
    shown, told = credits_of(exercise_log)
    assert shown == told
    assert set(BACKDROP_CREDIT) < set(shown)
    assert set(shipped_assets().attributions) < set(shown)


def test_real_traffic_is_served_without_them(credits_of: Any, drag_csv: Path) -> None:
    shown, told = credits_of(drag_csv, "--map", OWN_MAP)
    assert shown == told == list(shipped_assets().attributions)
