"""The live watch as a whole, fed by what is no NMEA: the alerts are those of the same sentences."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest
from frames import Bits, frame
from tests.laws.test_fold import LATENESS_MS
from tests.live.lines import kept, links, log, scanned
from tests.live.senders import eventually
from tests.watch.tracks import watch
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve
from wires import background, publisher, tcp_server

from sargas.cli.live.running import LiveWatch
from sargas.feeds.live import make_codec
from sargas.feeds.live.base import Piece
from sargas.feeds.live.supervise import Backoff
from sargas.feeds.live.url import parse_feed_url
from sargas.model.alerts import CLOSED, OPEN
from sargas.model.fixes import Batch, Fixes, Statics
from sargas.store import Archive, Home

COMPILED_S = 240.0
"""The first test of a fresh clone compiles the kernels of the watch."""
T_S = 1_764_500_000
LINE = re.compile(rb"c:(\d+).*?!AIVDM,(\d),(\d),(\d?),\w?,([^,]*),(\d)")


def payloads():
    """The log of the laws: time and bits of each message."""
    out, first = [], b""
    for line in log().splitlines():
        t_s, n, part, _, payload, fill = LINE.search(line).groups()
        first = payload if part == b"1" else first + payload
        if part == n:
            out.append((int(t_s), Bits(first.decode(), int(fill))))
    return out


def frames():
    """The same as frames of aisstream.io, with their time in seconds."""
    return [
        (t_s, frame(bits, datetime.fromtimestamp(t_s, UTC).strftime("%F %T +0000 UTC")))
        for t_s, bits in payloads()
    ]


def live(home, *addresses):
    urls = [parse_feed_url(text) for text in addresses]
    return LiveWatch(urls, home, make_backoff=lambda: Backoff(0.05, 0.2))


class Running:
    """A live watch in a thread of its own."""

    def __init__(self, watch):
        self.watch, self.stop = watch, threading.Event()
        self.thread = threading.Thread(target=watch.run, args=(self.stop.is_set,))

    def __enter__(self):
        self.thread.start()
        return self.watch

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture(scope="module")
def stream():
    said = [one for _, one in frames()]
    connections = []

    def talk(connection):
        connections.append(json.loads(connection.recv()))
        for k, one in enumerate(said):
            connection.send(one)
            if len(connections) == 1 and k == len(said) // 2:
                return  # cut in the middle, once: what comes again are copies
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    server = serve(talk, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.socket.getsockname()[1], len(said), connections
    server.shutdown()
    thread.join(60)


def test_frames_of_aisstream_raise_the_alerts_of_their_sentences(stream, tmp_path, secret_file):
    """The line is cut in the middle, and all is sent once more: what was heard before is late."""
    port, n, connections = stream
    server = f"server=ws://127.0.0.1:{port}/v0/stream"
    watch = live(tmp_path / "home", f"aisstream:#{server},{secret_file('key')},idle=300")
    codec = next(iter(watch.folding.intake.feeds.values())).codec
    with Running(watch):
        eventually(lambda: codec.lines >= n + n // 2 + 1, "all frames", COMPILED_S)
    assert len(connections) == 2
    assert kept(tmp_path / "home") == scanned()
    assert codec.counts["message"].count == codec.lines
    with Archive(Home(tmp_path / "home", create=False)) as archive:
        track = archive.track(0, 230_000_002, 0, 2**45)
        assert len(track) == sum(
            bits.u(8, 30) == 230_000_002 and bits.u(0, 6) < 4 for _, bits in payloads()
        )


def test_reports_that_come_by_two_feeds_are_folded_once():
    """Sentences by one, frames of aisstream.io by the other, in the order of their time."""
    by_line, by_frame = make_codec("nmea", 1), make_codec("aisstream", 2)
    batches = [by_line.feed([Piece(0, log())])]
    batches.append(by_frame.feed([Piece(t_s * 1000, one) for t_s, one in frames()]))
    fixes = Fixes.concat(b.fixes for b in batches)
    statics = Statics.concat(b.statics for b in batches)
    folded = watch(lateness_ms=LATENESS_MS)
    order = np.argsort(fixes.t_ms, kind="stable")
    alerts = folded.push(Batch(fixes.take(order), statics)).alerts
    assert frozenset(alert.to_json() for alert in alerts) == scanned()
    folded.flush()
    assert len(batches[0].fixes) == len(batches[1].fixes)
    assert folded.tally()["duplicate"] == len(batches[0].fixes)


def test_positions_by_mqtt_are_kept_over_stops_of_broker_and_watch(brokers, tmp_path):
    broker = brokers()
    address = f"mqtt://127.0.0.1:{broker.port}#name=fi,idle=300"
    home = tmp_path / "home"
    sent = 0

    def send(n, codec):
        """Sends `n` positions once the watch is subscribed, and waits until they are folded."""
        nonlocal sent
        lines = codec.lines
        with publisher(broker) as client:
            for k in range(sent, sent + n):
                said = {"time": T_S + 10 * k, "lon": 20 + k / 1e4, "lat": 59.5, "sog": 11}
                client.publish("vessels-v2/230985000/location", json.dumps(said))
            eventually(lambda: codec.lines == lines + n, "all messages", COMPILED_S)
        sent += n

    for _ in range(2):  # the watch is stopped and goes on
        watch = live(home, address)
        codec = next(iter(watch.folding.intake.feeds.values())).codec
        health = next(iter(watch.receiver.health.values()))
        with Running(watch):
            eventually(lambda: health.connections == 1, "the connection")  # noqa: B023
            send(30, codec)
            broker.stop()
            eventually(lambda: health.reason, "the loss of the broker")  # noqa: B023
            assert broker.start()
            eventually(lambda: health.connections == 2, "the broker again")  # noqa: B023
            send(30, codec)
    assert codec.lines == codec.counts["message"].count == 120
    with Archive(Home(home, create=False)) as archive:
        track = archive.track(0, 230_985_000, 0, 2**45)
    assert track.t_ms.tolist() == [(T_S + 10 * k) * 1000 for k in range(120)]
    assert track.lon_raw.tolist() == [12_000_000 + 60 * k for k in range(120)]


def test_lists_are_folded_once_and_their_standing_still_is_told(tmp_path, monkeypatch):
    """A service asked again and again; then its list stands still, as a dead server's does."""
    body = [b""]

    async def talk(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body[0])}\r\n\r\n".encode()
                writer.write(head + body[0])
                await writer.drain()

    def tell(k):
        now_ms = time.time_ns() // 1_000_000
        body[0] = json.dumps(
            {
                "features": [
                    {
                        "geometry": {"coordinates": [20 + k / 1e4, 59.5]},
                        "properties": {"mmsi": 230985000, "timestampExternal": now_ms},
                    }
                ]
            }
        ).encode()

    with background(tcp_server(talk)) as port:
        address = f"http://127.0.0.1:{port}/api/ais/v1/locations#name=fi,every=0.05,idle=1.5"
        watch = live(tmp_path / "home", address)
        codec = next(iter(watch.folding.intake.feeds.values())).codec

        def count(reason):
            return codec.counts[reason].count if reason in codec.counts else 0

        with Running(watch):
            for k in range(6):
                tell(k)
                eventually(lambda: count("message") == k + 1, "a new row", COMPILED_S)  # noqa: B023
            standing = count("repeated")
            eventually(
                lambda: links(tmp_path / "home") and links(tmp_path / "home")[-1].state == OPEN,
                "the alert",
                COMPILED_S,
            )
            assert count("repeated") > standing
            tell(6)
            eventually(lambda: links(tmp_path / "home")[-1].state == CLOSED, "its end")
    assert "no report received" in next(a.text for a in links(tmp_path / "home"))
    with Archive(Home(tmp_path / "home", create=False)) as archive:
        assert archive.track(0, 230_985_000, 0, 2**45).lon_raw.tolist() == [
            12_000_000 + 60 * k for k in range(7)
        ]
