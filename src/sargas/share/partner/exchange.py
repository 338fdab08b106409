"""Pushing bundles to a peer and fetching them from it, over HTTP.

A peer takes a bundle or answers what it holds, so that a push which was cut goes on where the peer
is, and not where we believe it to be. A fetch says what we hold. Addresses are looked at as those
of webhooks are, redirects are not followed, and proxies of the environment are not used.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult

from sargas.errors import ConflictError, FeedUnavailableError, FormatError, UsageError
from sargas.share.partner.bundle import BYTES_MOST, MEDIA_TYPE, SEQUENCE_MOST
from sargas.share.partner.identity import Identity
from sargas.share.partner.request import PATH, signed
from sargas.share.partner.sending import Made
from sargas.share.webhook import Pinned, checked_url, connecting, patiently, place
from sargas.store.partners import Partners
from sargas.store.peers import Peer

ROUNDS_MOST = 1000
"""Bundles of one push or fetch."""
BEHIND_MOST = 3
TRY_S = 300.0
"""For all of one try: the largest bundle goes through a line of 30 kB/s (chosen)."""
SPOKEN_MOST = 200
"""Letters of a refusal of the other side that are repeated."""


class Answer(NamedTuple):
    """What a peer answered: status and body."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Line:
    """How a peer is spoken to.

    Attributes:
        identity: ours.
        peer: whom.
        wait: waits some seconds.
        draw: draws from 0 to 1, for the waits.
    """

    identity: Identity
    peer: Peer
    wait: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def ask(self, method: str, query: str = "", body: bytes = b"") -> Answer:
        """Ask once, and again while that may help.

        Raises:
            UsageError: the peer has no address, or one that is not to be asked.
            FeedUnavailableError: it does not answer, or with a fault of its own.
        """
        url = self.peer.url.rstrip("/")
        parts, connect = self.connecting()
        target = PATH + query

        def once() -> tuple[Answer, float]:
            # Signed anew for each try: a request is taken once.
            headers = signed(
                self.identity, self.peer.instance, method, target, body, time.time_ns() // 1_000_000
            )
            headers |= {"user-agent": "sargas"} | ({"content-type": MEDIA_TYPE} if body else {})
            return _heard(connect(), method, parts.path + target, headers, body)

        return _answered(once, url, self.wait, self.draw)

    def connecting(self) -> tuple[SplitResult, Callable[[], Pinned]]:
        """Look at where the peer's address leads.

        Raises:
            UsageError: it has none, or one that is not to be asked.
            FeedUnavailableError: it cannot be resolved.
        """
        if not self.peer.url:
            raise UsageError(
                f"{self.peer.name} has no address.",
                hint="Exchange files: 'sargas share export --peer' and 'sargas share import'.",
            )
        private, ca = self.peer.allow_private, Path(self.peer.ca) if self.peer.ca else None
        parts = checked_url(self.peer.url.rstrip("/"), allow_private=private, what="a partner")
        return parts, connecting(parts, allow_private=private, ca=ca)


def _answered(
    once: Callable[[], tuple[Answer, float]], url: str, wait: Callable[[float], None],
    draw: Callable[[], float],
) -> Answer:  # fmt: skip
    """Ask as webhooks do: again while that may help."""

    def asked() -> tuple[Answer, int, float]:
        answer, asked_s = once()
        return answer, answer.status, asked_s

    answer, reason = patiently(asked, wait, draw)
    if answer is not None:
        return answer
    raise FeedUnavailableError(
        f"The partner does not answer as it should: {reason}.", where=place(url),
        hint="What was exchanged until now stands; the rest comes with the next try.",
    )  # fmt: skip


