"""Targets: what sargas itself wrote, after damage: journal, states, backups, bundles, homes.

These files are trusted: who may write them may do more than crash a reader. What is promised is
that damage is found: a state that is not whole is refused with `StateVersionError`, and the watch
begins anew; a journal, a backup, a home is told to be damaged, and where.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.seeds import as_json
from fuzz.target import BINARY, JSON, Target, demand, folder, written
from sargas.cli.live.folding import State
from sargas.cli.live.saving import VERSION, pack, unpack
from sargas.feeds.live.files import TailTransport, continues
from sargas.feeds.live.url import parse_feed_url
from sargas.model.arrow import fixes_from_arrow
from sargas.model.assets import AssetSet
from sargas.reference.geography import shipped_geography
from sargas.reference.shipped import shipped_assets
from sargas.share.bundle import check_bytes
from sargas.store.backup import back_up
from sargas.store.feed_book import FeedBook
from sargas.store.files import ShardFile, read_table
from sargas.store.home import Home
from sargas.store.journal import _CHECKED, DATA, OPENED, Journal
from sargas.store.restore import check_backup, restore
from sargas.store.verify import verify_home
from sargas.watch.fold import Watch
from sargas.watch.links import FeedLinks, FeedTerms

ROOM_BYTES = 64 << 20


def journal(data: bytes) -> None:
    """Open a journal whose newest file is this, read all of it, and go on writing."""
    where = folder() / "journal"
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    (where / f"{0:020d}.log").write_bytes(data)
    opened = Journal(where)
    try:
        before = opened.read(0, 1 << 30)
        end = opened.append(1, DATA, 1_735_122_360_000, b"more")
        after = opened.read(0, 1 << 30)
        demand(len(after) == len(before) + 1 and after[-1].data == b"more", "what is new is read")
        demand(end == opened.end == after[-1].end, "the end is that of the last record")
        demand(sum(map(len, (r.data for r in before))) <= len(data), "nothing is made up")
    finally:
        opened.close()


def journals() -> Sequence[bytes]:
    """Give journals: some records, and one that is torn."""
    out = b""
    for kind, content in (
        (OPENED, b""),
        (DATA, b"!AIVDM,1,1,,A,13HOI,0*00\r\n"),
        (DATA, b"x" * 99),
    ):
        head = _CHECKED.pack(len(content), 1, kind, 1_735_122_360_000)
        out += head + zlib.crc32(content, zlib.crc32(head)).to_bytes(4, "little") + content
    return [out, out[:-5], out[:60]]


@cache
def watch() -> Watch:
    """Make a watch over one asset."""
    return Watch(AssetSet(shipped_assets().assets[:1]), shipped_geography())


def links() -> FeedLinks:
    """Make what follows one feed."""
    return FeedLinks([FeedTerms(1, "north", 60_000, 60_000)], "r", "g")


def live_state(data: bytes) -> None:
    """Take up what may be the committed state of a live watch."""
    state = unpack(data, VERSION, State)
    links().load(state.links)
    watch().load(state.watch)


def live_states() -> Sequence[bytes]:
    """Give a committed state."""
    followed = links()
    followed.silent(1, 1_060_000, "connection refused")
    state = State({}, followed.dump(), {}, {"a": 1}, {1: 3}, watch=watch().dump())
    return [pack(state)[0]]


def watch_state(data: bytes) -> None:
    """Take up what may be the state of a watch."""
    watch().load(data)


def links_state(data: bytes) -> None:
    """Take up what may be the state of the lines to feeds; what is taken up can be written."""
    followed = links()
    followed.load(data)
    followed.dump()


def feed_place(data: bytes) -> None:
    """Take up what may be the place in a file that is read on."""
    TailTransport(parse_feed_url("tail:/nowhere")).resume(data, 5)
    continues(data, 5, b'{"file": "1:2", "position": 10}')


def backup(data: bytes) -> None:
    """Check a backup, and make a home of it; a damaged one leaves nothing."""
    path = written("home.backup", data)
    checked = check_backup(path, limit=ROOM_BYTES)
    to = folder() / "restored"
    shutil.rmtree(to, ignore_errors=True)
    try:
        restore(path, to)
        demand(not checked.findings, "what is damaged is not restored")
    finally:
        left = to.exists() and bool(checked.findings)
        shutil.rmtree(to, ignore_errors=True)
        demand(not left, "a damaged backup leaves nothing")


@cache
def a_home() -> Path:
    """Make a home with rows of a day and a ledger."""
    from fuzz.seeds import sample
    from sargas.decode import AisDecoder
    from sargas.feeds.nmea import fixes_of, statics_of
    from sargas.store.ledger import Ledger
    from sargas.store.shards import ShardWriter

    home = Home(folder() / "home")
    tables = AisDecoder().feed(sample("ais/libais-tagblock.nmea"))
    fixes, statics = fixes_of(tables.fixes), statics_of(tables.static)
    with ShardWriter(home) as writer:
        writer.append(fixes)
        writer.append_statics(statics)
    Ledger(home).close()
    return home.path


def backups() -> Sequence[bytes]:
    """Give a backup with and without compression."""
    out = []
    for name in ("a.tar", "a.tar.zst"):
        path = folder() / name
        path.unlink(missing_ok=True)
        back_up(Home(a_home(), create=False), path, created="2024-12-25T10:26:00Z", version="0")
        out.append(path.read_bytes())
    return out


def shard(data: bytes) -> None:
    """Check a home of which one shard is this: its rows are those of its name, or that is told."""
    path = a_shard()
    before = path.read_bytes()
    path.write_bytes(data)
    try:
        checked = verify_home(Home(a_home(), create=False), deep=True)
        if checked.findings:
            return
        rows = read_table(ShardFile(path, 0, 0))
    finally:
        path.write_bytes(before)
    # Degrees beside the integers of the wire are for other programs: sargas does not read them.
    now, then = fixes_from_arrow(rows).columns(), fixes_from_arrow(whole_rows()).columns()
    demand(all((now[n] == then[n]).all() for n in then), "changed rows are found")


@cache
def whole_rows() -> Any:  # noqa: ANN401 - pyarrow has no stubs
    """Give the rows of the shard."""
    return read_table(ShardFile(a_shard(), 0, 0))


def a_shard() -> Path:
    """Give a shard of the home."""
    return min(a_home().glob("fixes/day=*/shard=*/*.parquet"))


def ledger(data: bytes) -> None:
    """Check a home of which the ledger is this; not every change of a page is damage."""
    path = a_home() / "sargas.db"
    before = path.read_bytes()
    path.write_bytes(data)
    try:
        verify_home(Home(a_home(), create=False))
    finally:
        path.write_bytes(before)


def home_settings(data: bytes) -> None:
    """Open a home of which the settings are this."""
    where = folder() / "settings-home"
    where.mkdir(exist_ok=True)
    (where / "home.json").write_bytes(data)
    demand(1 <= Home(where, create=False).shards <= 99, "the number of shards is bounded")


def feed_names(data: bytes) -> None:
    """Read the names of a home's feeds."""
    where = folder() / "feeds-home"
    if not (where / "home.json").exists():
        Home(where)
    (where / "feeds.json").write_bytes(data)
    FeedBook(Home(where, create=False)).names()


