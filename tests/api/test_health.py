"""What the service says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sargas.web.clocks import Clocks
from sargas.web.health import WAITING_BYTES, Health, Vitals

HOSTILE = 'a"b\\c\nd'


def client(vitals: Vitals, *feeds: dict[str, Any]) -> TestClient:
    player = SimpleNamespace(
        feeds=lambda: list(feeds), about={"version": "1"}, t_ms=1000,
        picture=SimpleNamespace(vessels=3),
    )  # fmt: skip
    clocks = cast("Clocks", SimpleNamespace(shared=player, screens=2, looking_back=1))
    return TestClient(Starlette(routes=Health(clocks, lambda: vitals).routes()))


def feed(**more: Any) -> dict[str, Any]:
    return {"name": "north", "last_ms": 5000, "fixes": 7, "rejected": 1} | more


@pytest.mark.parametrize(
    ("vitals", "feeds", "status", "code"),
    [
        (Vitals(), [feed()], "ok", 200),
        (Vitals(), [feed(state="receiving")], "ok", 200),
        (Vitals(), [feed(state="silent")], "degraded", 200),
        (Vitals(), [feed(state="receiving"), feed(state="failed")], "degraded", 200),
        (Vitals(waiting_bytes=WAITING_BYTES + 1), [feed()], "degraded", 200),
        (Vitals(refusal="No space left on device"), [feed()], "failing", 503),
        (Vitals(is_folding=False), [feed()], "failing", 503),
    ],
)
def test_one_word_says_how_it_is(vitals, feeds, status, code):
    answer = client(vitals, *feeds).get("/healthz")
    assert (answer.json(), answer.status_code) == ({"status": status}, code)


def test_measures_can_be_read_whatever_a_feed_is_called():
    from prometheus_client.parser import text_string_to_metric_families

    text = client(Vitals(counts={"ok": 5}), feed(name=HOSTILE, lag_ms=1500)).get("/metrics").text
    found = {
        (s.name, s.labels.get("feed")): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert found["sargas_feed_fixes_total", HOSTILE] == 7
    assert found["sargas_feed_lag_seconds", HOSTILE] == 1.5
    assert found["sargas_screens", None] == 2
    assert found["sargas_screens_looking_back", None] == 1
