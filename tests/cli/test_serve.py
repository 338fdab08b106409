"""`sargas serve`: what it hands to the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sargas.exercise.scenario import BACKDROP_CREDIT
from sargas.reference import shipped_assets
from sargas.store import Home, Ledger
from tests.store.alerts import make_alert

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


def test_alerts_are_served_where_their_fixes_are_not_kept_any_more(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setattr("sargas.web.service.serve", lambda *_, **__: None)
    assert call("serve", "--home", home.path, "--port", "0").code == 5
    alerts = [make_alert(n) for n in range(2)]
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", alerts)
    players: list[Any] = []
    monkeypatch.setattr("sargas.web.api.make_app", lambda player, *_, **__: players.append(player))
    done = call("serve", "--home", home.path, "--port", "0")
    assert done.code == 0, done.err
    span = players[0].span()
    assert (span.from_ms, span.to_ms) == (alerts[0].t_detected_ms, alerts[1].t_issued_ms + 1)
