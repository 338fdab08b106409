"""Polling by HTTP: look-alikes of Digitraffic's REST service and of AISHub, and odd servers.

They answer in the shape of the services' documentation; the services themselves were never
reached by these tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import time
import zlib
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from wires import at_rest, collect, run, take, tcp_server, until

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import make_codec, polling
from sargas.feeds.live.base import Piece

T_S = 1_764_500_000
T_MS = T_S * 1000
LINES = [f"!AIVDM,1,1,,A,line{k},0*00\n".encode() for k in range(9)]
EVERY = "every=0.02"


class Server:
    """HTTP by hand: `answer` makes status, headers and body of each request.

    Attributes:
        asked: targets and headers of the requests. when: on the clock of the loop.
    """

    def __init__(self, answer: Callable[[str, dict[str, str]], tuple[int, dict, bytes]]):
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.when: list[float] = []

    async def talk(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in rest if ": " in line)
            target = first.split()[1]
            self.asked.append((target, headers))
            self.when.append(time.monotonic())
            status, more, body = self.answer(target, headers)
            said = {"content-length": str(len(body))} | more
            lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in said.items())]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await writer.drain()


def serving(answer):
    server = Server(answer)
    return server, tcp_server(server.talk)


def feature(mmsi, t_ms=T_MS, **said):
    return {
        "mmsi": mmsi, "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [20.5, 60.0]},
        "properties": {"mmsi": mmsi, "sog": 1.0, "timestampExternal": t_ms} | said,
    }  # fmt: skip


def locations(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def digitraffic(bodies):
    """A look-alike of the REST service, as far as it is known: gzip or 406, a tag, a list."""
    left = list(bodies)

    def answer(target, headers):
        if "gzip" not in headers.get("accept-encoding", ""):
            return 406, {}, b""
        body = left.pop(0) if len(left) > 1 else left[0]
        tag = f'"{zlib.crc32(body)}"'
        if headers.get("if-none-match") == tag:
            return 304, {"etag": tag}, b""
        packed = gzip.compress(body)
        return 200, {"etag": tag, "content-encoding": "gzip"}, packed

    return answer


async def rows(transport, n):
    """Takes pieces until `n` fixes were read."""
    codec = make_codec(transport.codec, 0)
    fixes = []
    async with contextlib.aclosing(transport.pieces()) as pieces:
        async for piece in pieces:
            fixes += codec.feed([Piece(T_MS, piece)]).fixes.subject_id.tolist()
            if len(fixes) >= n:
                return fixes, codec
    raise AssertionError


def test_lists_of_digitraffic_become_rows_once(transport_of):
    one, two = feature(230000001), feature(230000002)
    moved = feature(230000001, T_MS + 5000, sog=2.0)
    server, lookalike = serving(
        digitraffic([locations(one), locations(one), locations(one, two), locations(moved, two)])
    )

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/locations#{EVERY}")
            fixes, codec = await rows(transport, 3)
        assert fixes == [230000001, 230000002, 230000001]
        assert {k: v.count for k, v in codec.counts.items()} == {"message": 3, "repeated": 2}

    run(main())
    headers = [headers for _, headers in server.asked]
    assert all(h["digitraffic-user"].startswith("sargas") for h in headers)
    assert "if-none-match" not in headers[0]
    assert "if-none-match" in headers[1]


def test_the_list_of_vessels(transport_of):
    vessel = {"mmsi": 255805753, "name": "X", "timestamp": T_MS, "draught": 61}
    _, lookalike = serving(digitraffic([json.dumps([vessel]).encode()]))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/vessels#{EVERY}")
            (piece,) = await take(transport, 1)
        batch = make_codec(transport.codec, 0).feed([Piece(T_MS, piece)])
        assert batch.statics.draught_dm.tolist() == [61]

    run(main())


def test_nothing_new_is_an_empty_piece(transport_of):
    _, lookalike = serving(digitraffic([locations(feature(230000001))]))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/locations#{EVERY}")
            pieces = await take(transport, 3, empty=True)
        assert [bool(piece) for piece in pieces] == [True, False, False]

    run(main())


def test_what_was_not_taken_is_asked_for_again(transport_of):
    server, lookalike = serving(digitraffic([locations(feature(230000001))]))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/locations#{EVERY}")
            for _ in range(2):  # closed before the next piece was asked for
                assert (await take(transport, 1))[0].startswith(b"{")
        assert all("if-none-match" not in headers for _, headers in server.asked)

    run(main())


def test_a_text_that_grows_and_rolls(transport_of):
    whole = [LINES[0:2], LINES[0:2], LINES[0:3], LINES[1:5], LINES[5:7], [], LINES[6:8]]
    texts = [b"".join(lines) for lines in whole]
    _, lookalike = serving(
        lambda target, headers: (200, {}, texts.pop(0) if len(texts) > 1 else texts[0])
    )

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/log.nmea#{EVERY}")
            assert transport.codec == "nmea"
            pieces = await take(transport, 5)
        assert b"".join(pieces) == b"".join(LINES[:8])

    run(main())


def test_the_server_is_not_asked_more_often_than_agreed(transport_of):
    server, lookalike = serving(lambda target, headers: (503, {}, b""))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/x#every=0.3")
            for _ in range(4):  # a supervisor that comes back at once
                with pytest.raises(FeedUnavailableError, match="503"):
                    await take(transport, 1)

    run(main())
    steps = [b - a for a, b in zip(server.when, server.when[1:], strict=False)]
    assert len(steps) == 3
    assert min(steps) > 0.25


def test_a_server_that_asks_to_wait_is_heeded(transport_of):
    statuses = [(429, {"retry-after": "1"}, b""), (200, {}, LINES[0])]
    server, lookalike = serving(lambda target, headers: statuses.pop(0))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/x#{EVERY}")
            with pytest.raises(FeedUnavailableError, match="429"):
                await take(transport, 1)
            assert await take(transport, 1) == [LINES[0]]

    run(main())
    assert server.when[1] - server.when[0] > 0.95


def test_a_server_does_not_put_us_off_for_a_day(transport_of, monkeypatch):
    monkeypatch.setattr(polling, "RETRY_AFTER_S", 0.3)
    asked = iter([(503, {"retry-after": "86400"}, b""), (429, {"retry-after": "9" * 400}, b"")])
    server, lookalike = serving(lambda target, headers: next(asked, (200, {}, LINES[0])))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/x#{EVERY}")
            with pytest.raises(FeedUnavailableError, match=r"503 .* alone for 86,400 s; .* in 0 s"):
                await take(transport, 1)
            with pytest.raises(FeedUnavailableError, match="429"):
                await take(transport, 1)
            assert await take(transport, 1) == [LINES[0]]

    run(main())
    assert server.when[1] - server.when[0] > 0.25


# ---- AISHub --------------------------------------------------------------------------------------

USER = "AH_9999_SECRET"


def aishub(records, complaint=None):
    """A look-alike of AISHub: checks the user, repeats it in its answer."""

    def answer(target, headers):
        query = parse_qs(urlsplit(target).query)
        head = {"ERROR": False, "USERNAME": query["username"][0], "FORMAT": "AIS"}
        said = complaint or (None if query["username"] == [USER] else "Wrong username")
        if said:
            head |= {"ERROR": True, "ERROR_MESSAGE": said}
            return 200, {}, json.dumps([head]).encode()
        assert query["format"] == ["0"]
        assert query["output"] == ["json"]
        return 200, {}, json.dumps([head | {"RECORDS": len(records)}, records]).encode()

    return answer


@pytest.fixture
def hub(transport_of, secret_file):
    def make(port, secret=USER, more=""):
        server = f"server=http://127.0.0.1:{port}/ws.php"
        return transport_of(f"aishub:#{server},{EVERY},{secret_file(secret)}{more}")

    return make


def test_a_list_of_aishub_without_the_users_name(hub, caplog):
    caplog.set_level(logging.DEBUG)
    record = {"MMSI": 230145250, "TIME": str(T_S), "LONGITUDE": 12_300_000, "LATITUDE": 36_000_000}
    server, lookalike = serving(aishub([record]))

    async def main():
        async with lookalike as port:
            return await take(hub(port, more=",bbox=18;57;31;66"), 1)

    (piece,) = run(main())
    assert USER.encode() not in piece
    batch = make_codec("aishub", 0).feed([Piece(T_MS, piece)])
    assert batch.fixes.lon_raw.tolist() == [12_300_000]
    query = parse_qs(urlsplit(server.asked[0][0]).query)
    assert {key: query[key] for key in ("latmin", "latmax", "lonmin", "lonmax")} == {
        "latmin": ["57.0"], "latmax": ["66.0"], "lonmin": ["18.0"], "lonmax": ["31.0"],
    }  # fmt: skip
    assert USER not in caplog.text


def test_a_wrong_user_is_the_users_to_mend(hub):
    _, lookalike = serving(aishub([]))

    async def main():
        async with lookalike as port:
            with pytest.raises(UsageError, match="refuses the user name") as caught:
                await take(hub(port, "AH_0000_GUESS"), 1)
            assert "GUESS" not in str(caught.value)

    run(main())


def test_a_complaint_is_passed_on_without_the_users_name(hub):
    _, lookalike = serving(aishub([], f"Too frequent requests from {USER}!"))

    async def main():
        async with lookalike as port:
            with pytest.raises(FeedUnavailableError, match=r"Too frequent .*\*\*\*") as caught:
                await take(hub(port), 1)
            assert USER not in str(caught.value)

    run(main())


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (200, b"\xff"), (200, b"x" * 10), (302, b""), (200, b"[[[[")]
)
def test_errors_never_show_the_users_name(hub, caplog, monkeypatch, status, body):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(polling, "SILENCE_S", 0.5)
    more = {"location": f"http://192.0.2.1/?username={USER}"} if status == 302 else {}
    more |= {"content-length": "99"} if body == b"x" * 10 else {}
    _, lookalike = serving(lambda target, headers: (status, more, body))

    async def main():
        async with lookalike as port:
            with contextlib.suppress(FeedUnavailableError):
                await take(hub(port), 1)
        async with asyncio.timeout(20):  # and with nobody there
            with pytest.raises(FeedUnavailableError) as caught:
                await take(hub(port), 1)
        shown = caught.value
        said = ""
        while shown is not None:
            said += repr(shown) + str(shown)
            shown = None if shown.__suppress_context__ else shown.__context__
        return said

    assert USER not in run(main()) + caplog.text


def test_a_page_of_something_else_is_kept_without_the_users_name(hub):
    page = f"<style>p{{}}</style><p>Who is {USER}?</p>".encode()
    _, lookalike = serving(lambda target, headers: (200, {}, page))

    async def main():
        async with lookalike as port:
            return await take(hub(port), 1)

    (piece,) = run(main())
    assert piece == page.replace(USER.encode(), b"***")
    codec = make_codec("aishub", 0)
    codec.feed([Piece(T_MS, piece)])
    assert codec.counts["bad_json"].count == 1


def test_aishub_is_asked_once_a_minute_at_most(transport_of):
    with pytest.raises(UsageError, match="60"):
        transport_of("aishub:#every=30")
    assert transport_of("aishub:").every_s == 60


def test_others_are_asked_every_ten_seconds_at_most(transport_of):
    with pytest.raises(UsageError, match="10"):
        transport_of("https://meri.digitraffic.fi/api/ais/v1/locations#every=2")


# ---- servers that misbehave ----------------------------------------------------------------------


async def answered(transport_of, raw: bytes, *, close: bool = True, path="/x"):
    """Asks a server that sends these bytes for whatever it is asked."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        if not close:
            await reader.read()

    async with tcp_server(talk) as port:
        await collect(transport_of(f"http://127.0.0.1:{port}{path}#{EVERY}"))


