"""`sargas watch`: live feeds, received, judged and kept, for months."""

from __future__ import annotations

import json as json_text
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sargas.cli.words import clean_text, counted, put_address, say, say_counts
from sargas.errors import EXIT_FEED, EXIT_INPUT, EXIT_OK, UsageError
from sargas.model.time import iso

if TYPE_CHECKING:  # imported where they are used: help loads no library
    from sargas.cli.live.running import LiveWatch
    from sargas.feeds.live.url import FeedUrl
    from sargas.model.alerts import Alert
    from sargas.web.listening import Listening

STATUS_S = 1.0
"""How often the line on a terminal is renewed."""


def watch(
    feeds: Annotated[list[str], Parameter(consume_multiple=True)],
    /,
    *,
    json: bool = False,
    muted: bool = False,
    home: Path | None = None,
    assets: Path | None = None,
    rules: Path | None = None,
    masks: Path | None = None,
    lists: list[Path] | None = None,
    lateness: float | None = None,
    exercise: str | None = None,
    serve: bool = False,
    host: str = "127.0.0.1",
    port: int = 8750,
    name: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    behind_proxy: Annotated[str, Parameter(show_default=False)] = "",
    browser: bool = False,
    log: Literal["text", "json"] = "text",
    quiet: bool = False,
) -> int:
    """Watch live feeds: receive, judge, keep; print each alert as it arises.

    All that is received is written to the home before anything else happens to it, so that
    nothing is lost or doubled when the machine or the program stops; the same command goes on
    where it stopped. A feed that is cut is called again, with growing pauses; one that is silent
    is itself an alert (feed_link). Several feeds may bring the same reports.

    Feeds: tcp://HOST:PORT, udp://:PORT, ws:// and https:// (NMEA 0183), tail:FILE, - for standard
    input; wss://meri.digitraffic.fi/mqtt, mqtts://HOST/TOPIC, aisstream:, aishub:. Options follow
    '#': name=NAME, idle=SECONDS until a silence is told, lateness=SECONDS, secret=FILE and more
    (docs/feeds.md).

    Examples:
      sargas watch tcp://153.44.253.27:5631#name=kystverket
      sargas watch wss://meri.digitraffic.fi/mqtt aisstream:#secret=key.txt --serve
      sargas watch udp://:10110 tail:station.nmea --home ./watch
      sargas watch udp://:10110 --serve --browser
      zcat log.nmea.gz | sargas watch - --home ./watch --json

    Parameters
    ----------
    feeds
        Addresses of feeds; - for standard input.
    json
        One version of an alert a line, as JSON.
    muted
        Print alerts too that a port, the coast or a suspension mutes; they are kept in any case.
    home
        Where fixes and alerts are kept (default: SARGAS_HOME, else the XDG data folder).
    assets
        Assets to watch instead of the home's: GeoJSON, CSV, KML, GeoPackage, GeoParquet.
    rules
        A TOML file whose thresholds lie over the shipped ones.
    masks
        GeoJSON of places where stopping is ordinary, besides those that the home keeps.
    lists
        A CSV of what your own lists say of vessels; may be given several times.
    lateness
        Seconds that a report may come after a newer one and still be judged at once; by default
        the largest of the feeds'. Alerts come so much later. Rows that come later are kept.
    exercise
        All feeds are of this exercise: everything is marked EXERCISE, in a home of its own.
    serve
        Show it all on a screen; the address is printed first. The screen stays when feeds end.
    host
        Address to serve the screen on. Others than the loopback are refused until the home has
        users ('sargas users add') and there is TLS or a proxy.
    port
        Port of the screen; 0 takes a free one.
    name
        Host name by which the screen is asked for; may be repeated.
    tls_cert
        Certificate with its chain, a PEM file; with --tls-key.
    tls_key
        Key of the certificate, a PEM file without a password.
    behind_proxy
        Address of a reverse proxy that speaks TLS; only it may connect.
    browser
        Open the screen in a browser.
    log
        How what is said on stderr is written: as text, or as JSON, one object a line.
    quiet
        Print alerts and errors only.
    """
    from sargas.cli.home import home_dir
    from sargas.cli.live.running import LiveWatch
    from sargas.cli.warm import warm
    from sargas.feeds.live.url import parse_feed_url

    if not feeds:
        raise UsageError("No feed was given.", hint="Name one or more, like tcp://HOST:PORT.")
    if lateness is not None and not 0 <= lateness <= 7 * 86_400:
        raise UsageError(f"--lateness {lateness:g} is not a number of seconds up to a week.")
    if log == "json":
        from sargas.cli.json_lines import JsonLines

        sys.stderr = JsonLines(sys.stderr)
    urls = [parse_feed_url(text) for text in feeds]
    place = home_dir(home)
    talk = _Talk(quiet=quiet, json=json, muted=muted, log=log)
    warm(quiet=quiet)
    options: dict[str, Any] = {
        "assets": assets, "rules": rules, "masks": masks, "lists": lists or (),
        "lateness_s": lateness, "exercise": exercise, "say": talk.say,
    }  # fmt: skip
    if serve:
        from sargas.web.listening import Listening

        at = Listening(host, port, name, tls_cert, tls_key, behind_proxy)
        live = _served(urls, place, options, talk, at, browser=browser)
    else:
        live = LiveWatch(urls, place, on_alerts=talk.alerts, **options)
        try:
            talk.begin(live)
            live.run(talk.tick)
        finally:
            talk.end(live)
    ended = live.feeds()
    if any(feed["state"] == "failed" for feed in ended):
        return EXIT_FEED
    return EXIT_OK if any(feed["fixes"] for feed in ended) else EXIT_INPUT


