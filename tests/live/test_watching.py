"""The live watch as a whole: equal to a scan, over stops, full disks and silent feeds."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sargas.cli.live import folding as folding_module
from sargas.cli.live import receiving, running
from sargas.cli.live.running import LiveWatch
from sargas.errors import StoreError, UsageError
from sargas.feeds.live import polling, supervise
from sargas.feeds.live.supervise import FAILED, PAUSED, Backoff
from sargas.feeds.live.url import parse_feed_url
from sargas.model.alerts import CLOSED, OPEN, Alert
from sargas.model.time import DAY_MS
from sargas.store import Archive, Home, files
from sargas.store.journal import Journal
from sargas.store.merging import tidy
from sargas.store.shards import ShardWriter, read_day
from sargas.store.verify import verify_home
from tests.laws.test_fold import traffic
from tests.live.lines import kept, links, log, scanned
from tests.live.senders import TcpSender, eventually, web_server


def live(home: Path, *addresses: str, **options: object) -> LiveWatch:
    urls = [parse_feed_url(text) for text in addresses]
    return LiveWatch(
        urls,
        home,
        make_backoff=lambda: Backoff(0.05, 0.2),
        **options,  # type: ignore[arg-type]
    )


class Running:
    """A live watch in a thread of its own."""

    def __init__(self, watch: LiveWatch) -> None:
        self.watch = watch
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.watch.run(self._stop.is_set)
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.error is not None and error[0] is None:
            raise self.error


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_folded(watch: LiveWatch, n_bytes: int) -> Callable[[], bool]:
    """Tell when so many bytes of the one feed have been folded."""

    def is_folded() -> bool:
        place = next(iter(watch.folding.intake.places.values()), None)
        return place is not None and place.taken_bytes >= n_bytes

    return is_folded


def test_a_live_feed_gives_the_alerts_of_a_scan_and_keeps_the_same_rows(tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    watch.run(until_folded(watch, len(log())))
    assert kept(tmp_path / "home") == scanned()
    assert len(scanned()) >= 8
    with Archive(Home(tmp_path / "home", create=False)) as archive:
        fixes = traffic().fixes
        track = archive.track(0, 230_000_002, 0, 2**45)
        assert len(track) == int((fixes.subject_id == 230_000_002).sum())
        assert set(track.src_id.tolist()) == {1000}


def test_a_watch_that_is_behind_publishes_now_and_then(tmp_path, monkeypatch):
    """Each time costs files; what is of the last minutes is published at once all the same."""
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 1_777)
    monkeypatch.setattr(folding_module, "READ_BYTES", 3_000)
    file = tmp_path / "log.nmea"
    file.write_bytes(log())

    def times_published(home: Path) -> int:
        watch, published = live(home, f"tail:{file}"), []
        keeper = watch.folding._keeper
        publish = keeper.publish
        monkeypatch.setattr(keeper, "publish", lambda new: (published.append(new), publish(new)))
        watch.run(until_folded(watch, len(log())))
        assert kept(home) == scanned()
        return len(published)

    monkeypatch.setattr(folding_module, "PUBLISH_S", 3600.0)
    assert times_published(tmp_path / "behind") == 1, "with the commit at the end"
    monkeypatch.setattr(folding_module, "BEHIND_MS", 10**13)  # the log is of years ago
    assert times_published(tmp_path / "not behind") > 3


def test_a_watch_that_catches_up_commits_before_too_much_waits(tmp_path, monkeypatch):
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 1_777)
    monkeypatch.setattr(folding_module, "READ_BYTES", 3_000)
    monkeypatch.setattr(folding_module, "COMMIT_ROWS", 200)
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch, waited = live(tmp_path / "home", f"tail:{file}"), []
    keeper, step = watch._keeper, watch.folding.step
    monkeypatch.setattr(watch.folding, "step", lambda: (step(), waited.append(keeper.waiting))[0])
    watch.run(until_folded(watch, len(log())))
    assert 200 <= max(waited) < 300, "a step more at most"
    assert kept(tmp_path / "home") == scanned()


@pytest.mark.parametrize("seed", range(3))
def test_stopped_anywhere_and_begun_again_it_gives_the_same_alerts(tmp_path, monkeypatch, seed):
    """Also where half a line, or half a message, had been received."""
    monkeypatch.setattr(folding_module, "READ_BYTES", 3_000)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 1_777)
    rng = np.random.default_rng(seed)
    file = tmp_path / "log.nmea"
    file.write_bytes(b"")
    ends = [*sorted(rng.integers(0, len(log()), 4).tolist()), len(log())]
    for end in ends:
        with file.open("ab") as grown:
            grown.write(log()[file.stat().st_size : end])
        watch = live(tmp_path / "home", f"tail:{file}")
        taken = watch.folding.place_of(1000)
        begin = 0
        if taken is not None:
            begin = json.loads(taken.place)["position"] + taken.taken_bytes
        if end > begin:
            watch.run(lambda w=watch, n=end: taken_of_file(w) >= n)
        else:
            watch.end()
    assert kept(tmp_path / "home") == scanned()


def test_a_disk_without_room_to_merge_small_files_holds_nothing_up(tmp_path, monkeypatch):
    """What is merged later costs a little time; a watch that stands costs what it does not see."""
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 3_000)
    monkeypatch.setattr(folding_module, "READ_BYTES", 10_000)
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    monkeypatch.setattr(running, "RETRY_S", 0.01)
    monkeypatch.setattr(running, "tidy", partial(tidy, most_files=2))
    write = files.write_parquet

    def refusing(arrow: object, path: Path) -> None:
        if "-merged" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(arrow, path)

    monkeypatch.setattr(files, "write_parquet", refusing)
    file, said = tmp_path / "log.nmea", []
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    is_folded = until_folded(watch, len(log()))
    watch.run(lambda: is_folded() or bool(watch.refusal))
    assert not watch.refusal
    assert kept(tmp_path / "home") == scanned()
    assert len([text for text in said if "merged later" in text]) == 1


def test_an_alert_about_a_feed_that_is_watched_no_more_ends(tmp_path):
    """Who gave up a dead feed would read of it for good."""
    home, file = tmp_path / "home", tmp_path / "log.nmea"
    file.write_bytes(log())
    address = f"tail:{file}#idle=900"
    with TcpSender() as south, Running(live(home, address, f"{south.url}#name=south,idle=1")):
        eventually(lambda: links(home), "it is told")
    for _ in range(2):
        again = live(home, address)
        with Running(again):
            eventually(lambda: len(links(home)) > 1, "its end")
            eventually(until_folded(again, len(log())), "all of the log")
    before, after = links(home)
    assert (before.state, after.state, after.version) == (OPEN, CLOSED, 2)
    assert after.text.startswith("Feed south: it is watched no more, after ")
    assert kept(home) == scanned()


def test_the_small_files_of_a_day_that_is_over_become_few(tmp_path, monkeypatch):
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 3_000)
    monkeypatch.setattr(folding_module, "READ_BYTES", 10_000)
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    home, file = Home(tmp_path / "home"), tmp_path / "log.nmea"
    fixes = traffic().fixes
    before = replace(fixes, t_ms=fixes.t_ms - DAY_MS)
    writer = ShardWriter(home)
    for k in range(3):
        writer.append(before.take(slice(k, None, 3)))
        writer.flush()
    writer.close()
    [day] = home.days()
    shards = [home.shard_path("fixes", day, shard) for shard in range(home.shards)]
    shards = [shard for shard in shards if shard.is_dir()]
    assert max(len(files.list_shard(shard)) for shard in shards) == 3
    file.write_bytes(log())
    watch = live(home.path, f"tail:{file}")
    watch.run(until_folded(watch, len(log())))
    assert [len(files.list_shard(shard)) for shard in shards] == [1] * len(shards)
    assert len(read_day(home, day)) == len(before)


def taken_of_file(watch: LiveWatch) -> int:
    place = watch.folding.intake.places.get(1000)
    if place is None or not place.place:
        return 0
    return int(json.loads(place.place)["position"]) + place.taken_bytes


def test_what_was_received_and_not_committed_is_folded_by_the_next_run(tmp_path):
    """As after kill -9: the journal has it, the ledger has not."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{file}")
    watch.receiver.start()
    eventually(lambda: watch.journal.end > len(log()), "all in the journal")
    watch.receiver.stop()
    watch._keeper.abandon()
    watch.journal.close()
    file.write_bytes(b"")  # the sender has forgotten it all
    again = live(tmp_path / "home", f"tail:{file}")
    again.run(lambda: again.folding.offset >= again.journal.end and again.journal.end > len(log()))
    assert kept(tmp_path / "home") == scanned()


