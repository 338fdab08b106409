"""`sargas serve`: the screen over what a home has stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sargas import __version__
from sargas.errors import EXIT_OK, NotFoundError


def serve(
    *,
    home: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8750,
    speed: float = 60.0,
    browser: bool = False,
) -> int:
    """Serve the screen over what a home has stored, for example by 'sargas scan --home'.

    Examples:
      sargas scan aisdk-2024-12-25.zip --home ./christmas
      sargas serve --home ./christmas --browser

    Parameters
    ----------
    home
        The home to show (default: SARGAS_HOME, else the XDG data folder).
    host
        Address to listen on; this machine only, until there are users and TLS.
    port
        Port; 0 takes a free one.
    speed
        Seconds of event time a second, 1 to 3600.
    browser
        Open the screen in a browser.
    """
    from sargas.cli.home import home_dir
    from sargas.reference import home_assets
    from sargas.store import Home, Ledger
    from sargas.web.api import make_app
    from sargas.web.picture import Picture
    from sargas.web.player import Player, Span
    from sargas.web.service import address, bind, hosts
    from sargas.web.service import serve as serve_app

    place = home_dir(home)
    if not place.is_dir():
        raise NotFoundError(
            "There is no home here.",
            where=str(place),
            hint="Make one with 'sargas scan FILE --home DIR', or see 'sargas demo'.",
        )
    stored = Home(place, create=False)
    picture, ledger, assets = Picture(stored), Ledger(stored), home_assets(place)
    ends = picture.archive.span()
    if ends is None:
        raise NotFoundError(
            "Nothing is stored here yet.",
            where=str(place),
            hint="Store something with 'sargas scan FILE --home DIR'.",
        )
    span = Span(ends[0], ends[1] + 1, ends[1] + 1)
    exercises = {a["exercise"] for a in ledger.alerts(exercise=True)}
    note = "Some of these alerts belong to an exercise." if exercises else ""

    def feeds() -> list[dict[str, Any]]:
        counted = ledger.counters()
        fixes = counted.pop("ok", 0)
        return [
            {
                "name": "archive", "kind": "stored", "last_ms": ends[1], "fixes": fixes,
                "rejected": sum(counted.values()), "note": "stored fixes, played back",
            }
        ]  # fmt: skip

    attribution = list(assets.attributions)
    about = {
        "version": __version__,
        "mode": "serve",
        "exercise": {"name": ", ".join(sorted(exercises)), "title": "EXERCISE", "note": note}
        if exercises
        else None,
        "attribution": attribution,
    }
    player = Player(
        picture, ledger, lambda: span, feeds, about,
        speed=min(max(speed, 1.0), 3600.0), playing=False, t_ms=span.to_ms,
    )  # fmt: skip
    sock = bind(host, port)
    print(address(sock), flush=True)
    serve_app(make_app(player, assets, attribution, hosts(sock)), sock, browser=browser)
    return EXIT_OK
