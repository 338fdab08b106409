"""`sargas serve`: the screen over what a home has stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sargas import __version__
from sargas.cli.words import put_address, say, span_text
from sargas.errors import EXIT_OK, NotFoundError, SargasError, UsageError
from sargas.exercise.scenario import BACKDROP_CREDIT, load_scenario
from sargas.model.time import parse_iso

if TYPE_CHECKING:
    from sargas.share.evidence import Evidence
    from sargas.store import Home, Ledger


def serve(
    *,
    home: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8750,
    name: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    behind_proxy: Annotated[str, Parameter(show_default=False)] = "",
    speed: float = 60.0,
    browser: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Serve the screen over what a home has stored, for example by 'sargas scan --home'.

    Examples:
      sargas scan aisdk-2024-12-25.zip --home ./christmas
      sargas serve --home ./christmas --browser
      sargas serve --host 0.0.0.0 --name watch.example --tls-cert chain.pem --tls-key key.pem
      sargas serve --behind-proxy 127.0.0.1 --name watch.example

    Parameters
    ----------
    home
        The home to show (default: SARGAS_HOME, else the XDG data folder).
    host
        Address to listen on. Others than the loopback are refused until the home has users
        ('sargas users add') and there is TLS or a proxy.
    port
        Port; 0 takes a free one.
    name
        Host name by which it is asked for, as in the address that browsers show; may be repeated.
    tls_cert
        Certificate with its chain, a PEM file; with --tls-key.
    tls_key
        Key of the certificate, a PEM file without a password.
    behind_proxy
        Address of a reverse proxy that speaks TLS; only it may connect, and only it is believed
        for whom it asks.
    speed
        Seconds of event time a second, 1 to 3600.
    browser
        Open the screen in a browser.
    json
        The address as JSON.
    quiet
        Print the address and nothing else.
    """
    from sargas.cli.gathering import gather
    from sargas.cli.home import home_dir
    from sargas.reference import home_assets
    from sargas.store import AuditLog, Home, Ledger
    from sargas.store.access import Access
    from sargas.store.kind import kind_of
    from sargas.web.api import make_app
    from sargas.web.desk import Desk
    from sargas.web.listening import Listening
    from sargas.web.picture import Picture
    from sargas.web.player import Player, Span
    from sargas.web.remembered import Lately
    from sargas.web.service import address, bind, hosts
    from sargas.web.service import serve as serve_app

    if not 1 <= speed <= 3600:
        raise UsageError(f"--speed {speed:g} is not between 1 and 3600.")
    place = home_dir(home)
    if not place.is_dir():
        raise NotFoundError(
            "There is no home here.",
            where=str(place),
            hint="Make one with 'sargas scan FILE --home DIR' or 'sargas watch FEED --home DIR',"
            " or see 'sargas demo'.",
        )
    stored = Home(place, create=False)
    picture, ledger, assets = Picture(stored), Ledger(stored), home_assets(place)
    ends = picture.archive.span() or _span_of_alerts(stored, ledger)
    if ends is None:
        raise NotFoundError(
            "Nothing is stored here yet.",
            where=str(place),
            hint="Store something with 'sargas scan FILE --home DIR'.",
        )
    span = Span(ends[0], ends[1] + 1, ends[1] + 1)
    exercise = kind_of(ledger) or ""
    picture.lay_in(_laid_in(exercise, ledger))

    counters = Lately(ledger.counters)

    def feeds() -> list[dict[str, Any]]:
        counted = dict(counters())
        fixes = counted.pop("ok", 0)
        return [
            {
                "name": "archive", "kind": "stored", "last_ms": ends[1], "fixes": fixes,
                "rejected": sum(counted.values()), "note": "stored fixes, played back",
            }
        ]  # fmt: skip

    attribution = [*assets.attributions, *(BACKDROP_CREDIT if exercise else ())]
    about = {
        "version": __version__,
        "mode": "serve",
        "exercise": about_exercise(exercise) if exercise else None,
        "attribution": attribution,
    }
    desk = Desk(ledger, AuditLog(stored))
    player = Player(
        picture, desk, lambda: span, feeds, about,
        speed=speed, playing=False, t_ms=span.to_ms,
    )  # fmt: skip
    listening = Listening(host, port, name, tls_cert, tls_key, behind_proxy)
    sock = bind(listening, has_users=Access.beside(desk.log).any())
    put_address(address(sock, listening), json=json)
    say(
        f"{'EXERCISE ' + exercise if exercise else 'Stored'}: {span_text(*ends)}; Ctrl-C ends.",
        quiet=quiet,
    )

    def evidence(alert_id: str, as_of_ms: int | None) -> Evidence:
        return gather(stored, alert_id, as_of_ms=as_of_ms)

    app = make_app(player, desk, assets, attribution, hosts(sock, listening), gather=evidence)
    serve_app(app, sock, browser=browser, listening=listening)
    return EXIT_OK


def _span_of_alerts(stored: Home, ledger: Ledger) -> tuple[int, int] | None:
    """Give the times of alerts and acts: they are kept where no fix is any more."""
    from sargas.cli.acts import newest_ms

    alerts = ledger.alerts()
    times = [parse_iso(alert["t_detected"]) for alert in alerts]
    return (min(times), newest_ms(stored, alerts)) if times else None


def about_exercise(exercise: str) -> dict[str, str]:
    """Say which exercise a home holds; one that is not shipped here keeps its name alone."""
    try:
        scenario = load_scenario(exercise)
    except SargasError:
        return {"name": exercise, "title": "EXERCISE", "note": "None of this is real."}
    return {"name": scenario.name, "title": scenario.title, "note": scenario.note}


def _laid_in(exercise: str, ledger: Ledger) -> frozenset[int]:
    """Name the vessels an exercise laid in: those of its scenario, else those of its alerts."""
    if not exercise:
        return frozenset()
    try:
        return frozenset(v.mmsi for v in load_scenario(exercise).vessel)
    except SargasError:
        numbers = (a["subject"]["mmsi"] for a in ledger.alerts(exercise=True))
        return frozenset(mmsi for mmsi in numbers if mmsi)  # areas and feeds have none
