"""The exchange with partners at the service, and what came from them, for who asks for it.

A partner shows no cookie and no token: each request is signed with its key
(`share.partner.request`). Whatever is wrong with a request, the answer tells a stranger no more
than that it is not taken.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.errors import ConflictError, InputError, NotFoundError, UsageError
from sargas.share.outgoing import outgoing
from sargas.share.partner.bundle import BYTES_MOST, MEDIA_TYPE, read
from sargas.share.partner.identity import Identity, load_identity
from sargas.share.partner.request import DIGEST, ONCE, PATH, asker
from sargas.share.partner.sending import Made, next_bundle
from sargas.share.policy import load_policy
from sargas.store.partners import Partners, Taken
from sargas.store.peers import ALL, PARTNERS, Peer
from sargas.store.users import By
from sargas.web.desk import WHOLE_ONLY, Desk
from sargas.web.player import Player
from sargas.web.refusals import refusal

BODY_S = 60.0
"""A bundle that has not come by then is not waited for."""


class PartnerPaths:
    """The paths by which partners fetch and push bundles.

    Args:
        player: whose home and end of analysis it is.
        desk: the alerts and the acts on them.
    """

    def __init__(self, player: Player, desk: Desk) -> None:
        self.player, self.desk = player, desk
        self.partners = Partners.beside(desk.log)

    def routes(self) -> list[Route]:
        """Give the paths."""
        return [
            Route(PATH, self.give, methods=["GET"]),
            Route(PATH, self.take, methods=["POST"]),
            Route("/api/partners", self.known),
        ]

    async def give(self, request: Request) -> Response:
        """Give the bundle that follows the one that a partner holds; 204 where nothing is due."""
        found = await asyncio.to_thread(self._asker, request)
        if isinstance(found, Response):
            return found
        after = request.query_params.get("after", "0")
        if not re.fullmatch(r"[0-9]{1,12}", after):
            return refusal(400, "after is the number of the last bundle that is held.")
        try:
            made = await asyncio.to_thread(self._made, *found, int(after))
        except ConflictError as error:
            return refusal(503, error.what, error.hint)
        if made is None:
            return Response(status_code=204)
        return Response(made.data, media_type=MEDIA_TYPE)

    async def take(self, request: Request) -> Response:
        """Take a bundle that a partner pushes; says what is held now."""
        found = await asyncio.to_thread(self._asker, request)
        if isinstance(found, Response):
            return found
        identity, peer = found
        body = await _body(request)
        if body is None:
            return refusal(413, f"A bundle has at most {BYTES_MOST:,} bytes, and comes at once.")
        if hashlib.sha256(body).hexdigest() != request.headers.get(DIGEST):
            return refusal(403, "The request is of no trusted peer.")
        try:
            taken = await asyncio.to_thread(self._taken, identity, peer, body)
        except ConflictError as error:
            held = await asyncio.to_thread(self.partners.held, peer.instance, identity.instance)
            return refusal(409, error.what, error.hint, held=held)
        except (InputError, UsageError) as error:
            return refusal(422, error.what, error.hint)
        return JSONResponse(taken.to_dict())

    def known(self, request: Request) -> Response:
        """Say which partners there are, and how many open alerts came from each."""
        return JSONResponse({"partners": self.partners.overview()})

    def _asker(self, request: Request) -> tuple[Identity, Peer] | Response:
        """Say who signed a request, or answer it."""
        identity = load_identity(self.player.picture.archive.home.path)
        if identity is None:
            return refusal(404, "There is nothing here.")
        query = f"?{request.url.query}" if request.url.query else ""
        now_ms = _now_ms()
        found = asker(
            request.headers, identity.instance, request.method, PATH + query,
            self.partners.peer_of, now_ms,
        )  # fmt: skip
        if isinstance(found, str):
            return refusal(403, found)
        if not self.partners.is_fresh(found.instance, request.headers[ONCE], now_ms):
            return refusal(403, "The request was taken before.")
        return identity, found

    def _made(self, identity: Identity, peer: Peer, after: int) -> Made | None:
        archive = self.player.picture.archive
        policy = load_policy(archive.home.path)
        as_of_ms = self.player.span().analysed_to_ms
        alerts = outgoing(self.desk.standing, peer.group, policy, as_of_ms, archive=archive)
        self.partners.held_is(identity.instance, peer.instance, after)
        by = self._by(peer)
        return next_bundle(
            self.partners, identity, peer, alerts, by, policy.version, after=after
        )  # fmt: skip

    def _taken(self, identity: Identity, peer: Peer, body: bytes) -> Taken:
        def key_of(instance: str) -> str | None:  # a partner brings its own bundles alone
            return peer.key if instance == peer.instance else None

        by = self._by(peer)
        came = read(body, key_of, identity.instance, by.at_ms)
        return self.partners.take(came.incoming(), by)

    def _by(self, peer: Peer) -> By:
        return By(f"partner {peer.name}", self.player.span().analysed_to_ms, _now_ms())


def partner_alerts(desk: Desk, origin: str, *, is_whole: bool = False) -> list[dict[str, Any]]:
    """Give the alerts that came from partners, each with its `origin`, oldest first.

    All that came are given, whatever the clock of the screen shows. An alert of our own has no
    `origin`.

    Args:
        desk: whose ledger it is.
        origin: `all`, `partners`, a peer's name, or an instance.
        is_whole: false leaves out what only who looks at one asks for.

    Raises:
        NotFoundError: there is no such partner.
    """
    partners = Partners.beside(desk.log)
    origins = None if origin in (ALL, PARTNERS) else [partners.origin_of(origin)]
    left_out = frozenset[str]() if is_whole else WHOLE_ONLY
    return [
        {name: value for name, value in _as_shown(alert).items() if name not in left_out}
        for alert in partners.alerts(origins)
    ]


def _as_shown(alert: dict[str, Any]) -> dict[str, Any]:
    """Give an alert of a partner as screens take it: the number of an area or a feed is null."""
    subject = alert["subject"]
    return alert if subject.get("mmsi") != 0 else alert | {"subject": subject | {"mmsi": None}}


def partner_alert(desk: Desk, alert_id: str, origin: str) -> dict[str, Any]:
    """Give an alert that came from a partner, with the versions that came.

    Raises:
        NotFoundError: there is no such partner or alert.
    """
    partners = Partners.beside(desk.log)
    versions = partners.versions(alert_id, partners.origin_of(origin))
    if not versions:
        raise NotFoundError("There is no such alert of this partner.")
    return {**_as_shown(versions[-1]), "versions": versions}


async def _body(request: Request) -> bytes | None:
    """Read a body within its bound; None where it has more, or does not come."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                size += len(piece)
                if size > BYTES_MOST:
                    return None
                parts.append(piece)
    except TimeoutError:
        return None
    return b"".join(parts)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
