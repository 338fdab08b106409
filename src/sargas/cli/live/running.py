"""A live watch put together: home, journal, feeds, receiving, folding; begun, run and ended."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from sargas.cli.interrupts import Interrupts
from sargas.cli.keeping import Keeper
from sargas.cli.live.folding import SOURCE, Folding
from sargas.cli.live.intake import LiveFeed
from sargas.cli.live.late import LateFolding
from sargas.cli.live.mending import Mending
from sargas.cli.live.receiving import Receiver
from sargas.cli.live.retaining import Retaining
from sargas.cli.making import make_watch, masks_anew
from sargas.cli.suspending import home_suspensions
from sargas.errors import SargasError, StoreError, UsageError
from sargas.feeds.live import make_codec, open_transport
from sargas.feeds.live.supervise import Backoff
from sargas.feeds.live.url import FeedUrl
from sargas.model.alerts import Alert
from sargas.model.fixes import Batch
from sargas.model.time import HOUR_MS, iso
from sargas.store import AuditLog, Home
from sargas.store.damaged import set_aside
from sargas.store.feed_book import FeedBook
from sargas.store.files import DamagedShard
from sargas.store.journal import FOLDER, Journal
from sargas.store.merging import tidy
from sargas.store.shards import Written
from sargas.store.verify_journal import folded_to
from sargas.watch.links import FeedTerms
from sargas.web.health import BACKLOG, FOLDING, JOURNAL, STORE, Halt, Vitals

WAIT_S: Final = 0.2
"""How long the folding waits for something to be received before it looks at the rest."""
RETRY_S: Final = 5.0
"""How often a commit is tried again that the disk refused."""
LOOK_S: Final = 2.0
"""How often masks and suspensions are looked at for changes."""
STANDS_S: Final = 120.0
"""A folding that has done no step for so long is not at work any more (chosen: a commit of the
largest state takes seconds)."""
DRAIN_S: Final = 20.0
"""How long what is received already is folded on at the end; the rest waits in the journal."""


class LiveWatch:
    """Feeds being received and folded into a home.

    Args:
        urls: the feeds.
        home: directory; made if it is missing.
        assets, rules, masks, lists: as for `sargas scan`.
        lateness_s: how late rows may come; by default as late as the latest feed's.
        exercise: name of the exercise that all feeds are of; None for real traffic.
        say: told what people should read.
        on_rows, on_alerts: see `Folding`.
        make_backoff: makes each feed's pauses between attempts.

    Attributes:
        receiver, folding, watch: the parts.
        turn: held while the watch judges; whoever changes masks takes it.
        refusal: why nothing can be committed now; empty where it can.

    Raises:
        UsageError: two feeds have one name, or an address lacks something.
        StoreError: another process writes to the home, or it cannot be used.
    """

    def __init__(
        self,
        urls: Sequence[FeedUrl],
        home: Path,
        *,
        assets: Path | None = None,
        rules: Path | None = None,
        masks: Path | None = None,
        lists: Sequence[Path] = (),
        lateness_s: float | None = None,
        exercise: str | None = None,
        say: Callable[[str], None] = lambda text: None,
        on_rows: Callable[[Batch], None] = lambda batch: None,
        on_alerts: Callable[[Sequence[Alert]], None] = lambda alerts: None,
        make_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        if len({url.name for url in urls}) < len(urls):
            raise UsageError(
                "Two feeds have the same name.", hint="Name them: tcp://HOST:PORT#name=north"
            )
        self.urls, self._say = tuple(urls), say
        transports = [open_transport(url) for url in urls]
        lateness_s = max(url.lateness_s for url in urls) if lateness_s is None else lateness_s
        make = partial(
            make_watch, assets, rules, home, round(lateness_s * 1000), exercise, masks, lists=lists
        )
        self.watch = make()
        self._masks_anew = masks_anew(home, masks)
        self._keeper = Keeper(home, self.watch, SOURCE, commit_rows=1 << 62)
        try:
            self.home: Home = self._keeper.home
            book = FeedBook(self.home)
            numbers = [book.number(url.name, url.text) for url in urls]
            folded = folded_to(self.home.ledger_path) or 0
            self.journal = Journal(self.home.path / FOLDER, begin=folded)
            if folded and self.journal.is_new:
                say("journal: there was none, a new one begins; what was not folded of it is lost")
            feeds = {
                n: LiveFeed(
                    FeedTerms(n, url.name, round(url.idle_s * 1000), round(url.lateness_s * 1000)),
                    make_codec(transport.codec, n),
                )
                for n, url, transport in zip(numbers, urls, transports, strict=True)
            }
            self.folding = Folding(
                self.watch, self._keeper, self.journal, feeds,
                LateFolding(self.home, self._keeper.ledger, make, say), say, on_rows, on_alerts,
            )  # fmt: skip
            self.resumed = self.folding.resume()
            self._codecs = {n: t.codec for n, t in zip(numbers, transports, strict=True)}
            self._told_aside = 0
            with contextlib.suppress(StoreError):  # a full disk: the first commit tries again
                self._mend()
            for number, transport in zip(numbers, transports, strict=True):
                if (place := self.folding.place_of(number)) is not None:
                    transport.resume(place.place, place.taken_bytes)
            self.receiver = Receiver(
                dict(zip(numbers, transports, strict=True)), self.journal, say,
                make_backoff=make_backoff,
            )  # fmt: skip
            self.receiver.folded_to = self.folding.offset
        except BaseException:
            self._keeper.abandon()
            raise
        self.turn = threading.Lock()
        self.refusal = ""
        self._refused_ms = self._held_ms = self._anew_ms = 0
        self._fault: Halt | None = None
        self._is_over = False
        self._looked_s = 0.0
        self._is_torn = self._is_untidy = False
        self._interrupts = Interrupts()
        self._stepped_s = time.monotonic()
        self._should_end: Callable[[], bool] = lambda: False
        self._retaining = Retaining(self.home, say)
        self._log = AuditLog(self.home)
        self._log_seq = self._log.last_seq()

    def run(self, should_end: Callable[[], bool] = lambda: False) -> None:
        """Receive and fold until told to end, or until all feeds have ended.

        Raises:
            StoreError: the journal cannot be read.
        """
        self._should_end = should_end
        self.receiver.start()
        try:
            with self._interrupts:
                self._begin_anew()
                while not should_end():
                    self._interrupts.hold()  # a step is whole, or nothing of it is kept
                    there_was = self.step()
                    self._interrupts.let()
                    if there_was:
                        continue
                    if self.receiver.error is not None:
                        raise self.receiver.error
                    if self.receiver.is_over and self.folding.offset == self.journal.end:
                        self._finish()
                        self._is_over = True
                        break
                    self.receiver.arrived.wait(WAIT_S)
                    self.receiver.arrived.clear()
        except Exception as error:
            what = error.what if isinstance(error, SargasError) else repr(error)
            self._fault = Halt(FOLDING, what, self.receiver.clock.now_ms())
            raise
        finally:
            self.end()

    def _begin_anew(self) -> None:
        """Judge what is stored of the last day, if the watch begins anew; feeds are received."""
        self._anew_ms = self.receiver.clock.now_ms() if self.folding.begins_anew else 0
        while self.folding.begins_anew and not self._should_end():
            self._is_torn = True  # broken off, the next run does it again
            self._stepped_s = time.monotonic()
            self._until_taken(self._step_anew)
            if self.folding.has_to_tell:
                self._until_taken(self.folding.publish)
            self._interrupts.let()  # held where the disk has refused
        if self._anew_ms and not self.folding.begins_anew:
            self._is_torn = False
            self._until_taken(self.folding.commit)
            self._until_taken(self._mend)
        self._anew_ms = 0

    def _step_anew(self) -> None:
        with self.turn:
            self.folding.begin_anew()

    def step(self) -> bool:
        """Fold what has been received, and commit where it is due.

        Returns:
            Whether there was anything.
        """
        self._stepped_s = time.monotonic()
        self._until_taken(self._look_at_acts)
        self._is_torn = True
        with self.turn:
            there_was = self.folding.step()
        self._is_torn = False
        self.receiver.folded_to = self.folding.offset
        if self.folding.has_to_tell:
            self._until_taken(self.folding.publish)
        if self.folding.is_due:
            self._until_taken(self.folding.commit)
            self._until_taken(self._tidy)
            self._until_taken(self._mend)
            self._retaining.step()
        self._until_taken(self._fold_late)
        return there_was or self.folding.is_folding_late

    def _fold_late(self) -> None:
        with self.turn:
            self.folding.fold_late()

    def _finish(self) -> None:
        """Fold all that is held, and what came late: the feeds have ended."""
        self.folding.finish()
        self._until_taken(self.folding.publish)
        self.folding.fold_late_now()
        self._until_taken(self._fold_late)
        while self.folding.is_folding_late and not self._should_end():
            self._stepped_s = time.monotonic()
            self._until_taken(self._fold_late)

    def end(self) -> None:
        """Stop receiving, fold what is received already, commit, and let go of the home.

        Where a step was broken off in the middle, by an error or by whoever could not wait, its
        state is worth nothing: the next run folds from the last commit.
        """
        try:
            self.receiver.stop()
        finally:
            try:
                self._commit_rest()
            finally:
                self._log.close()
                self._keeper.abandon()
                self.journal.close()

    def _commit_rest(self) -> None:
        if self._is_torn or self.folding.begins_anew:
            return
        until_s = time.monotonic() + DRAIN_S
        self._is_torn = True
        while time.monotonic() < until_s and self.folding.step():
            pass
        self._is_torn = False
        self.folding.commit()

    def _tidy(self) -> None:
        """Merge some of the small files that commits have left in the newest days.

        That can wait: where a disk has no room for it, the next commit may still fit.
        """
        days = newest_days(self.home.days(), self.watch.judged_to_ms)
        try:
            tidy(self.home, days)
            # Little comes any more for a day that is over: its files become few, for good.
            tidy(self.home, days[:-1], most_files=2)
        except DamagedShard:
            raise
        except StoreError as error:
            if not self._is_untidy:
                self._say(f"store: {error} Small files are merged later.")
            self._is_untidy = True
        else:
            self._is_untidy = False

    def _mend(self) -> None:
        """Say which damaged files were set aside, and store what the journal still has of them."""
        new = self._keeper.set_aside[self._told_aside :]
        if not new:
            return
        fresh = {n: make_codec(name, n) for n, name in self._codecs.items()}
        mending = Mending(
            self.journal,
            self.folding.intake.feeds,
            fresh,
            self.watch.around.exercise,
            self.home.shards,
        )
        try:
            batches = list(mending.rows(new, self.folding.committed_to))
        except StoreError as error:  # of the journal: the watch goes on without
            self._say(f"store: {error}")
            batches = []
        back = sum((self._keeper.bring_back(batch) for batch in batches), Written())
        self._told_aside += len(new)
        for one in new:
            self._say(f"store: {one}")
        self._say(f"store: {back.rows:,} rows of them were in the journal and are stored again")

    def _past_damage(self, write: Callable[[], None]) -> None:
        """Write; a damaged shard file that is in the way is set aside."""
        while True:
            try:
                return write()
            except DamagedShard as error:
                self._keeper.set_aside.append(set_aside(self.home, error.path, error.reason))

    def _until_taken(self, write: Callable[[], None]) -> None:
        """Write; where the disk refuses, say so and hold everything until it does not."""
        begun_ms = self.receiver.clock.now_ms()  # one that is locked refuses after a while
        while not self._should_end():
            try:
                self._past_damage(write)
            except StoreError as error:
                if not self.refusal:
                    self._refused_ms = begun_ms
                    self._say(f"store: {error} Folding pauses until it can be written.")
                self.refusal = error.what
                self._interrupts.let()  # nobody has to wait for a disk to end the watch
                time.sleep(RETRY_S)
                self._interrupts.hold()
                continue
            if self.refusal:
                self._say("store: can be written again")
                self._stepped_s = time.monotonic()  # waiting for a disk is no step that stands
                self.refusal = ""
            return

    def _look_at_acts(self) -> None:
        """Judge by the masks that were drawn and the suspensions that were made meanwhile."""
        if time.monotonic() - self._looked_s < LOOK_S:
            return
        if (kept := self._masks_anew()) is not None:
            self.watch.take_masks(kept)
        seq = self._log.last_seq()
        if seq != self._log_seq:
            self.watch.take_suspensions(home_suspensions(self.home.path))
            self._log_seq = seq
        self._looked_s = time.monotonic()  # what could not be read is read again

    def vitals(self) -> Vitals:
        """Tell how the watch itself is."""
        return Vitals(
            self._halt(), self.journal.end - self.folding.offset,
            max(self.watch.judged_to_ms, 0), lambda: self.folding.counted,
            self.receiver.clock.now_ms(),
        )  # fmt: skip

    def _halt(self) -> Halt | None:
        """Say what keeps the watch from judging now; of several things the worst."""
        receiver, now_ms = self.receiver, self.receiver.clock.now_ms()
        stands_s = time.monotonic() - self._stepped_s
        waiting = self.journal.end - self.folding.offset
        if waiting <= receiver.backlog_bytes // 2:  # not at each piece that is folded meanwhile
            self._held_ms = 0
        elif waiting > receiver.backlog_bytes:
            self._held_ms = self._held_ms or now_ms
        if self._fault is not None:
            return self._fault
        if refusal := self.refusal:
            return Halt(STORE, refusal, self._refused_ms, self.folding.unstored)
        if refusal := receiver.refusal:
            return Halt(JOURNAL, refusal, receiver.refused_ms)
        if stands_s >= STANDS_S and not self._is_over:
            what = f"No step of folding has ended for {STANDS_S:.0f} s."
            return Halt(FOLDING, what, now_ms - round(stands_s * 1000))
        if (anew_ms := self._anew_ms) and now_ms - anew_ms >= STANDS_S * 1000:
            what = "What is stored of the last day is judged first: the watch begins anew."
            return Halt(BACKLOG, what, anew_ms)
        if held_ms := self._held_ms:
            most = f"{receiver.backlog_bytes / 1e6:,.0f} MB"
            return Halt(BACKLOG, f"More than {most} of what was received wait.", held_ms)
        return None

    def feeds(self) -> list[dict[str, Any]]:
        """Tell how each feed is, as the screen and `--json` show it."""
        out, intake = [], self.folding.intake
        rejected = intake.rejected
        for number, health in self.receiver.health.items():
            url = intake.feeds[number].terms
            out.append({
                "name": url.name, "kind": "live", "state": health.state,
                "last_ms": health.last_received_ms, "fixes": intake.fixes[number],
                "rejected": rejected[number], "lag_ms": intake.lag_ms[number],
                "dropped": health.dropped, "connections": health.connections,
                "faults": health.faults, "note": health.reason,
            })  # fmt: skip
        return out


def newest_days(days: list[str], judged_to_ms: int) -> list[str]:
    """Give the two days that are being written to; of older versions later ones may be stored.

    Args:
        days: that are stored, in order. judged_to_ms: how far in event time the watch has come.

    Example:
        >>> newest_days(["2026-11-28", "2026-11-29", "2026-11-30", "2027-11-30"], 1_796_040_000_000)
        ['2026-11-29', '2026-11-30']
    """
    last = iso(max(judged_to_ms, 0) + HOUR_MS)[:10]
    return [day for day in days if day <= last][-2:]
