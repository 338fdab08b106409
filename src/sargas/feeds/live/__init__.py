"""Live feeds: transports that bring bytes, codecs that read them, and the supervision of both.

Example:
    >>> from sargas.feeds.live.url import parse_feed_url
    >>> transport = open_transport(parse_feed_url("tcp://127.0.0.1:5631"))
    >>> transport.codec, make_codec(transport.codec, src_id=1000).lines
    ('nmea', 0)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from sargas.errors import UsageError
from sargas.feeds.live.base import Codec, Transport
from sargas.feeds.live.url import EXAMPLES, FeedUrl

TRANSPORTS: Final = {
    "tcp": "sargas.feeds.live.sockets:TcpTransport",
    "udp": "sargas.feeds.live.sockets:UdpTransport",
    "tail": "sargas.feeds.live.files:TailTransport",
    "-": "sargas.feeds.live.files:StdinTransport",
    "mqtt": "sargas.feeds.live.mqtt:MqttTransport",
    "mqtt-nmea": "sargas.feeds.live.mqtt:MqttNmeaTransport",
    "websocket": "sargas.feeds.live.websocket:WebSocketTransport",
    "aisstream": "sargas.feeds.live.websocket:AisstreamTransport",
    "http": "sargas.feeds.live.polling:HttpTransport",
    "digitraffic": "sargas.feeds.live.polling:DigitrafficTransport",
    "aishub": "sargas.feeds.live.polling:AishubTransport",
}
"""Classes of transports by kind: the scheme, or what `_kind_of` makes of the address."""
CODECS: Final = {
    "nmea": "sargas.feeds.live.nmea:NmeaCodec",
    "digitraffic-mqtt": "sargas.feeds.live.digitraffic:MqttCodec",
    "digitraffic-rest": "sargas.feeds.live.digitraffic:RestCodec",
    "aisstream": "sargas.feeds.live.aisstream:AisstreamCodec",
    "aishub": "sargas.feeds.live.aishub:AishubCodec",
}

_KINDS: Final = {"mqtts": "mqtt", "ws": "websocket", "wss": "websocket", "https": "http"}
_LISTS: Final = ("/ais/v1/locations", "/ais/v1/vessels")


def open_transport(url: FeedUrl) -> Transport:
    """Make the transport of a feed; nothing is connected yet.

    Raises:
        UsageError: the address lacks something, an option is wrong, or no transport knows its
            scheme.
    """
    place = TRANSPORTS.get(_kind_of(url))
    if place is None:
        raise UsageError(f"No feed comes by {url.scheme}.", where=url.text, hint=EXAMPLES)
    transport: Transport = _made(place)(url)
    return transport


def make_codec(name: str, src_id: int) -> Codec:
    """Make the codec that reads the pieces of a transport.

    Args:
        name: `Transport.codec`. src_id: number of the feed, written into every row.
    """
    codec: Codec = _made(CODECS[name])(src_id=src_id)
    return codec


def _kind_of(url: FeedUrl) -> str:
    """Tell the kind of transport by scheme, path and option `format`."""
    kind = _KINDS.get(url.scheme, url.scheme)
    if kind == "websocket" and url.path.endswith("/mqtt"):
        kind = "mqtt"
    said = url.options.get("format")
    if kind == "mqtt" and said is not None:
        if said not in ("nmea", "digitraffic"):
            raise UsageError(
                f"format={said} is no format of messages by MQTT.", where=url.text,
                hint="Formats are digitraffic and nmea.",
            )  # fmt: skip
        return "mqtt-nmea" if said == "nmea" else "mqtt"
    if kind == "http" and url.path.rstrip("/").endswith(_LISTS):
        return "digitraffic"
    return kind


def _made(place: str) -> Any:  # noqa: ANN401 - a class by its place
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
