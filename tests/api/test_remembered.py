"""Answers that are remembered: worked out once, never a moment too long."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sargas.web import remembered
from sargas.web.remembered import Remembered


class World:
    """An application that counts how often it works an answer out."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stamp, self.now_s = 0, 0.0
        self.gate = asyncio.Event()
        self.gate.set()

        async def answer(request: Request) -> Response:
            self.asked.append(str(request.url.path))
            await self.gate.wait()
            if request.url.path.endswith("bad"):
                return PlainTextResponse("no", 404)
            return JSONResponse({"n": len(self.asked), "q": request.url.query})

        self.app = Starlette(
            routes=[Route("/{path:path}", answer, methods=["GET", "POST"])],
            middleware=[Middleware(Remembered, stamp=lambda _: self.stamp)],
        )

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://x")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(remembered.time, "monotonic", lambda: made.now_s)
    return made


def run(world: World, *steps: Any) -> list[Any]:
    """Take steps: a path to ask, `POST path`, or a function to call; gives the answers."""

    async def all_of_them() -> list[Any]:
        out = []
        async with world.client() as client:
            for step in steps:
                if callable(step):
                    step()
                elif step.startswith("POST "):
                    await client.post(step[5:])
                else:
                    answer = await client.get(step)
                    out.append(answer.json() if answer.status_code == 200 else answer.status_code)
        return out

    return asyncio.run(all_of_them())


def test_the_same_question_is_worked_out_once(world):
    first, again, other = run(world, "/api/alerts/a?x=1", "/api/alerts/a?x=1", "/api/alerts/a?x=2")
    assert first == again == {"n": 1, "q": "x=1"}
    assert other["n"] == 2


@pytest.mark.parametrize("change", ["stamp", "time", "post"])
def test_it_is_forgotten_as_soon_as_anything_moves(world, change):
    def moves() -> None:
        world.stamp += change == "stamp"
        world.now_s += remembered.LASTS_S if change == "time" else 0.0

    between = ["POST /api/acts"] if change == "post" else [moves]
    first, again = run(world, "/api/alerts/a", *between, "/api/alerts/a")
    assert first["n"] != again["n"]


@pytest.mark.parametrize(
    "path", ["/api/status", "/api/partners/bundle", "/static/x", "/api/alerts/a/x.csv"]
)
def test_what_depends_on_who_asks_and_files_are_never_kept(world, path):
    first, again = run(world, path, path)
    assert first["n"] != again["n"]


def test_who_the_partners_are_is_the_same_for_all(world):
    first, again = run(world, "/api/partners", "/api/partners")
    assert first == again


def test_refusals_are_not_kept(world):
    assert run(world, "/api/alerts/bad", "/api/alerts/bad") == [404, 404]
    assert len(world.asked) == 2


def test_who_asks_meanwhile_waits_for_the_one_answer(world):
    async def together() -> list[Any]:
        world.gate.clear()
        async with world.client() as client:
            asking = [asyncio.create_task(client.get("/api/alerts/a")) for _ in range(9)]
            while not world.asked:
                await asyncio.sleep(0)
            world.gate.set()
            return [(await one).json() for one in asking]

    assert asyncio.run(together()) == [{"n": 1, "q": ""}] * 9


def test_what_was_worked_out_before_something_moved_is_not_kept(world):
    async def crossing() -> tuple[Any, Any]:
        world.gate.clear()
        async with world.client() as client:
            before = asyncio.create_task(client.get("/api/alerts/a"))
            while not world.asked:
                await asyncio.sleep(0)
            world.stamp = 1
            world.gate.set()
            return (await before).json(), (await client.get("/api/alerts/a")).json()

    before, after = asyncio.run(crossing())
    assert (before["n"], after["n"]) == (1, 2)


def test_memory_is_bounded(world, monkeypatch):
    monkeypatch.setattr(remembered, "BYTES_MOST", 100)
    run(world, *(f"/api/alerts/a?x={k}" for k in range(50)))
    again = run(world, "/api/alerts/a?x=0")[0]
    assert again["n"] == 51