def _heard(
    connection: Pinned, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[Answer, float]:
    """Ask once; gives the answer, and how long the peer asks to be left alone, seconds."""
    heard = connection.ask(method, target, headers, body, most=BYTES_MOST + 1, within_s=TRY_S)
    return Answer(heard.status, heard.body), heard.asked_s


def push(
    line: Line, partners: Partners, make: Callable[[int | None], Made | None],
    done: Callable[[Made, Mapping[str, Any]], None] = lambda *_: None,
) -> int:  # fmt: skip
    """Give a peer what it does not hold yet.

    Args:
        line: to the peer.
        partners: the store, which keeps what the peer says it holds.
        make: makes the bundle that follows another one, see `next_bundle`.
        done: told of each bundle that was taken, and what the peer said.

    Returns:
        How many bundles were taken.

    Raises:
        FeedUnavailableError: the peer does not take them; what it took stands.
        ConflictError: it refuses them.
    """
    line.connecting()  # before a bundle is made, which counts as one that left
    taken = behind = 0
    after: int | None = None
    while taken < ROUNDS_MOST and (made := make(after)) is not None:
        answer = line.ask("POST", body=made.data)
        said = _said(answer)
        after = said.get("held")
        if answer.status not in (200, 409) or after is None:
            raise _refused(line, answer, said)
        partners.held_is(line.identity.instance, line.peer.instance, after)
        if answer.status == 200:
            taken += 1
            done(made, said)
        if after < made.sent.sequence:  # it lacks some before it, and has said where to go on from
            behind += 1
            if behind > BEHIND_MOST:
                raise _refused(line, answer, said)
    return taken


def fetch(
    line: Line, held: Callable[[], int], take: Callable[[bytes], Any],
) -> int:  # fmt: skip
    """Get from a peer what we do not hold yet.

    Args:
        line: to the peer.
        held: gives the last bundle that we hold with all before it.
        take: checks and keeps a bundle.

    Returns:
        How many bundles came.

    Raises:
        FeedUnavailableError: the peer does not answer.
        ConflictError: it refuses us.
        FormatError: what came is no bundle that can be taken; those before it stand.
    """
    for count in range(ROUNDS_MOST):
        after = held()
        answer = line.ask("GET", f"?after={after}")
        if answer.status == 204:
            return count
        if answer.status != 200:
            raise _refused(line, answer, _said(answer))
        take(answer.body)
        if held() <= after:
            raise FormatError(
                f"{line.peer.name} sends what is held already.", hint="Ask them to look at it."
            )
    return ROUNDS_MOST


def download(
    url: str, *, allow_private: bool = False, ca: Path | None = None,
    wait: Callable[[float], None] = time.sleep, draw: Callable[[], float] = random.random,
) -> bytes:  # fmt: skip
    """Get a bundle that lies at an address; who signed it is checked when it is read.

    Raises:
        UsageError: the address is not one to ask.
        FeedUnavailableError: there is none.
    """
    parts = checked_url(url, allow_private=allow_private, what="a bundle")
    connect = connecting(parts, allow_private=allow_private, ca=ca)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    answer = _answered(
        lambda: _heard(connect(), "GET", target, {"user-agent": "sargas"}, b""), url, wait, draw
    )
    if answer.status != 200:
        raise FeedUnavailableError(f"It answered {answer.status}.", where=place(url))
    return answer.body


def _said(answer: Answer) -> dict[str, Any]:
    """Read the JSON of an answer; empty where there is none."""
    if len(answer.body) > 10_000:
        return {}
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    held = said.get("held")
    is_number = isinstance(held, int) and not isinstance(held, bool) and 0 <= held < SEQUENCE_MOST
    return said if is_number else {**said, "held": None}


def _refused(line: Line, answer: Answer, said: Mapping[str, Any]) -> ConflictError:
    reason = str(said.get("error", ""))[:SPOKEN_MOST]
    reason = "".join(c for c in reason if c.isprintable())
    return ConflictError(
        f"{line.peer.name} answered {answer.status}{': ' + reason if reason else ''}",
        hint="Do both sides trust each other's key, and are the clocks right?"
        if answer.status == 403 else "",
    )  # fmt: skip
