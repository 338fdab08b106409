"""The service over a home with users, in this process, and how to ask it as one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from sargas.model.assets import AssetSet
from sargas.model.roles import ROLES
from sargas.store import AuditLog, Home, Ledger
from sargas.store.access import Access
from sargas.store.users import By
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.files import Gather
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS

END = T0_MS + 3_600_000
WORDS = "sentry at the sound"
ALERTS = [make_alert(n, priority="P2") for n in range(2)]
NAMES = {role: role.title() for role in ROLES}
"""One user a role, named like it."""
BY = By("root", T0_MS, 0)


def make_home(path: Any, *, users: bool = True) -> Home:
    home = Home(path)
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS)
    if users:
        with Access(home) as access:
            for role, name in NAMES.items():
                access.add(name, WORDS, role, BY)
    return home


def app_of(home: Home, gather: Gather | None = None) -> Starlette:
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, END, END)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=END)
    return make_app(player, desk, AssetSet([]), [], ["testserver", "watch.example"], gather=gather)


@contextmanager
def served(home: Home, base_url: str = "http://testserver") -> Iterator[TestClient]:
    """A browser without a session: cookies are kept, an own page's Origin goes along."""
    app = app_of(home)
    with TestClient(app, base_url=base_url, follow_redirects=False) as client:
        client.headers["origin"] = base_url
        yield client


def log_in(client: TestClient, name: str, password: str = WORDS, **more: str) -> Any:
    return client.post("/login", data={"name": name, "password": password, **more})


def bearer(home: Home, role: str) -> dict[str, str]:
    """The header of a token of the user of a role."""
    import time

    with Access(home) as access:
        by = By("root", T0_MS, time.time_ns() // 1_000_000)
        _, secret = access.add_token(NAMES[role], "test", role, by)
    return {"authorization": f"Bearer {secret}"}


def of_group(home: Home, group: str, user: str) -> dict[str, str]:
    """The header of a token that is bound to a release group."""
    import time

    with Access(home) as access:
        by = By("root", T0_MS, time.time_ns() // 1_000_000)
        _, secret = access.add_token(user, "map of a partner", "", by, group=group)
    return {"authorization": f"Bearer {secret}"}
