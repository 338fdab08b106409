"""WebSockets: a server of sentences, and a look-alike of aisstream.io.

The look-alike does what the service is known to do: it wants a subscription within three seconds,
refuses a wrong key with a frame that says so, and sends frames as its definition has them. The
service itself was never reached by these tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from base64 import b64decode

import pytest
from frames import Bits, frame
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from wires import at_rest, collect, run, take, tcp_server, until

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import make_codec, net, websocket
from sargas.feeds.live.aisstream import KINDS
from sargas.feeds.live.base import Piece
from sargas.feeds.live.framing import parted

T_MS = 1_722_320_263_375
LINE = "!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
KEY = "0123456789abcdef0123456789abcdef"
FRAME = frame(Bits("13HOI:0P0000VOHLCnHQKwvL05Ip"), "2024-07-30 06:17:43.375540658 +0000 UTC")


class Aisstream:
    """A look-alike of aisstream.io.

    Attributes:
        frames: what each subscriber gets, `times` over (None: for ever); heard: the subscriptions.
        sent: frames sent.
    """

    def __init__(self, frames: list[bytes], *, times: int | None = 1) -> None:
        self.frames, self.times = frames, times
        self.heard: list[dict] = []
        self.sent = 0

    async def talk(self, connection: ServerConnection) -> None:
        try:
            async with asyncio.timeout(3):
                said = json.loads(await connection.recv())
        except TimeoutError:
            await connection.close(1008, "no subscription")
            return
        self.heard.append(said)
        if said.get("APIKey") != KEY:
            await connection.send('{"error":"Api Key Is Not Valid"}')
            return
        k = 0
        with contextlib.suppress(ConnectionClosed):
            while self.times is None or k < self.times:
                for one in self.frames:
                    await connection.send(one)
                    self.sent += 1
                k += 1
            await connection.wait_closed()


@contextlib.asynccontextmanager
async def serving(talk, port=0, **options):
    async with serve(talk, "127.0.0.1", port, **options) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def aisstream(transport_of, secret_file):
    """Gives the transport for a look-alike at a port."""

    def make(port, more="", key=KEY, scheme="ws"):
        option = secret_file(key)
        return transport_of(
            f"aisstream:#server={scheme}://127.0.0.1:{port}/v0/stream,{option}{more}"
        )

    return make


def test_frames_of_the_service_become_rows(aisstream):
    async def main():
        service = Aisstream([FRAME] * 5 + [b'{"MessageType":"Else","Message":{}}'])
        async with serving(service.talk) as port:
            transport = aisstream(port)
            pieces = await take(transport, 6)
        said = service.heard[0]
        assert said["BoundingBoxes"] == [[[53.5, 9.0], [66.0, 30.5]]]
        assert set(said["FilterMessageTypes"]) == set(KINDS)
        codec = make_codec(transport.codec, 0)
        batch = codec.feed([Piece(T_MS, piece) for piece in pieces])
        assert batch.fixes.subject_id.tolist() == [227006760] * 5
        assert len(set(batch.fixes.payload_hash.tolist())) == 1
        assert {k: v.count for k, v in codec.counts.items()} == {"message": 5, "wrong_type": 1}

    run(main())


def test_a_box_and_vessels_of_ones_own(aisstream):
    async def main():
        service = Aisstream([FRAME])
        async with serving(service.talk) as port:
            await take(aisstream(port, ",bbox=18;57;31;66,mmsi=230145250;265547250"), 1)
        assert service.heard[0]["BoundingBoxes"] == [[[57.0, 18.0], [66.0, 31.0]]]
        assert service.heard[0]["FiltersShipMMSI"] == ["230145250", "265547250"]

    run(main())


def test_a_wrong_key_is_the_users_to_mend_and_stays_secret(aisstream, caplog):
    caplog.set_level(logging.DEBUG)

    async def main():
        service = Aisstream([FRAME])
        async with serving(service.talk, logger=logging.getLogger("quiet")) as port:
            with pytest.raises(UsageError, match="refuses the key") as caught:
                await take(aisstream(port, key="a-guess-of-a-key"), 1)
        assert service.heard[0]["APIKey"] == "a-guess-of-a-key"
        ours = [r.getMessage() for r in caplog.records if r.name != "quiet"]
        assert "a-guess-of-a-key" not in str(caught.value) + " ".join(ours)

    run(main())


def test_without_a_key_it_says_where_to_put_it(transport_of, monkeypatch):
    monkeypatch.delenv("SARGAS_AISSTREAM_SECRET", raising=False)
    with pytest.raises(UsageError, match="SARGAS_AISSTREAM_SECRET"):
        run(take(transport_of("aisstream:"), 1))


def test_the_key_is_not_sent_in_clear_over_a_network(transport_of, secret_file):
    option = secret_file(KEY)
    with pytest.raises(UsageError, match="unencrypted"):
        run(take(transport_of(f"aisstream:#server=ws://192.0.2.1/v0/stream,{option}"), 1))


def test_the_key_does_not_follow_a_redirect(aisstream):
    async def main():
        service = Aisstream([FRAME])
        async with serving(service.talk) as elsewhere:

            def redirect(connection, request):
                answer = connection.respond(307, "")
                answer.headers["Location"] = f"ws://127.0.0.1:{elsewhere}/v0/stream"
                return answer

            async with serving(service.talk, process_request=redirect) as port:
                with pytest.raises(FeedUnavailableError, match="307"):
                    await take(aisstream(port), 1)
        assert service.heard == []

    run(main())


def test_tls_is_verified(aisstream, server_tls, certificates):
    async def main():
        service = Aisstream([FRAME])
        async with serving(service.talk, ssl=server_tls) as port:
            assert await take(aisstream(port, f",ca={certificates['ca']}", scheme="wss"), 1)
            for more in ("", f",ca={certificates['other']}"):
                with pytest.raises(FeedUnavailableError, match="certificate"):
                    await take(aisstream(port, more, scheme="wss"), 1)
        assert len(service.heard) == 1

    run(main())


def test_a_service_that_closes_and_comes_back(aisstream):
    async def main():
        async def close(connection):
            await connection.recv()
            await connection.send(FRAME)
            await connection.close(1013, "try again later")

        got = []
        async with serving(close) as port:
            transport = aisstream(port)
            with pytest.raises(FeedUnavailableError, match="1013 'try again later'"):
                await collect(transport, got)
        assert got == [FRAME]
        with pytest.raises(FeedUnavailableError, match="no WebSocket"):
            await take(transport, 1)
        async with serving(Aisstream([FRAME]).talk, port):
            assert await take(transport, 1) == [FRAME]

    run(main())


def test_a_cut_line_is_noticed(aisstream):
    async def main():
        async def cut(connection):
            await connection.recv()
            await connection.send(FRAME)
            connection.transport.abort()

        async with serving(cut) as port:
            with pytest.raises(FeedUnavailableError, match="was closed"):
                await collect(aisstream(port))

    run(main())


def test_a_half_open_line_is_noticed_by_pings(aisstream, monkeypatch):
    """The other side is still there for the system, but answers nothing any more."""
    connect = websocket._Connect
    monkeypatch.setattr(
        websocket, "_Connect", lambda *a, **k: connect(*a, ping_interval=0.2, ping_timeout=0.5, **k)
    )

    async def main():
        async def dumb(connection):
            await connection.recv()
            await connection.send(FRAME)
            connection.transport.pause_reading()
            await over.wait()
            connection.transport.abort()

        over = asyncio.Event()
        async with serving(dumb) as port:
            transport = aisstream(port)
            got = []
            with pytest.raises(FeedUnavailableError, match="1011"):
                await collect(transport, got)
            assert got == [FRAME]
            over.set()

    run(main())


def test_a_server_that_never_greets(aisstream, monkeypatch):
    monkeypatch.setattr(net, "OPEN_S", 0.3)

    async def main():
        async def silent(reader, writer):
            await reader.read()

        async with tcp_server(silent) as port:
            with pytest.raises(FeedUnavailableError, match="timed out"):
                await take(aisstream(port), 1)

    run(main())


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 500 Oops\r\n\r\n", b"\x00\xff\x00\xff" * 100, b"SSH-2.0-OpenSSH\r\n", b""]
)
def test_a_server_of_something_else(aisstream, said):
    async def main():
        async def other(reader, writer):
            writer.write(said)
            await writer.drain()
            writer.close()

        async with tcp_server(other) as port:
            with pytest.raises(FeedUnavailableError):
                await take(aisstream(port), 1)

    run(main())


def test_garbage_in_frames_is_counted(aisstream):
    junk = [b"\x00" * 50, b"{", b"[[[[", b"null", b'{"error":5}', b'{"error":"\xff"}', b"x"]

    async def main():
        service = Aisstream([*junk, FRAME])
        async with serving(service.talk) as port:
            pieces = await take(aisstream(port), len(junk) + 1)
        codec = make_codec("aisstream", 0)
        assert len(codec.feed([Piece(T_MS, piece) for piece in pieces]).fixes) == 1
        assert codec.lines == len(junk) + 1

    run(main())


def test_a_frame_too_long_ends_the_connection(aisstream):
    async def main():
        service = Aisstream([FRAME, b"x" * (websocket.MAX_FRAME + 1)])
        async with serving(service.talk) as port:
            with pytest.raises(FeedUnavailableError, match="1009"):
                await collect(aisstream(port))

    run(main())


def test_a_flood_waits_in_the_services_socket(aisstream):
    async def main():
        big = FRAME + b" " * 8000
        service = Aisstream([big], times=None)
        async with (
            serving(service.talk, compression=None) as port,
            contextlib.aclosing(aisstream(port).pieces()) as pieces,
        ):
            assert set(parted(await anext(pieces))) == {big}
            held = await at_rest(lambda: service.sent)
            assert held * len(big) < 32 << 20
            read = 0
            while read < held + 100:
                frames = parted(await anext(pieces))
                assert set(frames) == {big}
                read += len(frames)
            assert service.sent > held

    run(main())


def test_closing_the_pieces_closes_the_connection(aisstream):
    async def main():
        ended = []

        async def talk(connection):
            await connection.recv()
            await connection.send(FRAME)
            await connection.wait_closed()
            ended.append(True)

        async with serving(talk) as port:
            await take(aisstream(port), 1)
            await until(lambda: bool(ended))

    run(main())


# ---- sentences -----------------------------------------------------------------------------------


def test_sentences_of_text_and_of_bytes(transport_of):
    async def main():
        async def talk(connection):
            await connection.send(LINE)
            await connection.send(LINE + "\r\n" + LINE + "\r\n")
            for cut in (LINE[:10], LINE[10:], "\r\n"):
                await connection.send(cut.encode())
            await connection.wait_closed()

        async with serving(talk) as port:
            transport = transport_of(f"ws://127.0.0.1:{port}/nmea")
            assert transport.codec == "nmea"
            text = b""
            async with contextlib.aclosing(transport.pieces()) as pieces:
                while text.count(b"\n") < 4:
                    text += await anext(pieces)
        lines = text.split(b"\n")
        assert [line.strip() for line in lines] == [LINE.encode()] * 4 + [b""]

    run(main())


def test_user_and_password_of_a_server(transport_of, secret_file):
    async def main():
        seen = []

        def check(connection, request):
            seen.append(request.headers.get("Authorization", ""))
            if seen[-1] != "Basic " + "d2F0Y2g6b3BlbiBzZXNhbWU=":
                return connection.respond(401, "")
            return None

        async def talk(connection):
            await connection.send(LINE)
            await connection.wait_closed()

        async with serving(talk, process_request=check) as port:
            text = f"ws://watch@127.0.0.1:{port}/#"
            assert await take(transport_of(text + secret_file("open sesame")), 1)
            assert b64decode(seen[0].split()[1]) == b"watch:open sesame"
            with pytest.raises(UsageError, match="401"):
                await take(transport_of(text + secret_file("else")), 1)

    run(main())


def test_a_secret_that_the_server_wants_in_the_query(transport_of, secret_file, caplog):
    caplog.set_level(logging.DEBUG)

    async def main():
        asked = []

        def check(connection, request):
            asked.append((request.path, request.headers.get("Authorization")))
            return None if len(asked) == 1 else connection.respond(401, "")

        async def talk(connection):
            await connection.send(LINE)
            await connection.wait_closed()

        quiet = logging.getLogger("quiet")
        async with serving(talk, process_request=check, logger=quiet) as port:
            text = f"ws://127.0.0.1:{port}/nmea?station=3#query=key,{secret_file('open sesame')}"
            assert await take(transport_of(text), 1)
            with pytest.raises(UsageError, match="401") as caught:
                await take(transport_of(text), 1)
            with pytest.raises(UsageError, match="401"):
                await take(transport_of(text.replace("/nmea", "/mqtt")), 1)
            with pytest.raises(UsageError, match="unencrypted") as other:
                await take(transport_of(text.replace("127.0.0.1", "h.example")), 1)
            assert "sesame" not in str(other.value)
        assert asked[0] == ("/nmea?station=3&key=open+sesame", None)
        assert asked[2][0] == "/mqtt?station=3&key=open+sesame"
        said = str(caught.value) + "".join(
            r.getMessage() for r in caplog.records if r.name != "quiet"
        )
        assert "sesame" not in said
        assert "station=3" not in said

    run(main())


def test_a_proxy_that_is_none_is_told_without_its_password(transport_of, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://anna:hunter2@/")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(FeedUnavailableError, match="proxy") as caught:
        run(take(transport_of("wss://station.example/nmea"), 1))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("aisstream:#bbox=1;2;3", "bbox"), ("aisstream:#bbox=30;50;20;60", "bbox"),
        ("aisstream:#mmsi=12", "nine digits"), ("aisstream:?box=1", "bbox"),
        ("aisstream:#server=http://h/x", "wss"), ("ws://127.0.0.1:1#format=x", "options"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused(transport_of, text, hint):
    with pytest.raises(UsageError, match=hint):
        transport_of(text)


def test_nobody_there(transport_of):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        with pytest.raises(FeedUnavailableError, match="no WebSocket"):
            run(take(transport_of(f"ws://127.0.0.1:{port}/"), 1))