def bundle(data: bytes) -> None:
    """Check an evidence bundle."""
    checked = check_bytes(data)
    demand(len(checked.sha256) == 64, "a bundle has a hash")
    demand(all(isinstance(fault, str) for fault in checked.faults), "faults are words")


def bundles() -> Sequence[bytes]:
    """Give a small bundle as sargas packs it."""
    import hashlib

    from sargas.share.bundle import FORMAT, MANIFEST, _zipped

    files = {"alert.json": b"{}", "README.txt": b"An alert.\n"}
    listed = {
        n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()
    }
    said = json.dumps({"format": FORMAT, "files": listed}).encode()
    return [_zipped(files | {MANIFEST: said})]


TARGETS = (
    Target("journal", journal, ("sargas.store.journal",), journals, kind=BINARY),
    Target(
        "live-state", live_state, ("sargas.cli.live.saving",), live_states, kind=BINARY,
        guided=False,
    ),
    Target(
        "watch-state", watch_state, ("sargas.watch.fold", "sargas.watch.judge"),
        lambda: [watch().dump()], kind=BINARY,
    ),
    Target(
        "links-state", links_state, ("sargas.watch.links",),
        lambda: [links().dump(), _silent()], kind=BINARY,
    ),
    Target(
        "feed-place", feed_place, ("sargas.feeds.live.files",),
        lambda: as_json({"file": "1:2", "position": 10}), kind=JSON,
    ),
    Target(
        "backup", backup, ("sargas.store.backup_file", "sargas.store.restore"), backups,
        kind=BINARY,
    ),
    Target(
        "shard", shard, ("sargas.store.files", "sargas.store.verify"),
        lambda: [a_shard().read_bytes()], kind=BINARY,
    ),
    Target(
        "ledger", ledger, ("sargas.store.verify_ledger",),
        lambda: [(a_home() / "sargas.db").read_bytes()], kind=BINARY, guided=False,
    ),
    Target(
        "home-settings", home_settings, ("sargas.store.home",),
        lambda: [(a_home() / "home.json").read_bytes()], kind=JSON,
    ),
    Target(
        "feed-names", feed_names, ("sargas.store.feed_book",),
        lambda: as_json({"format": 1, "feeds": {"north": {"number": 1, "address": "tcp://h:1"}}}),
        kind=JSON,
    ),
    Target("bundle", bundle, ("sargas.share.bundle",), bundles, kind=BINARY),
)  # fmt: skip


def _silent() -> bytes:
    followed = links()
    followed.silent(1, 1_060_000, "connection refused")
    return followed.dump()
