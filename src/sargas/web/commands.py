"""What screens ask to be done: small JSON commands, each of which ends in the audit log."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.errors import ConflictError, UsageError
from sargas.model.said import checked_officer
from sargas.model.triage import RELEASE_TO, WITHDRAW
from sargas.share.handover import to_csv, watch_handover
from sargas.share.policy import load_policy
from sargas.store.audit import Seen
from sargas.store.log import SEQ_MOST
from sargas.watch.detect import DETECTORS
from sargas.web.clocks import Clocks, clock_of
from sargas.web.desk import Desk
from sargas.web.quality import quality
from sargas.web.refusals import is_same_origin, refusal
from sargas.web.releases import check_release
from sargas.web.roles import who_of

BODY_S = 10.0
"""A command that has not come to its end by then is not waited for."""
COMMAND_MOST = 40_000
"""Bytes of a command: an incident of 200 alerts and a comment of a page fit."""
T = TypeVar("T")


class SeenAlert(msgspec.Struct, forbid_unknown_fields=True):
    """An alert as a screen showed it: its version, and the log's newest line about it."""

    id: str
    version: int
    last_seq: int


class ActCommand(msgspec.Struct, forbid_unknown_fields=True):
    """An act on one alert or several."""

    verb: str
    alerts: list[SeenAlert]
    officer: str = ""
    comment: str | None = None
    reason: str | None = None
    to: str | None = None
    ref: str | None = None
    until_ms: int | None = None
    incident: str | None = None
    title: str | None = None
    group: str | None = None

    def said(self) -> dict[str, Any]:
        """Give what is said with the act."""
        named = {
            "comment": self.comment, "reason": self.reason, "to": self.to, "ref": self.ref,
            "until_ms": self.until_ms, "incident": self.incident, "title": self.title,
            "group": self.group,
        }  # fmt: skip
        return {name: value for name, value in named.items() if value is not None}


class UndoCommand(msgspec.Struct, forbid_unknown_fields=True):
    """Taking a command back."""

    batch: Annotated[int, msgspec.Meta(ge=0, le=SEQ_MOST)]
    officer: str = ""


class SuspendCommand(msgspec.Struct, forbid_unknown_fields=True):
    """Suspending (`add`), or ending a suspension before its time (`end`)."""

    action: str
    officer: str = ""
    id: str = ""
    mmsis: list[int] = []
    imos: list[int] = []
    list_name: str = msgspec.field(default="", name="list")
    detectors: list[str] = []
    area: dict[str, Any] | None = None
    where: str = ""
    until_ms: int | None = None
    reason: str = ""
    comment: str = ""

    def said(self) -> dict[str, Any]:
        """Give what is said with a suspension."""
        return {
            "mmsis": self.mmsis, "imos": self.imos, "list": self.list_name, "reason": self.reason,
            "detectors": self.detectors, "area": self.area, "where": self.where,
            "until_ms": self.until_ms,
        }  # fmt: skip


class WatchCommand(msgspec.Struct, forbid_unknown_fields=True):
    """Taking the watch, or handing it over."""

    action: str
    officer: str = ""
    until_ms: int | None = None
    comment: str = ""


class Looking(msgspec.Struct, forbid_unknown_fields=True):
    """At which alert a screen looks, said on the socket; empty for none."""

    kind: str
    officer: str
    alert: str


async def read_command(request: Request, kind: type[T], most: int = COMMAND_MOST) -> T:
    """Read a command of our own page.

    Raises:
        UsageError: it is too long or not what it should be.
        PermissionError: it comes from another page, or in the name of another user.
    """
    if not is_same_origin(request):
        raise PermissionError("This request comes from another page.")
    body = b""
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise UsageError("That is no command: it is too long.")
    except TimeoutError as error:
        raise UsageError("That is no command: it did not come to its end.") from error
    try:
        return _by_its_user(request, msgspec.json.decode(body, type=kind))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"That is no command: {error}.") from error
    except RecursionError as error:
        raise UsageError("That is no command: it is nested too deep.") from error