def test_several_feeds_with_the_same_reports_give_each_alert_once(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(log())
    watch = live(tmp_path / "home", f"tail:{tmp_path / 'a'}", f"tail:{tmp_path / 'b'}")
    both = 2 * len(log())
    watch.run(lambda: sum(p.taken_bytes for p in watch.folding.intake.places.values()) >= both)
    tally = watch.watch.tally()
    assert tally.get("duplicate", 0) + tally.get("late", 0) >= len(traffic().fixes) // 2
    versions = kept(tmp_path / "home")
    assert {json.loads(v)["id"] for v in versions} == {json.loads(v)["id"] for v in scanned()}


def test_two_feeds_of_one_name_are_refused(tmp_path):
    with pytest.raises(UsageError, match="same name"):
        live(tmp_path / "home", "tcp://127.0.0.1:1#name=a", "udp://:2#name=a")


def test_a_silent_feed_is_an_alert_that_ends_when_it_is_back(tmp_path):
    with TcpSender() as north, TcpSender() as south:
        watch = live(
            tmp_path / "home", f"{north.url}#name=north,idle=3", f"{south.url}#name=south,idle=3"
        )
        lines = log().splitlines(keepends=True)
        stop = threading.Event()

        def chatter() -> None:
            for k in range(100_000):
                if stop.wait(0.1):
                    return
                try:
                    one.sendall(lines[k % len(lines)])
                except OSError:
                    return

        with Running(watch):
            one = north.accept()
            thread = threading.Thread(target=chatter)
            thread.start()
            home = tmp_path / "home"
            eventually(lambda: [a for a in links(home) if "south" in a.text], "south is silent")
            first = next(a for a in links(home) if a.subject.name == "feed south")
            assert (first.priority, first.state) == ("P2", OPEN)
            stop.set()
            thread.join()
            eventually(lambda: any(a.priority == "P1" for a in links(home)), "all are silent")
            blind = [a for a in links(home) if a.priority == "P1"]
            eventually(lambda: len([a for a in links(home) if a.priority == "P1"]) == 2, "both P1")
            assert {a.subject.name for a in blind} <= {"feed north", "feed south"}
            stop.clear()
            eventually(lambda: _speak(north, lines[0]) and _closed(home, "north"), "north is back")
            south_now = [a for a in links(home) if a.subject.name == "feed south"][-1]
            assert (south_now.priority, south_now.state) == ("P2", OPEN)


def _speak(sender: TcpSender, line: bytes) -> bool:
    """Send a line on a fresh connection of a caller that calls again and again."""
    with contextlib.suppress(OSError):
        sender.accept(1.0).sendall(line)
    return True


def _closed(home: Path, name: str) -> bool:
    return any(a.state == CLOSED and a.subject.name == f"feed {name}" for a in links(home))


LINE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n"


@pytest.mark.parametrize("is_ours", [False, True], ids=["hostile", "a fault of ours"])
def test_what_one_server_answers_ends_no_watch(tmp_path, monkeypatch, is_ours):
    """The rest goes on, also where a connection ends by what nobody has thought of."""
    if is_ours:

        def faulty(self: object, address: str, location: str) -> str:
            raise ValueError(location)

        monkeypatch.setattr(polling.HttpTransport, "_redirected", faulty)
    said: list[str] = []
    answer = 302, {"location": "http://[hunter2"}, b""
    with TcpSender() as good, web_server(lambda path: answer) as evil:
        watch = live(
            tmp_path / "home", f"{good.url}#name=good", f"{evil}#name=evil,every=0.05",
            say=said.append,
        )  # fmt: skip
        with Running(watch):
            line = good.accept()
            eventually(lambda: watch.feeds()[1]["note"], "the hostile answer")
            for _ in range(5):
                had = watch.feeds()[0]["fixes"]
                line.sendall(LINE)
                eventually(lambda had=had: watch.feeds()[0]["fixes"] > had, "the other feed")
            health = watch.receiver.health[1001]
            if is_ours:
                eventually(lambda: watch.feeds()[1]["faults"] > 2, "more attempts")
    what = "(ValueError in test_watching.py, line" if is_ours else "no address"
    assert sum(what in text for text in said) == 1
    assert what in health.reason
    assert "hunter2" not in " ".join(said) + health.reason


def test_a_feed_that_is_refused_rings_and_is_received_again(tmp_path, monkeypatch):
    """As by a password that ran out, or a login that has a bad moment."""
    monkeypatch.setattr(supervise, "REFUSED_S", 0.3)
    text, status = [LINE], [200]

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        text.append(LINE)
        return (200, {}, b"".join(text)) if status[0] == 200 else (status[0], {}, b"")

    home = tmp_path / "home"

    def of_refused() -> list[Alert]:
        return [a for a in links(home) if a.subject.name == "feed refused"]

    with TcpSender() as good, web_server(answer) as server:
        watch = live(home, f"{good.url}#name=good", f"{server}#name=refused,every=0.1,idle=1")
        with Running(watch):
            good.accept().sendall(LINE)
            eventually(lambda: watch.feeds()[1]["fixes"], "what it brings")
            status[0] = 401

            def of_401() -> list[Alert]:
                """Versions of an alert that says so; before it the line may have been slow."""
                names = {a.id for a in of_refused() if "(401)" in a.text}
                return [a for a in of_refused() if a.id in names]

            eventually(of_401, "the alert")
            assert watch.feeds()[1]["state"] == FAILED
            status[0] = 200
            eventually(lambda: of_401()[-1].state == CLOSED, "its end")


def test_a_watch_whose_only_feeds_are_refused_from_the_beginning_ends(tmp_path):
    with (
        web_server(lambda path: (401, {}, b"")) as one,
        web_server(lambda path: (401, {}, b"")) as two,
    ):
        watch = live(tmp_path / "home", f"{one}#name=a,every=0.1", f"{two}#name=b,every=0.1")
        watch.run()
    assert [feed["state"] for feed in watch.feeds()] == [FAILED, FAILED]


def test_user_and_query_of_an_address_are_told_nobody_and_kept_nowhere(tmp_path):
    """A home that an earlier version wrote keeps the feed's number and loses the address."""
    home = tmp_path / "home"
    said: list[str] = []
    asked: list[str] = []
    status = [200]

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return status[0], {}, LINE * len(asked)

    with web_server(answer) as server:
        address = server.replace("://", "://anna-hidden@") + "?station=hidden"
        Home(home)
        book = {"number": 1000, "address": address}, {"number": 1001, "address": "udp://:1"}
        told = {"format": 1, "feeds": {"web": book[0], "other": book[1]}}
        (home / "feeds.json").write_text(json.dumps(told))
        watch = live(
            home, f"{address}#name=web,every=0.05,idle=0.5", f"udp://127.0.0.1:{free_port()}#idle=9",
            say=said.append,
        )  # fmt: skip
        assert list(watch.receiver.health) == [1000, 1002]
        with Running(watch):
            eventually(lambda: watch.feeds()[0]["fixes"], "what it brings")
            status[0] = 503
            eventually(lambda: "503" in watch.feeds()[0]["note"], "the refusal")
            eventually(lambda: any("503" in a.text for a in links(home)), "the alert")
            notes = json.dumps(watch.feeds())
    assert set(asked) == {"/log.nmea?station=hidden"}
    assert "hidden" not in notes + " ".join(said)
    files = [file for file in home.rglob("*") if file.is_file()]
    assert [file for file in files if b"hidden" in file.read_bytes()] == []


def test_bytes_that_are_no_reports_are_an_alert_too(tmp_path):
    with TcpSender() as sender:
        watch = live(tmp_path / "home", f"{sender.url}#name=odd,idle=1")
        with Running(watch):
            line = sender.accept()

            def babble() -> bool:
                line.sendall(b"$GPZDA,no,report*00\r\n")
                return any("no report" in a.text for a in links(tmp_path / "home"))

            eventually(babble, "the alert")


def test_reports_that_are_far_too_old_are_an_alert_too(tmp_path):
    with TcpSender() as sender:
        watch = live(tmp_path / "home", f"{sender.url}#name=old,idle=1")
        lines = iter(log().splitlines(keepends=True) * 2)
        with Running(watch):
            line = sender.accept()

            def speak() -> bool:
                line.sendall(next(lines))
                return any("older than" in a.text for a in links(tmp_path / "home"))

            eventually(speak, "the alert")


def test_a_full_disk_pauses_receiving_and_loses_nothing(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    half = len(log()) // 2
    file.write_bytes(log()[:half])
    said: list[str] = []
    monkeypatch.setattr(receiving, "RETRY_S", 0.1)
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    append, is_full = Journal.append, threading.Event()

    def refusing(self: Journal, *record: object) -> int:
        if is_full.is_set():
            raise StoreError("Cannot write the journal: No space left on device.")
        return append(self, *record)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", refusing)
    with Running(watch):
        eventually(until_folded(watch, half), "the first half")
        is_full.set()
        with file.open("ab") as grown:
            grown.write(log()[half:])
        eventually(lambda: watch.feeds()[0]["state"] == PAUSED, "the pause")
        assert "No space left" in watch.feeds()[0]["note"]
        is_full.clear()
        eventually(until_folded(watch, len(log())), "the second half")
    assert kept(tmp_path / "home") == scanned()
    assert sum("No space left" in text for text in said) == 1
    assert any("takes what is received again" in text for text in said)


def test_a_full_disk_pauses_committing_and_loses_nothing(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    said: list[str] = []
    monkeypatch.setattr(running, "RETRY_S", 0.05)
    monkeypatch.setattr(folding_module, "COMMIT_S", 0.0)
    monkeypatch.setattr(folding_module, "READ_BYTES", len(log()) // 3)
    write, calls = files.write_file, [0]

    def refusing(*args: object) -> None:
        calls[0] += 1
        if 3 <= calls[0] < 9:  # some files of the commit are written, others are not
            raise StoreError("Cannot write a shard: No space left on device.")
        write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "write_file", refusing)
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    with Running(watch):
        eventually(until_folded(watch, len(log())), "all of the log")
        eventually(lambda: watch.folding.committed_to >= len(log()), "its commit")
    assert calls[0] > 9
    assert kept(tmp_path / "home") == scanned()
    assert sum("Folding pauses" in text for text in said) == 1
    with Archive(Home(tmp_path / "home", create=False)) as archive:
        fixes = traffic().fixes
        for mmsi in np.unique(fixes.subject_id).tolist():
            n = len(archive.track(0, mmsi, 0, 2**45))
            assert n == int((fixes.subject_id == mmsi).sum()), mmsi


def test_when_too_much_waits_the_feeds_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(folding_module, "READ_BYTES", 20_000)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", 20_000)
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    said: list[str] = []
    port = free_port()
    monkeypatch.setattr(receiving, "UNREAD_S", 0.3)
    watch = live(tmp_path / "home", f"tail:{file}", f"udp://127.0.0.1:{port}", say=said.append)
    watch.receiver.backlog_bytes = 50_000
    watch.receiver.start()
    eventually(lambda: watch.feeds()[0]["state"] == PAUSED, "the pause")
    assert watch.journal.end - watch.folding.offset < 100_000
    assert "wait to be folded; not read since 20" in watch.feeds()[0]["note"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        eventually(
            lambda: out.sendto(b"\n", ("127.0.0.1", port)) and watch.feeds()[1]["state"] == PAUSED,
            "the pause of the port",
        )
    assert "the system drops what comes meanwhile" in watch.feeds()[1]["note"]
    eventually(lambda: sum("not read since" in text for text in said) == 2, "both are told")
    while not until_folded(watch, len(log()))():
        watch.step()
    eventually(lambda: sum("read again, after" in text for text in said) == 2, "their end")
    assert [feed["note"] for feed in watch.feeds()] == ["", ""]
    watch.end()
    assert kept(tmp_path / "home") == scanned()


def test_rows_of_an_exercise_never_enter_a_real_watch(tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(log().replace(b"s:receiver.1", b"s:EXERCISE-x.1"))
    said: list[str] = []
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    watch.run(until_folded(watch, file.stat().st_size))
    assert kept(tmp_path / "home") == frozenset()
    assert any("EXERCISE" in text for text in said)
    assert watch.folding.intake.lost["of_an_exercise"] >= len(traffic().fixes)
    marked = live(tmp_path / "other", f"tail:{file}", exercise="x")
    marked.run(until_folded(marked, file.stat().st_size))
    alerts = [json.loads(v) for v in kept(tmp_path / "other")]
    assert alerts
    assert {a["exercise"] for a in alerts} == {"x"}
    with pytest.raises(UsageError, match="exercise 'x'"):
        live(tmp_path / "other", f"tail:{file}")


def test_without_its_journal_it_goes_on_from_what_was_committed(tmp_path):
    """It was moved away, as the runbook says; the feed, a file, has what comes next."""
    file, home = tmp_path / "log.nmea", tmp_path / "home"
    file.write_bytes(log()[: len(log()) // 2])
    first = live(home, f"tail:{file}")
    first.run(until_folded(first, file.stat().st_size))
    folded = first.journal.end
    (home / "journal").rename(tmp_path / "moved")
    [one] = verify_home(Home(home, create=False)).findings
    assert "There is no journal" in one.what
    file.write_bytes(log())
    said: list[str] = []
    second = live(home, f"tail:{file}", say=said.append)
    assert second.resumed
    assert (second.journal.begin, second.folding.offset) == (folded, folded)
    assert any("a new one begins" in text for text in said)
    second.run(lambda: taken_of_file(second) >= len(log()))
    assert kept(home) == scanned()
    assert verify_home(Home(home, create=False)).findings == []


def test_with_other_rules_it_begins_anew_and_keeps_its_place(tmp_path):
    file = tmp_path / "log.nmea"
    file.write_bytes(log()[: len(log()) // 2])
    first = live(tmp_path / "home", f"tail:{file}")
    first.run(until_folded(first, file.stat().st_size))
    rules = tmp_path / "rules.toml"
    rules.write_text('[gap]\nclass_a_min = {value = 50, unit = "min", source = "test"}\n')
    said: list[str] = []
    second = live(tmp_path / "home", f"tail:{file}", rules=rules, say=said.append)
    assert not second.resumed
    assert any("begins anew" in text for text in said)
    assert second.folding.offset == second.journal.end
    second.end()


def test_a_step_that_was_broken_off_is_not_committed(tmp_path, monkeypatch):
    """As by who presses Ctrl-C twice: the next run ends as an undisturbed one."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(folding_module, "READ_BYTES", len(log()) // 9)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", len(log()) // 9)
    watch = live(tmp_path / "home", f"tail:{file}")
    keep, steps = watch.folding._keep, [0]

    def breaking(*args: object) -> None:
        steps[0] += 1
        if steps[0] == 3:
            raise KeyboardInterrupt
        keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(watch.folding, "_keep", breaking)
    with pytest.raises(KeyboardInterrupt):
        watch.run(until_folded(watch, len(log())))
    again = live(tmp_path / "home", f"tail:{file}")
    again.run(until_folded(again, len(log())))
    assert kept(tmp_path / "home") == scanned()


def test_a_fault_of_a_codec_does_not_end_the_watch(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    said: list[str] = []
    watch = live(tmp_path / "home", f"tail:{file}", say=said.append)
    codec = watch.folding.intake.feeds[1000].codec
    feed, calls = codec.feed, [0]

    def failing(pieces: object) -> object:
        calls[0] += 1
        if calls[0] == 2:
            raise ZeroDivisionError("a fault")
        return feed(pieces)  # type: ignore[arg-type]

    monkeypatch.setattr(codec, "feed", failing)
    monkeypatch.setattr("sargas.feeds.live.files.READ_BYTES", len(log()) // 5)
    watch.run(until_folded(watch, len(log())))
    assert sum("fault of sargas" in text for text in said) == 1
    assert watch.folding.counted["decoder_failed"] == 1
    assert watch.folding.intake.fixes[1000] > len(traffic().fixes) // 2


def test_who_ends_a_watch_does_not_have_to_wait_for_the_disk(tmp_path, monkeypatch):
    file = tmp_path / "log.nmea"
    file.write_bytes(log())
    monkeypatch.setattr(running, "RETRY_S", 0.1)
    watch = live(tmp_path / "home", f"tail:{file}")

    def refusing() -> None:
        raise StoreError("Cannot publish alerts: No space left on device.")

    monkeypatch.setattr(watch.folding, "publish", refusing)

    def ask() -> None:
        eventually(lambda: watch.refusal, "the refusal")
        os.kill(os.getpid(), signal.SIGINT)

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises((KeyboardInterrupt, StoreError)):
        watch.run()
    asking.join()
    again = live(tmp_path / "home", f"tail:{file}")
    again.run(until_folded(again, len(log())))
    assert kept(tmp_path / "home") == scanned()


def test_a_codec_of_another_version_forgets_no_place(tmp_path, monkeypatch):
    """Half a message may be lost by an upgrade; the file is not read from its beginning again."""
    file = tmp_path / "log.nmea"
    file.write_bytes(log()[: len(log()) // 2])
    first = live(tmp_path / "home", f"tail:{file}")
    first.run(until_folded(first, file.stat().st_size))
    monkeypatch.setattr("sargas.decode.saving.VERSION", 99)
    second = live(tmp_path / "home", f"tail:{file}")
    place = second.folding.place_of(1000)
    second.end()
    assert place is not None
    assert place.taken_bytes == file.stat().st_size
    assert second.folding.intake.fixes[1000] == first.folding.intake.fixes[1000] > 0
