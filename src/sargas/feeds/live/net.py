"""What all transports over the network share: TLS, secrets, options, who we say we are."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from sargas.errors import UsageError
from sargas.feeds.live.url import FeedUrl, refuse_secrets, shown

AGENT: Final = "sargas"
"""What servers are told; Digitraffic asks its users to name themselves."""
BALTIC_DEG: Final = (9.0, 53.5, 30.5, 66.0)
"""West, south, east, north of what is asked of world feeds: the Baltic with the Kattegat."""
OPEN_S: Final = 20.0
"""How long a connection may take to be there, TLS and greetings included (chosen)."""
_BY: Final = {"-": "standard input"}
GENERAL_OPTIONS: Final = frozenset({"secret"})
"""Options that any transport may find; others must be its own."""


def check_options(url: FeedUrl, *own: str) -> None:
    """Refuse options that the transport does not know: a misspelt one would do nothing.

    Raises:
        UsageError: there is one.
    """
    said = url.options.keys() | (set() if url.host else url.query.keys())
    unknown = sorted(said - GENERAL_OPTIONS - set(own))
    if unknown:
        known = ", ".join(sorted({"name", "idle", "lateness", "credit", *GENERAL_OPTIONS, *own}))
        raise UsageError(
            f"A feed by {_BY.get(url.scheme, url.scheme)} has no option {', '.join(unknown)}.",
            where=url.text,
            hint=f"Its options are {known}.",
        )  # fmt: skip


def is_loopback(host: str) -> bool:
    """Tell whether an address is on this machine.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("192.168.0.1")
        (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_for(url: FeedUrl, address: str) -> str | None:
    """Give the feed's secret, if it may be sent to an address.

    Args:
        address: where it is to be sent, with its scheme.

    Raises:
        UsageError: it cannot be read, or everyone on the way could read it.
    """
    secret = url.secret()
    parts = urlsplit(address)
    is_open = parts.scheme not in ("https", "wss", "mqtts")
    if secret and is_open and not is_loopback(parts.hostname or ""):
        raise UsageError(
            f"The secret of feed {url.name} would be sent unencrypted by {parts.scheme}.",
            where=url.text,
            hint="Use https, wss or mqtts.",
        )
    return secret


def needed_secret(url: FeedUrl, address: str, what: str) -> str:
    """Give the feed's secret, which it cannot do without.

    Raises:
        UsageError: there is none, or it may not be sent.
    """
    secret = secret_for(url, address)
    if secret is None:
        raise UsageError(
            f"Feed {url.name} needs {what}.", where=url.text,
            hint=f"Put it into a file and write #secret=FILE, or set {url.secret_variable}.",
        )  # fmt: skip
    return secret


def with_secret(url: FeedUrl, address: str) -> str:
    """Give an address to be asked, with the secret in its query if option `query` names its key.

    Raises:
        UsageError: there is no secret, or it may not be sent.
    """
    key = url.options.get("query")
    if key is None:
        return address
    parts = urlsplit(address)
    secret = urlencode({key: needed_secret(url, address, f"a secret, to be sent as {key}")})
    query = f"{parts.query}&{secret}" if parts.query else secret
    return urlunsplit(parts._replace(query=query))


def tls_of(url: FeedUrl) -> ssl.SSLContext:
    """Make the context by which certificates are verified.

    Option `ca` names a file with the authority to trust in the place of the system's.

    Raises:
        UsageError: the file cannot be read.
    """
    file = url.options.get("ca")
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The certificates of option ca cannot be read: {error}.", where=str(file),
            hint="It must be a file of certificates in PEM.",
        ) from error  # fmt: skip


def bare(address: str) -> str:
    """Give an address without user, for servers; not to be shown.

    Example:
        >>> bare("wss://anna@host:8443/nmea?x=1")
        'wss://host:8443/nmea?x=1'
    """
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def server_of(url: FeedUrl, usual: str, *schemes: str) -> str:
    """Give the address of the server: the usual one, or that of option `server`.

    Raises:
        UsageError: the option is no address of these schemes.
    """
    said = url.options.get("server")
    if said is None:
        return usual
    try:
        parts = urlsplit(said)
        is_address = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(
            f"server={shown(said)} is no address.", where=url.text,
            hint=f"Write it like {usual}.",
        )  # fmt: skip
    refuse_secrets(f"option server of feed {url.name}", parts)
    return said


def option(url: FeedUrl, key: str) -> str | None:
    """Give an option that may stand in the query as well, where no server has its own there."""
    return url.options.get(key, url.query.get(key))


def box_of(url: FeedUrl) -> tuple[float, float, float, float]:
    """Read option `bbox`: west, south, east, north in degrees, the Baltic if there is none.

    Raises:
        UsageError: it is no box.

    Example:
        >>> from sargas.feeds.live.url import parse_feed_url
        >>> box_of(parse_feed_url("aisstream:#bbox=18;57;31;66"))
        (18.0, 57.0, 31.0, 66.0)
    """
    said = option(url, "bbox")
    if said is None:
        return BALTIC_DEG
    try:
        west, south, east, north = (float(part) for part in said.replace(";", ",").split(","))
    except ValueError:
        west = south = east = north = 0.0
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise UsageError(
            f"bbox={said} is no box.", where=url.text,
            hint="Write west;south;east;north in degrees, like bbox=9;53.5;30.5;66.",
        )  # fmt: skip
    return west, south, east, north


def number_option(url: FeedUrl, key: str, usual: float, low: float, high: float) -> float:
    """Read an option that is a number.

    Raises:
        UsageError: it is none, or out of bounds.
    """
    said = url.options.get(key)
    try:
        value = usual if said is None else float(said)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(
            f"{key}={said} is out of bounds.", where=url.text,
            hint=f"Give a number from {low:g} to {high:g}.",
        )  # fmt: skip
    return value