def _by_its_user(request: Request, command: T) -> T:
    """Let the officer of a command be the user who gives it, where there are users.

    Raises:
        PermissionError: it names somebody else.
    """
    who = who_of(request)
    if who is not None and hasattr(command, "officer"):
        if command.officer not in ("", who.name):
            raise PermissionError(f"You are {who.name}, and act as nobody else.")
        command.officer = who.name
    return command


class Commands:
    """The paths on which something is done.

    Args:
        clocks: what is done is done at the time that the screen's clock shows.
        desk: alerts and acts.
    """

    def __init__(self, clocks: Clocks, desk: Desk) -> None:
        self.clocks, self.desk = clocks, desk

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [
            Route("/api/acts", self.act, methods=["POST"]),
            Route("/api/undo", self.undo, methods=["POST"]),
            Route("/api/watches", self.watches),
            Route("/api/watches", self.watch, methods=["POST"]),
            Route("/api/suspensions", self.suspensions),
            Route("/api/suspensions", self.suspend, methods=["POST"]),
            Route("/api/log", self.log),
            Route("/api/quality", self.quality),
            Route("/api/handover", self.handover),
            Route("/api/handover.csv", self.handover_csv),
        ]

    async def act(self, request: Request) -> Response:
        """Act on alerts; who has not seen the last word is told it, and nothing is done."""
        command = await read_command(request, ActCommand)
        t_ms = clock_of(request).t_ms
        if refused := await without_watch(self.desk, command.officer):
            return refused
        if command.verb in (RELEASE_TO, WITHDRAW):
            # A group that the policy does not know would get nothing, and nobody would notice.
            policy = load_policy(self.clocks.shared.picture.archive.home.path)
            policy.group(command.group or "")
            if command.verb == RELEASE_TO:
                named, group = {one.id for one in command.alerts}, command.group or ""
                await asyncio.to_thread(
                    check_release, self.clocks.shared, self.desk, policy, group, named
                )
        seen = [Seen(a.id, a.version, a.last_seq) for a in command.alerts]
        log = self.desk.log
        try:
            acts = await asyncio.to_thread(
                log.act, command.verb, command.officer, seen,
                t_ms=t_ms, at_ms=_now_ms(), said=command.said(),
            )  # fmt: skip
        except ConflictError as error:
            ids = [one.alert for one in seen]
            now = await asyncio.to_thread(self.desk.these, ids, t_ms)
            return refusal(409, error.what, error.hint, alerts=now)
        await self.desk.catch_up(self.clocks)
        return JSONResponse({"acts": [act.to_dict() for act in acts]})

    async def undo(self, request: Request) -> Response:
        """Take a command back."""
        command = await read_command(request, UndoCommand)
        try:
            acts = await asyncio.to_thread(
                self.desk.log.undo, command.batch, command.officer,
                t_ms=clock_of(request).t_ms, at_ms=_now_ms(),
            )  # fmt: skip
        except ConflictError as error:
            return refusal(409, error.what, error.hint)
        await self.desk.catch_up(self.clocks)
        return JSONResponse({"acts": [act.to_dict() for act in acts]})

    def watches(self, request: Request) -> Response:
        """Say who has the watch, and who looks at what."""
        return JSONResponse({"on_watch": self.desk.on_watch(), "looking": self.desk.looking()})

    async def watch(self, request: Request) -> Response:
        """Take the watch or hand it over."""
        command = await read_command(request, WatchCommand)
        log, at = self.desk.log, {"t_ms": clock_of(request).t_ms, "at_ms": _now_ms()}
        if command.action == "start":
            act = await asyncio.to_thread(
                log.start_watch, command.officer, **at, until_ms=command.until_ms
            )
        elif command.action == "end":
            try:
                act = await asyncio.to_thread(
                    log.end_watch, command.officer, **at, comment=command.comment
                )
            except ConflictError as error:
                return refusal(409, error.what, error.hint)
        else:
            raise UsageError(f"Nobody can '{command.action}' a watch.", hint="start, or end.")
        await self.desk.catch_up(self.clocks)
        return JSONResponse(act.to_dict())

    def suspensions(self, request: Request) -> Response:
        """Give the suspensions there are and were as of the clock, the newest first."""
        return JSONResponse({"suspensions": self.desk.suspensions(clock_of(request).t_ms)})

    async def suspend(self, request: Request) -> Response:
        """Suspend, or end a suspension."""
        command = await read_command(request, SuspendCommand)
        if refused := await without_watch(self.desk, command.officer):
            return refused
        log, at = self.desk.log, {"t_ms": clock_of(request).t_ms, "at_ms": _now_ms()}
        try:
            if command.action == "add":
                # A word that no detector has would suspend nothing, and nobody would know.
                if strange := sorted(set(command.detectors) - {make.word for make in DETECTORS}):
                    raise UsageError(f"There is no detector '{strange[0][:40]}'.")
                act = await asyncio.to_thread(log.suspend, command.officer, command.said(), **at)
            elif command.action == "end":
                act = await asyncio.to_thread(
                    log.end_suspension, command.id, command.officer, **at, comment=command.comment
                )
            else:
                raise UsageError(f"Nobody can '{command.action}' a suspension.", hint="add or end.")
        except ConflictError as error:
            return refusal(409, error.what, error.hint)
        await self.desk.catch_up(self.clocks)
        return JSONResponse(act.to_dict())

    def log(self, request: Request) -> Response:
        """Give the lines of the log after one, as of the clock."""
        try:
            after = int(request.query_params.get("after", "0"))
        except ValueError as error:
            raise UsageError("after is the number of a line.") from error
        lines = self.desk.log.lines(after_seq=after, as_of_ms=clock_of(request).t_ms)
        return JSONResponse({"lines": [act.to_dict() for act in lines]})

    def quality(self, request: Request) -> Response:
        """Tell how good the picture is, as of the clock and since an officer took the watch."""
        player, officer = clock_of(request), request.query_params.get("officer", "")
        t_ms = player.t_ms
        since = [one["since_ms"] for one in self.desk.on_watch() if one["officer"] == officer]
        rejected = self.desk.ledger.counters()
        rejected.pop("ok", None)
        told = quality(
            player.picture.archive, self.desk.alerts(t_ms), player.feeds(), rejected,
            since[0] if since else None, t_ms,
        )  # fmt: skip
        return JSONResponse(told)

    def handover(self, request: Request) -> Response:
        """Give the handover of a watch as of the clock, and the watches there were."""
        return JSONResponse(self._report(request))

    def handover_csv(self, request: Request) -> Response:
        """Give the handover as a file for a spreadsheet."""
        report = self._report(request)
        name = f"handover-{report['watch']['to'].replace(':', '')}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(to_csv(report), media_type="text/csv; charset=utf-8", headers=headers)

    def _report(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        try:
            seq = int(asked["watch"]) if "watch" in asked else None
        except ValueError as error:
            raise UsageError("watch is the number of a line of the log.") from error
        officer = asked.get("officer", "")
        return watch_handover(self.desk.standing, clock_of(request).t_ms, officer, seq)

    def looks(self, screen: HTTPConnection, text: str) -> None:
        """Take word of what a screen looks at; what is no such word is passed over."""
        who = who_of(screen)
        try:
            word = msgspec.json.decode(text, type=Looking)
            officer = checked_officer(word.officer) if word.officer else ""
            officer = who.name if who and officer else officer
        except (msgspec.DecodeError, UsageError):
            return
        if word.kind == "looking" and len(word.alert) <= 64:
            self._tell_looking(self.desk.looks(screen, officer, word.alert))

    def left(self, screen: object) -> None:
        """Forget a screen that has gone."""
        self._tell_looking(self.desk.left(screen))

    def _tell_looking(self, is_news: bool) -> None:
        if is_news:
            self.clocks.tell({"kind": "looking", "looking": self.desk.looking()})


async def without_watch(desk: Desk, officer: str) -> Response | None:
    """Refuse who has not taken the watch."""
    on_watch = await asyncio.to_thread(desk.on_watch)
    if any(one["officer"] == officer for one in on_watch):
        return None
    hint = "Enter your name at the start of the watch."
    return refusal(403, f"{officer or 'Nobody'} has not taken the watch.", hint)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
