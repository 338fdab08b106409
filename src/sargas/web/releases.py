"""To which groups an alert is released, and what a group would get of it, for the screen.

Releasing and withdrawing are acts like others (`POST /api/acts`), and the gate is the one that
everything takes which leaves (`share.reach`): nothing about who gets what is decided here.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sargas.errors import NotFoundError, UsageError
from sargas.share.policy import Policy, load_policy
from sargas.share.reach import reach, refuse_kept_back, would_get
from sargas.web.desk import Desk
from sargas.web.player import Player

VERSION_MOST = 10**6


class Releases:
    """The path about an alert's release.

    Args:
        player: whose home it is.
        desk: the alerts and the acts on them.
    """

    def __init__(self, player: Player, desk: Desk) -> None:
        self.player, self.desk = player, desk

    def routes(self) -> list[Route]:
        """Give the path."""
        return [Route("/api/alerts/{id}/releases", self.of_alert)]

    def of_alert(self, request: Request) -> Response:
        """Say who gets an alert; with `to`, what that group would get if it were released now.

        Whatever the clock shows: what leaves is the newest that is known, and the screen that
        releases must show that. Where a feed that it may rest on may not go to the group, the look
        ahead is refused as the act would be.
        """
        name, to = request.path_params["id"], request.query_params.get("to", "")
        archive, standing = self.player.picture.archive, self.desk.standing
        policy = load_policy(archive.home.path)
        as_of_ms = _newest_ms(self.player)
        known = standing.these({name}, as_of_ms)
        if not known:
            raise NotFoundError("There is no such alert.")
        if to:
            refuse_kept_back(standing, policy, to, {name}, as_of_ms, archive=archive)
        groups = reach(standing, policy, name, as_of_ms, archive=archive)
        body = {
            "policy": policy.version,
            "version": known[0]["version"],
            "groups": [one.to_dict() for one in groups],
        }
        if to:
            version = _version(request.query_params.get("version"), known[0]["version"])
            body["preview"] = would_get(
                standing, policy, to, name, version, as_of_ms, archive=archive
            )
        return JSONResponse(body)


def check_release(
    player: Player, desk: Desk, policy: Policy, group: str, ids: Collection[str]
) -> None:  # fmt: skip
    """Check before alerts are released that the group can get them.

    Raises:
        NotFoundError: there is no such group.
        UsageError: one may rest on a feed that may not go to the group.
    """
    archive = player.picture.archive
    refuse_kept_back(desk.standing, policy, group, ids, _newest_ms(player), archive=archive)


def _newest_ms(player: Player) -> int:
    """Give the newest event time that is known, whatever the clock shows."""
    span = player.span()
    return max(span.analysed_to_ms, span.to_ms)


def _version(text: str | None, newest: int) -> int:
    """Read the version that was seen; the newest where none is said."""
    if not text:
        return newest
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 0 < int(text) <= VERSION_MOST):
        raise UsageError("version is the number of a version of the alert.")
    return int(text)