OK = b"HTTP/1.1 200 OK\r\n"
PACKED = OK + b"content-encoding: gzip\r\n"
CUT = gzip.compress(b"x" * 99, mtime=0)[:20]
"""Half a packed answer, the same whenever it is made: it names a test."""


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", "does not answer"), (b"\x00\xff\x00\xff\r\n\r\n", "does not answer"),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer"), (OK, "does not answer"),
        (OK + b"content-length: 100\r\n\r\nonly this", "does not answer"),
        (OK + b"transfer-encoding: chunked\r\n\r\n5\r\nab", "does not answer"),
        (OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n", "does not answer"),
        (PACKED + b"content-length: 5\r\n\r\nplain", "no gzip"),
        (PACKED + b"content-length: 20\r\n\r\n" + CUT, "breaks off"),
        (OK + b"content-encoding: br\r\ncontent-length: 1\r\n\r\nx", "packed as br"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204"),
        (OK + b"x: " + b"y" * 200_000 + b"\r\n\r\n", "does not answer"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none(transport_of, raw, match):
    with pytest.raises(FeedUnavailableError, match=match):
        run(answered(transport_of, raw))


def test_a_bomb_is_not_unpacked(transport_of, monkeypatch):
    monkeypatch.setattr(polling.HttpTransport, "most", 1 << 20)
    bomb = gzip.compress(gzip.compress(b"\0" * (64 << 20)) + b"\0" * (64 << 20))
    raw = PACKED + b"content-length: %d\r\n\r\n" % len(bomb) + bomb
    with pytest.raises(FeedUnavailableError, match="longer than 1,048,576 bytes"):
        run(answered(transport_of, raw))


def test_an_answer_without_end_is_cut_off(transport_of, monkeypatch):
    monkeypatch.setattr(polling.HttpTransport, "most", 1 << 20)
    sent = 0

    async def main():
        async def talk(reader, writer):
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536

        async with tcp_server(talk) as port:
            with pytest.raises(FeedUnavailableError, match="longer than"):
                await collect(transport_of(f"http://127.0.0.1:{port}/x#{EVERY}"))
            assert await at_rest(lambda: sent, 0.3) < 32 << 20

    run(main())


def test_a_silent_server_is_given_up(transport_of, monkeypatch):
    monkeypatch.setattr(polling, "SILENCE_S", 0.3)
    with pytest.raises(FeedUnavailableError, match="does not answer"):
        run(answered(transport_of, OK + b"content-length: 9\r\n\r\nabc", close=False))


def test_a_server_that_trickles_is_given_up(transport_of, monkeypatch):
    monkeypatch.setattr(polling, "ANSWER_S", 0.7)

    async def main():
        async def talk(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"content-length: 99999\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

        async with tcp_server(talk) as port:
            with pytest.raises(FeedUnavailableError, match="no whole answer"):
                await collect(transport_of(f"http://127.0.0.1:{port}/x#{EVERY}"))

    run(main())


def test_closing_the_pieces_ends_a_request_at_once(transport_of):
    async def main():
        asked, ended = asyncio.Event(), []

        async def talk(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
            ended.append(True)

        async with tcp_server(talk) as port:
            task = asyncio.create_task(collect(transport_of(f"http://127.0.0.1:{port}/x#{EVERY}")))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: bool(ended))

    run(main())


def test_garbage_in_a_list_is_counted(transport_of):
    bodies = [b"<html>no</html>", b"[1,2,", locations(feature(1)), locations(feature("x"))]
    _, lookalike = serving(lambda t, h: (200, {}, bodies.pop(0) if len(bodies) > 1 else bodies[0]))

    async def main():
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/locations#{EVERY}")
            pieces = await take(transport, 4)
        codec = make_codec(transport.codec, 0)
        codec.feed([Piece(T_MS, piece) for piece in pieces])
        told = {k: v.count for k, v in codec.counts.items() if k != "mmsi_shape"}
        assert told == {"bad_json": 2, "message": 1, "wrong_type": 1}

    run(main())


def test_a_server_that_goes_and_comes_back(transport_of):
    async def main():
        server, lookalike = serving(digitraffic([locations(feature(230000001))]))
        async with lookalike as port:
            transport = transport_of(f"http://127.0.0.1:{port}/api/ais/v1/locations#{EVERY}")
            await take(transport, 1)
        with pytest.raises(FeedUnavailableError, match="does not answer"):
            await take(transport, 1)
        async with tcp_server(server.talk, port):
            assert len(await take(transport, 1)) == 1

    run(main())


# ---- where it leads, and who may know ------------------------------------------------------------


def test_redirects_within_a_server_are_followed(transport_of):
    def answer(target, headers):
        if target == "/old":
            return 301, {"location": "/new"}, b""
        return (200, {}, LINES[0]) if target == "/new" else (302, {"location": target}, b"")

    _, lookalike = serving(answer)

    async def main():
        async with lookalike as port:
            assert await take(transport_of(f"http://127.0.0.1:{port}/old#{EVERY}"), 1) == [LINES[0]]
            with pytest.raises(FeedUnavailableError, match="more than 3"):
                await take(transport_of(f"http://127.0.0.1:{port}/loop#{EVERY}"), 1)

    run(main())


@pytest.mark.parametrize("where", ["http://{other}/x", "//{other}/x", "https://{host}/x"])
def test_redirects_elsewhere_are_not(transport_of, where):
    async def main():
        stranger, there = serving(lambda target, headers: (200, {}, LINES[0]))
        async with there as other:

            def answer(target, headers):
                to = where.format(other=f"127.0.0.1:{other}", host=headers["host"])
                return 307, {"location": to}, b""

            _, here = serving(answer)
            async with here as port:
                with pytest.raises(FeedUnavailableError, match="elsewhere"):
                    await take(transport_of(f"http://127.0.0.1:{port}/x#{EVERY}"), 1)
        assert stranger.asked == []

    run(main())


@pytest.mark.parametrize("where", [b"http://[", b"//[::1", b"//[x]/", b"http://a\xe2\x84\x80b/"])
def test_a_redirect_to_what_is_no_address(transport_of, where):
    raw = b"HTTP/1.1 302 Found\r\nlocation: " + where + b"\r\ncontent-length: 0\r\n\r\n"
    with pytest.raises(FeedUnavailableError, match=r"no address|elsewhere"):
        run(answered(transport_of, raw))


@pytest.mark.parametrize("tag", [b"\xff\xe9", b'"a\x01b"', b'"' + b"x" * 5000 + b'"'])
def test_a_tag_that_cannot_be_sent_back_is_left_out(transport_of, tag):
    heads = []

    async def main():
        async def talk(reader, writer):
            while True:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(OK + b"etag: " + tag + b"\r\nlast-modified: then\r\n")
                writer.write(b"content-length: %d\r\n\r\n" % len(LINES[0]) + LINES[0])
                await writer.drain()

        async with tcp_server(talk) as port:
            transport = transport_of(f"http://127.0.0.1:{port}/x#{EVERY}")
            assert await take(transport, 2, empty=True) == [LINES[0], b""]

    run(main())
    assert b"if-modified-since: then" in heads[1].lower()
    assert b"if-none-match" not in heads[1].lower()


def test_tls_is_verified(transport_of, server_tls, certificates):
    server = Server(lambda target, headers: (200, {}, LINES[0]))

    async def main():
        async with tcp_server(server.talk, ssl=server_tls) as port:
            text = f"https://127.0.0.1:{port}/x#{EVERY}"
            assert await take(transport_of(f"{text},ca={certificates['ca']}"), 1) == [LINES[0]]
            for more in ("", f",ca={certificates['other']}"):
                with pytest.raises(FeedUnavailableError, match="does not answer"):
                    await take(transport_of(text + more), 1)

    run(main())
    assert len(server.asked) == 1


def test_user_and_password(transport_of, secret_file):
    def answer(target, headers):
        good = headers.get("authorization") == "basic d2f0y2g6b3blbibzzxnhbwu="
        return (200, {}, LINES[0]) if good else (401, {}, b"")

    _, lookalike = serving(answer)

    async def main():
        async with lookalike as port:
            text = f"http://watch@127.0.0.1:{port}/x#{EVERY},"
            assert await take(transport_of(text + secret_file("open sesame")), 1)
            with pytest.raises(UsageError, match="401"):
                await take(transport_of(text + secret_file("else")), 1)
            with pytest.raises(UsageError, match="no user"):
                await take(transport_of(text.replace("watch@", "") + secret_file("a")), 1)

    run(main())


def test_a_secret_that_the_server_wants_in_the_query(transport_of, secret_file, caplog):
    caplog.set_level(logging.DEBUG)
    asked, status = [], [200]

    def answer(target, headers):
        asked.append((target, headers.get("authorization")))
        return status[0], {}, LINES[0]

    _, lookalike = serving(answer)

    async def main():
        async with lookalike as port:
            text = f"http://127.0.0.1:{port}/x?station=3#{EVERY},query=key,"
            transport = transport_of(text + secret_file("open sesame&y=1"))
            assert await take(transport, 1) == [LINES[0]]
            for status[0] in (401, 503):
                with pytest.raises((UsageError, FeedUnavailableError)) as caught:
                    await take(transport, 1)
                assert "sesame" not in str(caught.value)
                assert "station=3" not in str(caught.value)
        with pytest.raises(UsageError, match="needs a secret"):
            await take(transport_of(text), 1)

    run(main())
    assert set(asked) == {("/x?station=3&key=open+sesame%26y%3D1", None)}
    assert "sesame" not in caplog.text


def test_a_password_is_not_sent_in_clear_over_a_network(transport_of, secret_file):
    with pytest.raises(UsageError, match="unencrypted"):
        run(take(transport_of(f"http://watch@192.0.2.1/x#{secret_file('a')}"), 1))
    with pytest.raises(UsageError, match="unencrypted"):
        run(take(transport_of(f"http://192.0.2.1/x#query=key,{secret_file('a')}"), 1))
    text = f"aishub:#server=http://192.0.2.1/ws.php,{secret_file('a')}"
    with pytest.raises(UsageError, match="unencrypted"):
        run(take(transport_of(text), 1))
