"""What the service says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sargas.web.clocks import Clocks
from sargas.web.health import (
    BACKLOG,
    FOLDING,
    JOURNAL,
    STORE,
    TOLD_MS,
    UNSTORED_MOST,
    WAITING_BYTES,
    Halt,
    Health,
    Vitals,
)
from tests.store.alerts import make_alert

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
        (Vitals(Halt(STORE, "No space left on device", 1)), [feed()], "failing", 503),
        (Vitals(Halt(JOURNAL, "No space left on device", 1)), [feed()], "failing", 503),
        (Vitals(Halt(FOLDING, "It stands.", 1)), [feed()], "failing", 503),
        (Vitals(Halt(BACKLOG, "Much waits.", 1)), [feed()], "degraded", 200),
    ],
)
def test_one_word_says_how_it_is(vitals, feeds, status, code):
    answer = client(vitals, *feeds).get("/healthz")
    assert (answer.json(), answer.status_code) == ({"status": status}, code)


def test_measures_can_be_read_whatever_a_feed_is_called():
    from prometheus_client.parser import text_string_to_metric_families

    text = (
        client(Vitals(counts=lambda: {"ok": 5}), feed(name=HOSTILE, lag_ms=1500))
        .get("/metrics")
        .text
    )
    found = {
        (s.name, s.labels.get("feed")): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert found["sargas_feed_fixes_total", HOSTILE] == 7
    assert found["sargas_feed_lag_seconds", HOSTILE] == 1.5
    assert found["sargas_screens", None] == 2
    assert found["sargas_screens_looking_back", None] == 1


def health(asked: list[Vitals]) -> Health:
    """Of a watch whose vitals are the last in a list."""
    clocks = cast("Clocks", SimpleNamespace(shared=SimpleNamespace(feeds=list)))
    return Health(clocks, lambda: asked[-1])


def test_a_halt_is_told_with_its_end_and_for_an_hour_after_it():
    asked = [Vitals()]
    told = health(asked)
    assert told.halt() is None
    asked.append(Vitals(Halt(STORE, "No space left.", 7_000), judged_to_ms=6_000, now_ms=9_000))
    halt = {"cause": "store", "what": "No space left.", "since_ms": 7_000, "until_ms": None,
            "judged_to_ms": 6_000, "unstored_count": 0, "unstored": []}  # fmt: skip
    assert told.halt() == halt
    # What follows without a pause is the same halt; so is what is asked again later.
    asked.append(Vitals(Halt(FOLDING, "It stands.", 8_000), judged_to_ms=6_000, now_ms=10_000))
    assert told.halt() == halt | {"cause": "folding", "what": "It stands."}
    asked.append(Vitals(judged_to_ms=9_000, now_ms=12_000))
    over = halt | {"cause": "folding", "what": "It stands.", "until_ms": 12_000}
    assert told.halt() == over
    asked.append(Vitals(judged_to_ms=9_000, now_ms=12_000 + TOLD_MS))
    assert told.halt() == over
    asked.append(Vitals(Halt(JOURNAL, "Again.", 13_000 + TOLD_MS), now_ms=14_000 + TOLD_MS))
    again = told.halt()
    assert again is not None
    assert (again["since_ms"], again["until_ms"]) == (13_000 + TOLD_MS, None)
    asked.append(Vitals(now_ms=15_000 + TOLD_MS))
    assert told.halt() is not None
    asked.append(Vitals(now_ms=15_001 + 2 * TOLD_MS))
    assert told.halt() is None


def test_of_what_could_not_be_stored_the_worst_is_told_by_its_latest_version():
    note, muted, gone = (
        make_alert(1, priority="P3"), make_alert(2, priority="P1", muted_by=("port",)),
        make_alert(3, priority="P1", state="retracted"),
    )  # fmt: skip
    warning = make_alert(4, priority="P2", text="<b>first</b>")
    alarm = warning.revised(priority="P1", text="<b>worse</b>")
    more = [make_alert(5 + k, priority="P2") for k in range(UNSTORED_MOST)]
    halt = health([Vitals(Halt(STORE, "", 1, (note, muted, gone, *more, warning, alarm)))]).halt()
    assert halt is not None
    assert halt["unstored_count"] == 1 + UNSTORED_MOST
    assert len(halt["unstored"]) == UNSTORED_MOST
    assert halt["unstored"][0]["text"] == "<b>worse</b>"
    assert halt["unstored"][0].keys() == {"id", "priority", "t_detected", "text"}
    assert {a["id"] for a in halt["unstored"]}.isdisjoint({note.id, muted.id, gone.id})