def _served(
    urls: Sequence[FeedUrl],
    home: Path,
    options: dict[str, Any],
    talk: _Talk,
    at: Listening,
    *,
    browser: bool,
) -> LiveWatch:
    """Watch with a screen, until interrupted."""
    from sargas.cli.live.running import LiveWatch
    from sargas.cli.live.serving import Screen
    from sargas.cli.serve import about_exercise
    from sargas.web.service import address, bind

    sock = bind(at, has_users=_has_users(home))

    def make(screen: Screen) -> LiveWatch:
        def alerts(new: Sequence[Alert]) -> None:
            talk.alerts(new)
            screen.alerts(new)

        return LiveWatch(urls, home, on_rows=screen.rows, on_alerts=alerts, **options)

    exercise = options["exercise"]
    screen = Screen(make, about_exercise(exercise) if exercise else None)
    put_address(address(sock, at), json=talk.json)
    try:
        talk.begin(screen.live)
        screen.serve(sock, at, browser=browser, tick=talk.tick)
    finally:
        talk.end(screen.live)
    return screen.live


def _has_users(home: Path) -> bool:
    """Tell whether a home has users; one that is not there yet has none, and is not made."""
    from sargas.store import AuditLog, Home
    from sargas.store.access import Access

    if not (home / "home.json").is_file():
        return False
    with AuditLog(Home(home, create=False)) as log:
        return Access.beside(log).any()


class _Talk:
    """What the command prints: alerts on stdout, all else on stderr."""

    def __init__(self, *, quiet: bool, json: bool, muted: bool, log: str) -> None:
        self._quiet, self.json, self._muted = quiet, json, muted
        self._is_logged = log == "json"
        self._live: LiveWatch | None = None
        self._shown_s = 0.0
        self._is_line = False

    def begin(self, live: LiveWatch) -> None:
        """Say what is watched and where it is kept."""
        self._live = live
        exercise = live.watch.around.exercise
        names = ", ".join(url.name for url in live.urls)
        goes_on = "goes on where the last run stopped" if live.resumed else "begins anew"
        if exercise:
            self.say(f"EXERCISE {exercise}: none of this is real.")
        if live.journal.torn:
            self.say(f"journal: {live.journal.torn:,} bytes that were half written are set aside")
        self.say(f"Watching {names}; kept in {live.home.path}; {goes_on}. Ctrl-C ends.")

    def say(self, text: str) -> None:
        """Say something on stderr, with the time; below the status line if there is one."""
        if self._quiet:
            return
        self._clear()
        now = iso(time.time_ns() // 1_000_000)
        if self._is_logged:
            print(json_text.dumps({"t": now, "text": text}), file=sys.stderr, flush=True)
        else:
            say(f"{now} {clean_text(text)}")

    def alerts(self, alerts: Sequence[Alert]) -> None:
        """Print new versions of alerts."""
        shown = [a for a in alerts if self._muted or not a.muted_by]
        if not shown:
            return
        self._clear()
        for alert in shown:
            sys.stdout.write(f"{alert.to_json() if self.json else _line(alert)}\n")
        sys.stdout.flush()

    def tick(self) -> bool:
        """Renew the status line on a terminal; never asks to end."""
        if not self._quiet and not self._is_logged and sys.stderr.isatty():
            now_s = time.monotonic()
            if self._live is not None and now_s - self._shown_s >= STATUS_S:
                self._shown_s, self._is_line = now_s, True
                print(f"\r\x1b[K{_status(self._live)}", end="", file=sys.stderr, flush=True)
        return False

    def end(self, live: LiveWatch) -> None:
        """Say what was received."""
        self._clear()
        if self._quiet:
            return
        tally = live.watch.tally()
        if self._is_logged:
            now = iso(time.time_ns() // 1_000_000)
            told = {"t": now, "text": "ended", "feeds": live.feeds(), "counts": tally}
            print(json_text.dumps(told), file=sys.stderr, flush=True)
            return
        for feed in live.feeds():
            fixes = counted(feed["fixes"], "fix", "fixes")
            words = f"{feed['state']}, {fixes}, {feed['rejected']:,} rejected"
            note = f" ({feed['note']})" if feed["note"] else ""
            say(f"feed      {feed['name']}: {words}{clean_text(note)}")
        fixes = counted(tally.get("ok", 0), "fix", "fixes")
        say(f"folded    {fixes} of {counted(live.watch.vessels, 'vessel')}")
        say_counts("set aside", {k: n for k, n in tally.items() if k != "ok" and n})

    def _clear(self) -> None:
        """Take the status line away."""
        if self._is_line:
            self._is_line = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _line(alert: Alert) -> str:
    """Write one version of an alert for people."""
    mark = "EXERCISE " if alert.exercise else ""
    return clean_text(
        f"{mark}{alert.priority} {iso(alert.t_issued_ms)} {alert.detector} {alert.state} "
        f"{alert.text} [{alert.id}]"
    )


def _status(live: LiveWatch) -> str:
    """Say on one line how the feeds are and how far all is judged."""
    feeds = ", ".join(
        f"{f['name']} {f['state']} {f['fixes']:,}" + _lag(f["lag_ms"]) for f in live.feeds()
    )
    judged_ms = live.watch.judged_to_ms
    judged = f"judged to {iso(judged_ms)}" if judged_ms > 0 else "nothing judged yet"
    waiting = live.journal.end - live.folding.offset
    behind = f", {waiting / 1e6:,.0f} MB wait" if waiting > 1_000_000 else ""
    held = f", store: {live.refusal}" if live.refusal else ""
    return clean_text(f"{feeds}; {judged}{behind}{held}")


def _lag(lag_ms: int | None) -> str:
    """Say how old the newest report was when it came, where that is worth a word."""
    return f" lag {lag_ms / 1000:.0f} s" if lag_ms is not None and lag_ms >= 10_000 else ""
