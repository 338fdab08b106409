"""MQTT against mosquitto, and against brokers that no one should meet."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import signal

import pytest
from wires import at_rest, collect, publisher, run, take, tcp_server, until

from sargas.errors import FeedUnavailableError, UsageError
from sargas.feeds.live import make_codec, mqtt, net
from sargas.feeds.live.base import Piece
from sargas.feeds.live.framing import parted

TOPIC = "vessels-v2/230985000/location"
CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x04\x00\x01\x00\x00"


def said(k: int) -> bytes:
    return json.dumps({"time": 1_764_500_000 + k, "lon": 20 + k / 1000, "lat": 60.0}).encode()


async def send_when_subscribed(transport, broker, messages, n):
    """Takes `n` messages of what is sent once the topics are subscribed to."""
    out = []
    async with contextlib.aclosing(transport.pieces()) as pieces:
        assert await anext(pieces) == b""
        with publisher(broker) as client:
            for topic, message in messages:
                client.publish(topic, message)
            async for piece in pieces:
                out += parted(piece)
                if len(out) >= n:
                    return out
    raise AssertionError("the connection ended")


def test_positions_of_a_broker_become_rows(brokers, transport_of):
    broker = brokers()
    transport = transport_of(f"mqtt://127.0.0.1:{broker.port}")
    messages = [(TOPIC, said(k)) for k in range(50)]
    messages += [("vessels-v2/230985000/metadata", b'{"timestamp":1764500000000,"name":"X"}')]
    messages += [("elsewhere/1", b"not asked for"), (TOPIC, said(50))]
    pieces = run(send_when_subscribed(transport, broker, messages, 52))
    assert pieces[0] == TOPIC.encode() + b"\n" + said(0)
    codec = make_codec(transport.codec, 0)
    batch = codec.feed([Piece(1_764_500_100_000, piece) for piece in pieces])
    assert batch.fixes.lon_raw.tolist() == [12_000_000 + 600 * k for k in range(51)]
    assert batch.statics.name.tolist() == [b"X"]
    assert codec.counts["message"].count == 52


def test_topics_stand_in_the_path_or_the_option(brokers, transport_of):
    broker = brokers()
    messages = [("a/b", b"no"), ("ais/north/raw", b"1"), ("ais/south/raw", b"2")]
    for text in (
        f"mqtt://127.0.0.1:{broker.port}/ais/+/raw",
        f"mqtt://127.0.0.1:{broker.port}#topics=ais/north/raw;ais/south/#",
    ):
        pieces = run(send_when_subscribed(transport_of(text), broker, messages, 2))
        assert pieces == [b"ais/north/raw\n1", b"ais/south/raw\n2"]


def test_sentences_by_mqtt_are_whole_lines(brokers, transport_of):
    broker = brokers()
    transport = transport_of(f"mqtt://127.0.0.1:{broker.port}/nmea#format=nmea")
    assert transport.codec == "nmea"
    messages = [("nmea", b"!AIVDM,1"), ("nmea", b"!AIVDM,2\n")]

    async def main():
        out = b""
        async with contextlib.aclosing(transport.pieces()) as pieces:
            await anext(pieces)
            with publisher(broker) as client:
                for topic, message in messages:
                    client.publish(topic, message)
                while out.count(b"\n") < 2:
                    out += await anext(pieces)
        return out

    assert run(main()) == b"!AIVDM,1\n!AIVDM,2\n"


def test_by_websocket(brokers, transport_of):
    broker = brokers()
    transport = transport_of(f"ws://127.0.0.1:{broker.ws_port}/mqtt")
    assert transport.codec == "digitraffic-mqtt"
    messages = [(TOPIC, said(k)) for k in range(20)]
    assert len(run(send_when_subscribed(transport, broker, messages, 20))) == 20


def test_by_websocket_with_tls_as_digitraffic_has_it(
    brokers, transport_of, certificates, secret_file
):
    broker = brokers(("watch", "open sesame"))
    options = f"{secret_file('open sesame')},ca={certificates['ca']}"
    transport = transport_of(f"wss://watch@127.0.0.1:{broker.wss_port}/mqtt#{options}")
    messages = [(TOPIC, said(k)) for k in range(2000)]
    got = run(send_when_subscribed(transport, broker, messages, 2000))
    assert got == [TOPIC.encode() + b"\n" + said(k) for k in range(2000)]
    with pytest.raises(FeedUnavailableError, match="certificate"):
        run(take(transport_of(f"wss://watch@127.0.0.1:{broker.wss_port}/mqtt"), 1))


def test_tls_and_a_password(brokers, transport_of, certificates, secret_file):
    broker = brokers(("watch", "open sesame"))
    option = secret_file("open sesame")
    text = f"mqtts://watch@127.0.0.1:{broker.tls_port}#{option},ca={certificates['ca']}"
    pieces = run(send_when_subscribed(transport_of(text), broker, [(TOPIC, said(1))], 1))
    assert pieces == [TOPIC.encode() + b"\n" + said(1)]


@pytest.mark.parametrize("user", ["watch", "else", ""])
def test_a_wrong_password_is_the_users_to_mend(
    brokers, transport_of, certificates, secret_file, user, caplog
):
    caplog.set_level(logging.DEBUG)
    broker = brokers(("watch", "open sesame"))
    option = secret_file("guess 1234" if user == "watch" else "open sesame")
    at = f"{user}@" if user else ""
    text = f"mqtts://{at}127.0.0.1:{broker.tls_port}#{option},ca={certificates['ca']}"
    with pytest.raises(UsageError, match="refuses user or password") as caught:
        run(take(transport_of(text), 1))
    for secret in ("guess 1234", "open sesame"):
        assert secret not in str(caught.value) + caplog.text


def test_a_certificate_of_someone_else_is_refused(brokers, transport_of, certificates):
    broker = brokers()
    for option in (f"#ca={certificates['other']}", ""):
        with pytest.raises(FeedUnavailableError, match="certificate"):
            run(take(transport_of(f"mqtts://127.0.0.1:{broker.tls_port}{option}"), 1))


def test_a_broker_that_goes_and_comes_back(brokers, transport_of):
    broker = brokers()
    transport = transport_of(f"mqtt://127.0.0.1:{broker.port}")
    run(send_when_subscribed(transport, broker, [(TOPIC, said(1))], 1))

    async def cut():
        async with contextlib.aclosing(transport.pieces()) as pieces:
            await anext(pieces)
            broker.stop()
            with pytest.raises(FeedUnavailableError, match=r"closed|broke"):
                await anext(pieces)
        with pytest.raises(FeedUnavailableError, match="no connection"):
            await take(transport, 1)

    run(cut())
    assert broker.start()
    assert len(run(send_when_subscribed(transport, broker, [(TOPIC, said(2))], 1))) == 1


def test_a_broker_that_stalls_is_noticed(brokers, transport_of, monkeypatch):
    monkeypatch.setattr(mqtt, "KEEPALIVE_S", 1)
    monkeypatch.setattr(mqtt, "_LOOK_S", 0.1)
    broker = brokers()

    async def stall():
        async with contextlib.aclosing(
            transport_of(f"mqtt://127.0.0.1:{broker.port}").pieces()
        ) as pieces:
            await anext(pieces)
            broker.signal(signal.SIGSTOP)
            with pytest.raises(FeedUnavailableError, match="does not answer"):
                await anext(pieces)

    run(stall())


def test_a_quiet_broker_is_kept_by_asking(brokers, transport_of, monkeypatch):
    """Five times the time after which a broker drops a client that says nothing."""
    monkeypatch.setattr(mqtt, "KEEPALIVE_S", 1)
    monkeypatch.setattr(mqtt, "_LOOK_S", 0.1)
    broker = brokers()

    async def wait():
        async with contextlib.aclosing(
            transport_of(f"mqtt://127.0.0.1:{broker.port}").pieces()
        ) as pieces:
            await anext(pieces)
            one = asyncio.ensure_future(anext(pieces))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(one), 7.5)
            with publisher(broker) as client:
                client.publish(TOPIC, said(1))
                assert await one == TOPIC.encode() + b"\n" + said(1)

    run(wait())


def test_what_a_broker_drops_it_tells_nobody_but_its_log(brokers, transport_of):
    """Why pieces must be taken at once: mosquitto does not wait for those who do not read."""
    broker = brokers()
    n = 30_000

    async def main():
        async with contextlib.aclosing(
            transport_of(f"mqtt://127.0.0.1:{broker.port}").pieces()
        ) as pieces:
            await anext(pieces)
            with publisher(broker) as client:
                for k in range(n):
                    last = client.publish(TOPIC, b"%06d" % k + b"x" * 2000)
                await asyncio.to_thread(last.wait_for_publish, 30)
                await until(lambda: "messages are being dropped" in broker.log)
                got = []
                while not got or got[-1] != b"after":
                    # Sent until it fits: what the broker holds for us must shrink first.
                    client.publish(TOPIC, b"after")
                    head = TOPIC.encode() + b"\n"
                    got += [said.removeprefix(head) for said in parted(await anext(pieces))]
        numbers = [int(piece[:6]) for piece in got if piece.endswith(b"x" * 2000)]
        assert numbers == sorted(set(numbers))
        assert 1000 < len(numbers) < n

    run(main())


# ---- brokers made by hand ------------------------------------------------------------------------


async def greet(reader, writer):
    """Accepts whoever comes and whatever they want."""
    await reader.readuntil(b"MQTT")
    writer.write(CONNACK)
    await reader.readuntil(b"metadata\x00")
    writer.write(SUBACK)
    await writer.drain()


def publish(message: bytes, topic: bytes = TOPIC.encode()) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + message
    n, size = len(body), b""
    while True:
        n, low = divmod(n, 128)
        size += bytes([low | (128 if n else 0)])
        if not n:
            return b"\x30" + size + body


def handmade(talk, test):
    """Runs a test against a broker by a function."""

    async def main():
        async def whole(reader, writer):
            await greet(reader, writer)
            await talk(reader, writer)

        async with tcp_server(whole) as port:
            await test(f"mqtt://127.0.0.1:{port}")

    run(main())


def test_a_slow_broker_byte_by_byte(transport_of):
    async def talk(reader, writer):
        for byte in publish(said(1)) + publish(said(2)):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async def test(text):
        head = TOPIC.encode() + b"\n"
        assert await take(transport_of(text), 2) == [head + said(1), head + said(2)]

    handmade(talk, test)


def test_a_flood_waits_in_the_brokers_socket(transport_of):
    sent = 0

    async def talk(reader, writer):
        nonlocal sent
        message = publish(b"x" * 1000)
        while True:
            writer.write(message * 60)
            await writer.drain()
            sent += 60

    async def test(text):
        async with contextlib.aclosing(transport_of(text).pieces()) as pieces:
            await anext(pieces)
            await anext(pieces)
            held = await at_rest(lambda: sent)
            assert held * 1000 < 32 << 20  # what the two sockets hold, not what we do
            read = 0
            while read < held + 1000:
                messages = parted(await anext(pieces))
                assert all(message.endswith(b"x" * 1000) for message in messages)
                read += len(messages)
            assert sent > held

    handmade(talk, test)


def test_a_message_too_long_ends_the_connection(transport_of):
    async def talk(reader, writer):
        writer.write(publish(said(1)) + b"\x30\xff\xff\xff\x7f\x00\x01a")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def test(text):
        with pytest.raises(FeedUnavailableError, match=r"a message of 268,435,455 bytes"):
            await take(transport_of(text), 2)

    handmade(talk, test)


@pytest.mark.parametrize("seed", range(20))
def test_garbage_ends_the_connection_and_nothing_else(transport_of, seed):
    noise = random.Random(seed).randbytes(3000)

    async def talk(reader, writer):
        writer.write(publish(said(1)) + noise)
        await writer.drain()
        writer.close()

    async def test(text):
        got = []
        with pytest.raises((FeedUnavailableError, UsageError)):
            await collect(transport_of(text), got)
        assert got[1] == TOPIC.encode() + b"\n" + said(1)
        codec = make_codec("digitraffic-mqtt", 0)
        codec.feed([Piece(1_764_500_100_000, piece) for piece in got])
        assert codec.counts["message"].count == 1

    handmade(talk, test)


def test_a_message_cannot_become_two(transport_of):
    """A sender who may write to one topic does not get a word in under another."""
    forged = b"{}\x1evessels-v2/230000001/location\n" + said(1)

    async def talk(reader, writer):
        writer.write(publish(forged) + publish(said(2)))
        await reader.read()

    async def test(text):
        pieces = await take(transport_of(text), 2)
        codec = make_codec("digitraffic-mqtt", 0)
        batch = codec.feed([Piece(1_764_500_100_000, piece) for piece in pieces])
        assert batch.fixes.subject_id.tolist() == [230985000]
        assert {k: v.count for k, v in codec.counts.items()} == {"bad_json": 1, "message": 1}

    handmade(talk, test)


def test_a_topic_that_is_no_text_is_a_message_without_row(transport_of):
    async def talk(reader, writer):
        writer.write(publish(said(1), b"\xff\xfe/1/location") + publish(said(2)))
        await reader.read()

    async def test(text):
        pieces = await take(transport_of(text), 2)
        codec = make_codec("digitraffic-mqtt", 0)
        codec.feed([Piece(1_764_500_100_000, piece) for piece in pieces])
        assert {k: v.count for k, v in codec.counts.items()} == {"bad_topic": 1, "message": 1}

    handmade(talk, test)


def test_a_broker_that_never_greets(transport_of, monkeypatch):
    monkeypatch.setattr(net, "OPEN_S", 0.3)

    async def main():
        async def talk(reader, writer):
            await reader.read()

        async with tcp_server(talk) as port:
            with pytest.raises(FeedUnavailableError, match="does not answer"):
                await take(transport_of(f"mqtt://127.0.0.1:{port}"), 1)

    run(main())


def test_a_broker_that_refuses_a_topic(transport_of):
    async def main():
        async def talk(reader, writer):
            await reader.readuntil(b"MQTT")
            writer.write(CONNACK)
            await reader.readuntil(b"metadata\x00")
            writer.write(b"\x90\x04\x00\x01\x00\x80")
            await reader.read()

        async with tcp_server(talk) as port:
            transport = transport_of(f"mqtt://127.0.0.1:{port}")
            async with contextlib.aclosing(transport.pieces()) as pieces:
                with pytest.raises(UsageError, match=r"the topic vessels-v2/[+]/metadata"):
                    await anext(pieces)  # not one piece that says we are let in
            assert not transport.is_up

    run(main())


def test_closing_the_pieces_closes_the_connection(transport_of):
    ended = []

    async def talk(reader, writer):
        writer.write(publish(said(1)))
        await reader.read()
        ended.append(True)

    async def test(text):
        await take(transport_of(text), 1)
        await until(lambda: bool(ended))

    handmade(talk, test)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mqtt://127.0.0.1#topics=a;;b", "topic"), ("mqtt://127.0.0.1#topic=a", "topics"),
        ("mqtt://127.0.0.1#format=xml", "digitraffic"), ("mqtts://h#ca=/nowhere.pem", "PEM"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused(transport_of, text, hint):
    with pytest.raises(UsageError, match=hint):
        run(take(transport_of(text), 1))


def test_a_password_is_not_sent_in_clear_over_a_network(transport_of, secret_file):
    text = f"mqtt://watch@192.0.2.1#{secret_file('open sesame')}"
    with pytest.raises(UsageError, match="unencrypted") as caught:
        run(take(transport_of(text), 1))
    assert "open sesame" not in str(caught.value)
