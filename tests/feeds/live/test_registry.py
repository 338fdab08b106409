"""Which transport an address has, and that none is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sargas.errors import UsageError
from sargas.feeds.live import CODECS, TRANSPORTS, make_codec, open_transport
from sargas.feeds.live.base import Codec, Transport
from sargas.feeds.live.url import parse_feed_url


@pytest.mark.parametrize(
    ("text", "name", "codec"),
    [
        ("mqtts://broker.example/a/+", "MqttTransport", "digitraffic-mqtt"),
        ("mqtt://broker.example#format=nmea", "MqttNmeaTransport", "nmea"),
        ("wss://meri.digitraffic.fi/mqtt", "MqttTransport", "digitraffic-mqtt"),
        ("wss://meri.digitraffic.fi:443/mqtt", "MqttTransport", "digitraffic-mqtt"),
        ("wss://station.example/nmea", "WebSocketTransport", "nmea"),
        ("aisstream:", "AisstreamTransport", "aisstream"),
        ("aishub:", "AishubTransport", "aishub"),
        (
            "https://meri.digitraffic.fi/api/ais/v1/locations",
            "DigitrafficTransport", "digitraffic-rest",
        ),
        (
            "https://meri.digitraffic.fi/api/ais/v1/vessels/",
            "DigitrafficTransport", "digitraffic-rest",
        ),
        ("https://station.example/log.nmea", "HttpTransport", "nmea"),
    ],
)  # fmt: skip
def test_addresses_and_their_transports(text, name, codec):
    transport = open_transport(parse_feed_url(text))
    assert isinstance(transport, Transport)
    assert type(transport).__name__ == name
    assert transport.codec == codec


def test_every_transport_and_codec_of_the_registry_is_there():
    for path in TRANSPORTS.values():
        module, _, name = path.partition(":")
        assert issubclass(getattr(__import__(module, fromlist=[name]), name), Transport)
    for name in CODECS:
        assert isinstance(make_codec(name, 0), Codec)


def test_a_format_that_mqtt_does_not_have():
    with pytest.raises(UsageError, match="digitraffic and nmea"):
        open_transport(parse_feed_url("mqtt://broker.example#format=xml"))


def test_no_network_library_is_loaded_before_it_is_needed():
    code = (
        "import sys, sargas.feeds.live\n"
        "print(sorted({'paho', 'websockets', 'httpx2', 'ssl'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "idle_s", "lateness_s"),
    [
        ("wss://meri.digitraffic.fi/mqtt", 60, 60), ("aishub:", 180, 180),
        ("https://h/api/ais/v1/locations#every=30", 90, 120),
        ("https://h/x#every=10", 60, 80), ("https://h/x#every=10,idle=45,lateness=5", 45, 5),
    ],
)  # fmt: skip
def test_a_feed_that_is_asked_may_be_silent_and_late_for_longer(text, idle_s, lateness_s):
    url = parse_feed_url(text)
    assert (url.idle_s, url.lateness_s) == (idle_s, lateness_s)
    open_transport(url)


def test_an_idle_time_shorter_than_the_time_between_answers_is_refused():
    with pytest.raises(UsageError, match="too short"):
        open_transport(parse_feed_url("https://h/x#every=30,idle=60"))


@pytest.mark.parametrize(
    "text", ["tcp://127.0.0.1:1#nam=x", "udp://:10110#latenes=600", "tail:log#form=end", "-#idel=9"]
)
def test_a_misspelt_option_is_refused_by_every_transport(text):
    with pytest.raises(UsageError, match="has no option") as refused:
        open_transport(parse_feed_url(text))
    assert "name" in (refused.value.hint or "")


def test_options_of_plain_transports_are_taken():
    said = "name=x,idle=30,lateness=60,credit=Y"
    for text in ("tcp://127.0.0.1:1#", "udp://:10110#", "tail:what?.nmea#from=end,", "-#"):
        assert open_transport(parse_feed_url(text + said)).url.name == "x"
