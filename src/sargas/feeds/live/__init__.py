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
}
CODECS: Final = {"nmea": "sargas.feeds.live.nmea:NmeaCodec"}


def open_transport(url: FeedUrl) -> Transport:
    """Make the transport of a feed; nothing is connected yet.

    Raises:
        UsageError: the address lacks something, or no transport knows its scheme.
    """
    place = TRANSPORTS.get(url.scheme)
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


def _made(place: str) -> Any:  # noqa: ANN401 - a class by its place
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
