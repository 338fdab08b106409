"""`sargas demo`: an exercise through the real pipeline, on a map."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sargas import __version__
from sargas.cli.words import counted, put_address, say
from sargas.errors import EXIT_FAILED, EXIT_OK, SargasError, UsageError
from sargas.exercise.scenario import BACKDROP_CREDIT, Scenario, load_scenario
from sargas.model.alerts import Alert
from sargas.model.time import MINUTE_MS, iso

if TYPE_CHECKING:  # imported where they are used: `sargas demo --help` loads no library
    from sargas.model.fixes import Batch
    from sargas.reference.mask_book import BookFollower
    from sargas.share.evidence import Evidence
    from sargas.watch.fold import Outcome, Watch

COMMIT_MINUTES = 20


def demo(
    *,
    port: int = 8750,
    scenario: str = "eagle-s",
    speed: float = 60.0,
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
    exit_after: float | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Replay an exercise through the real pipeline and show it on a map.

    It is laid over real traffic that sails on by simulation. The address is printed first.
    Everything shown is an EXERCISE. Nothing is kept afterwards.

    Examples:
      sargas demo
      sargas demo --no-browser --exit-after 30
      sargas demo --scenario ./my-scenario.toml --speed 600

    Parameters
    ----------
    port
        Port on this machine; 0 takes a free one.
    scenario
        A name from 'sargas exercise list', or a file ending in .toml.
    speed
        Seconds of the exercise a second, 1 to 3600.
    browser
        Open the screen in a browser.
    exit_after
        Leave by itself so many seconds after the whole exercise was folded.
    json
        The address, and at the end the alerts, as JSON, one a line.
    quiet
        Print the address and nothing else.
    """
    from sargas.web.service import address, bind, serve

    if exit_after is not None and not exit_after >= 0:
        raise UsageError(f"--exit-after {exit_after:g} is not 0 or more.")
    if not 1 <= speed <= 3600:
        raise UsageError(f"--speed {speed:g} is not between 1 and 3600.")

    chosen = load_scenario(scenario)
    sock = bind("127.0.0.1", port)
    with tempfile.TemporaryDirectory(prefix="sargas-demo-") as folder:
        put_address(address(sock), json=json)
        run = _Run(chosen, Path(folder), quiet=quiet)
        try:
            app = _app(run, sock, speed)
            serve(app, sock, browser=browser, until=lambda: run.is_over(exit_after))
        finally:
            # Also after Ctrl-C: the folder goes only when nobody writes there any more.
            run.end()
        if run.error is not None:
            say(f"sargas: {run.error}")
            return run.error.exit_code if isinstance(run.error, SargasError) else EXIT_FAILED
        if not quiet:
            _report(run, json=json)
    return EXIT_OK


