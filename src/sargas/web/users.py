"""The users of the service, for an admin. The first one is added at the command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.errors import UsageError
from sargas.store.users import By, User
from sargas.web.commands import read_command
from sargas.web.gate import Gate
from sargas.web.refusals import refusal
from sargas.web.roles import who_of


class UserCommand(msgspec.Struct, forbid_unknown_fields=True):
    """Adding a user, or changing one: their role, their password, whether they may come in."""

    action: str
    name: str
    role: str = ""
    password: str = ""
    keep_tokens: bool = False


class UserPaths:
    """The paths of users.

    Args:
        gate: knows who asks.
        now_ms: gives the event time, for the log.
    """

    def __init__(self, gate: Gate, now_ms: Callable[[], int]) -> None:
        self.gate, self.now_ms = gate, now_ms

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [
            Route("/api/users", self.all),
            Route("/api/users", self.post, methods=["POST"]),
        ]

    def all(self, request: Request) -> Response:
        """List the users."""
        return JSONResponse({"users": [user.to_dict() for user in self.gate.access.all()]})

    async def post(self, request: Request) -> Response:
        """Change the users."""
        command = await read_command(request, UserCommand)
        who = who_of(request)
        if who is None:
            hint = "Add an admin with 'sargas users add NAME --role admin'."
            return refusal(409, "There are no users yet.", hint)
        by = By(who.name, self.now_ms(), time.time_ns() // 1_000_000)
        user = await asyncio.to_thread(self._do, command, by)
        return JSONResponse(user.to_dict())

    def _do(self, command: UserCommand, by: By) -> User:
        access = self.gate.access
        if command.action == "add":
            return access.add(command.name, command.password, command.role, by)
        if command.action == "role":
            return access.set_role(command.name, command.role, by)
        if command.action == "password":
            return access.set_password(
                command.name, command.password, by, keeps_tokens=command.keep_tokens
            )
        if command.action in ("disable", "enable"):
            is_disabled = command.action == "disable"
            return access.set_disabled(command.name, by, is_disabled=is_disabled)
        raise UsageError(f"A user cannot be told to '{command.action[:20]}'.",
                         hint="add, role, password, disable, or enable.")  # fmt: skip
