"""Live feeds: transports that bring bytes, codecs that read them, and the supervision of both."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from sargas.errors import UsageError
from sargas.feeds.live.base import Codec, Transport
from sargas.feeds.live.url import FeedUrl

_HERE: Final = "sargas.feeds.live"

TRANSPORTS: Final = {
    "mqtt": f"{_HERE}.mqtt:MqttTransport",
    "mqtt-nmea": f"{_HERE}.mqtt:MqttNmeaTransport",
    "websocket": f"{_HERE}.websocket:WebSocketTransport",
    "aisstream": f"{_HERE}.websocket:AisstreamTransport",
    "digitraffic": f"{_HERE}.polling:DigitrafficTransport",
    "aishub": f"{_HERE}.polling:AishubTransport",
    "http": f"{_HERE}.polling:HttpTransport",
}
"""Classes of transports, by kind; imported when one is opened."""

CODECS: Final = {
    "digitraffic-mqtt": f"{_HERE}.digitraffic:MqttCodec",
    "digitraffic-rest": f"{_HERE}.digitraffic:RestCodec",
    "aisstream": f"{_HERE}.aisstream:AisstreamCodec",
    "aishub": f"{_HERE}.aishub:AishubCodec",
}
"""Classes of codecs, by the name a transport has for them."""

_KINDS: Final = {"mqtts": "mqtt", "ws": "websocket", "wss": "websocket", "https": "http"}
"""Kind of transport by scheme, where the two have different names."""
_LISTS: Final = ("/ais/v1/locations", "/ais/v1/vessels")


def open_transport(url: FeedUrl) -> Transport:
    """Make the transport of an address; it connects when its pieces are asked for.

    Raises:
        UsageError: there is none for it, or an option is wrong.
    """
    kind = _kind_of(url)
    if kind not in TRANSPORTS:
        raise UsageError(f"There is no transport for {url.scheme}.", where=url.text)
    transport: Transport = _load(TRANSPORTS[kind])(url)
    return transport


def make_codec(name: str, src_id: int = 0) -> Codec:
    """Make the codec of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in CODECS:
        raise UsageError(f"There is no codec {name!r}.", hint=f"Codecs are {', '.join(CODECS)}.")
    codec: Codec = _load(CODECS[name])(src_id)
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


def _load(path: str) -> Any:  # noqa: ANN401 - a class
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