@dataclass
class _Run:
    """The exercise being folded into a home, in a thread of its own."""

    scenario: Scenario
    home: Path
    quiet: bool = False
    folded_to_ms: int = 0
    judged_to_ms: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    fixes: int = 0
    rejected: int = 0
    done_at: float | None = None
    error: Exception | None = None
    alerts: dict[str, Alert] = field(default_factory=dict)
    thread: threading.Thread | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.folded_to_ms = self.judged_to_ms = self.scenario.start_ms

    def is_over(self, exit_after: float | None) -> bool:
        """Tell whether the service should end."""
        if self.error is not None:
            return True
        if exit_after is None or self.done_at is None:
            return False
        return time.monotonic() - self.done_at >= exit_after

    def begin(self) -> None:
        """Start folding."""
        self.thread = threading.Thread(target=self._fold, name="exercise", daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Stop folding, and wait until it has stopped."""
        self.stop.set()
        if self.thread is not None:
            self.thread.join()

    def _fold(self) -> None:
        """Fold the exercise; an error ends the demonstration."""
        try:
            self._fold_all()
        except Exception as error:  # told to the main thread, which ends with it
            self.error = error
        finally:
            self.done_at = time.monotonic()

    def _fold_all(self) -> None:
        from sargas.cli.keeping import Keeper
        from sargas.cli.making import make_watch
        from sargas.cli.playing import play
        from sargas.cli.warm import warm
        from sargas.reference.mask_book import BookFollower

        warm(quiet=self.quiet)
        watch = make_watch(None, None, None, None, exercise=self.scenario.name)
        keeper = Keeper(self.home, watch, f"exercise:{self.scenario.name}")
        start = time.monotonic()
        follower = BookFollower(self.home)
        for k, (t_ms, batch) in enumerate(play(self.scenario)):
            if self.stop.is_set():
                break
            self.fixes += len(batch.fixes)
            self._keep(keeper, self._push(watch, batch, follower), batch)
            if (k + 1) % COMMIT_MINUTES == 0:
                keeper.commit()
                self.folded_to_ms = t_ms - 2 * MINUTE_MS
                self._say_progress(t_ms)
        with self.turn:
            last = watch.flush()
            self.judged_to_ms = max(watch.judged_to_ms, self.scenario.end_ms)
        self._keep(keeper, last, None)
        keeper.close()
        if not self.stop.is_set():
            self.folded_to_ms = self.scenario.end_ms
        say(
            f"EXERCISE {self.scenario.name}: {counted(self.fixes, 'fix', 'fixes')} of "
            f"{counted(watch.vessels, 'vessel')} folded in {time.monotonic() - start:.0f} s",
            quiet=self.quiet,
        )

    def _push(self, watch: Watch, batch: Batch, follower: BookFollower) -> Outcome:
        """Judge a batch by the masks and zones drawn by now; none is drawn meanwhile."""
        with self.turn:
            if (masks := follower.changed()) is not None:
                watch.take_masks(masks)
            outcome = watch.push(batch)
            self.judged_to_ms = max(self.judged_to_ms, watch.judged_to_ms)
        return outcome

    def _keep(self, keeper: Any, outcome: Any, batch: Any) -> None:  # noqa: ANN401
        keeper.keep(outcome, batch)
        for alert in outcome.alerts:
            self.alerts[alert.id] = alert

    def _say_progress(self, t_ms: int) -> None:
        """Show on a terminal how far the folding is."""
        import sys

        if not self.quiet and sys.stderr.isatty():
            print(f"\rfolded to {iso(t_ms)}, {len(self.alerts)} alerts", end="\r", file=sys.stderr)


def _app(run: _Run, sock: Any, speed: float) -> Any:  # noqa: ANN401 - socket and Starlette
    """Build the service over the run's home."""
    from sargas.cli.gathering import gather
    from sargas.reference import shipped_assets
    from sargas.store import AuditLog, Home, Ledger
    from sargas.web.api import make_app
    from sargas.web.desk import Desk
    from sargas.web.picture import Picture
    from sargas.web.player import Player, Span
    from sargas.web.service import hosts
    from sargas.web.zones import ZoneBook

    scenario, assets = run.scenario, shipped_assets()
    home = Home(run.home)
    attribution = [*assets.attributions, *BACKDROP_CREDIT]
    laid_in = frozenset(v.mmsi for v in scenario.vessel)

    def span() -> Span:
        return Span(scenario.start_ms, scenario.end_ms, run.folded_to_ms)

    def feeds() -> list[dict[str, Any]]:
        note = "synthetic and simulated" if run.done_at else "still being folded"
        return [
            {
                "name": scenario.station, "kind": "exercise", "last_ms": run.folded_to_ms,
                "fixes": run.fixes, "rejected": run.rejected, "note": note,
            }
        ]  # fmt: skip

    about = {
        "version": __version__,
        "mode": "demo",
        "exercise": {"name": scenario.name, "title": scenario.title, "note": scenario.note},
        "attribution": attribution,
    }
    desk = Desk(Ledger(home), AuditLog(home))
    player = Player(
        Picture(home, laid_in), desk, span, feeds, about,
        speed=speed, t_ms=scenario.play_from_ms,
    )  # fmt: skip

    async def background() -> None:
        run.begin()
        # Wait until there is something to see where the playing is to begin.
        while run.folded_to_ms < scenario.play_from_ms and run.error is None:
            await asyncio.sleep(0.2)
        await player.seek(scenario.play_from_ms)

    book = ZoneBook(run.home, lambda: run.judged_to_ms, run.turn)

    def evidence(alert_id: str, as_of_ms: int | None) -> Evidence:
        return gather(home, alert_id, as_of_ms=as_of_ms)

    return make_app(
        player, desk, assets, attribution, hosts(sock), background, gather=evidence, book=book
    )


def _report(run: _Run, *, json: bool) -> None:
    """Print what the exercise showed."""
    from sargas.cli.alert_text import print_alerts

    rows = [a for a in run.alerts.values() if not a.muted_by]
    rows.sort(key=lambda a: (a.t_detected_ms, a.id))
    say(f"EXERCISE {run.scenario.name}: {counted(len(rows), 'alert')}")
    print_alerts(rows, json=json)
