"""Addresses of live feeds, with their options, and without secrets.

Options stand after `#`, as no server ever sees that part: `tcp://host:5631#name=north,idle=30`.
A secret never stands in an address: it is read from a file, or from the environment. As somebody
may write one there all the same, user and query of an address are never shown, stored or logged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from sargas.errors import UsageError

SCHEMES: Final = (
    "tcp", "udp", "mqtt", "mqtts", "ws", "wss", "aisstream", "aishub", "http", "https", "tail", "-",
)  # fmt: skip
IDLE_S: Final = 60.0
"""A feed of which nothing came for so long is silent (chosen: shore feeds bring rows each second).
"""
LATENESS_S: Final = 60.0
"""How late a row of a shore feed may come (settled 5)."""
EVERY_S: Final = 60.0
"""How often a server is asked that does not send on its own; option `every`."""
EXAMPLES: Final = (
    "Write it like tcp://HOST:PORT, udp://:10110, mqtts://HOST/TOPIC, wss://HOST/mqtt, aisstream:,"
    " aishub:, https://HOST/PATH, tail:FILE or -."
)
CREDITS: Final = {
    "153.44.253.27": "Kystverket (Norwegian Coastal Administration), NLOD",
    "meri.digitraffic.fi": "Fintraffic / digitraffic.fi, CC BY 4.0",
    "aisstream": "aisstream.io",
    "aishub": "AISHub and its members",
}
"""Whom the terms of known servers ask to name, by host or scheme."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_SECRET: Final = re.compile(
    r"token|secret|passw|passphrase|passcode|credential|signature|session|bearer|jwt|apikey|authori"
    r"|authent|(key|auth|pwd|sig)$|^(pass|pw|sid)$"
)
"""Names, letters only, whose value in a query is likely to be a secret."""


@dataclass(frozen=True)
class FeedUrl:
    """Where a live feed comes from.

    Attributes:
        text: the address to be shown, without options, user and query.
        name: what the feed is called; unique in a watch.
        scheme: one of `SCHEMES`.
        host, port, path, user: parts of the address; empty or None where it has none.
        query: what stands after `?`, for the transport.
        idle_s: silence from which on the feed counts as silent; by default a minute, or three
            times option `every` of a feed that is asked.
        lateness_s: how late its rows may come and still be folded at once; by default a minute,
            and twice `every`.
        options: other options, for the transport.
        credit: whom to name wherever what it brings is shown: option `credit`, or what the
            licence of a known server asks for; empty where nothing is known.
        address: the whole address without options, for the transport alone.
    """

    text: str
    name: str
    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    user: str = field(default="", repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    idle_s: float = IDLE_S
    lateness_s: float = LATENESS_S
    options: Mapping[str, str] = field(default_factory=dict)
    credit: str = ""
    address: str = field(default="", repr=False)

    @property
    def secret_variable(self) -> str:
        """The variable of the environment that may hold this feed's secret."""
        return f"SARGAS_{re.sub('[^A-Z0-9]', '_', self.name.upper())}_SECRET"

    def secret(self) -> str | None:
        """Read the feed's key or password: from the file of option `secret`, or the environment.

        Raises:
            UsageError: the file cannot be read or is empty.
        """
        file = self.options.get("secret")
        if file is None:
            return os.environ.get(self.secret_variable) or None
        try:
            first = Path(file).read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            # Its name is not said: who misunderstood the option wrote the secret itself.
            why = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(
                f"The secret of feed {self.name} cannot be read: {why}.",
                hint="Write the name of a file whose first line it is: #secret=FILE.",
            ) from None
        if not first:
            raise UsageError(f"The secret of feed {self.name} is empty.", where=file)
        return first


def parse_feed_url(text: str) -> FeedUrl:
    """Read an address with its options.

    Raises:
        UsageError: it is none, an option is unknown by its form, or it holds a secret.

    Example:
        >>> url = parse_feed_url("tcp://153.44.253.27:5631#name=kystverket,idle=30")
        >>> url.name, url.host, url.port, url.idle_s, url.text
        ('kystverket', '153.44.253.27', 5631, 30.0, 'tcp://153.44.253.27:5631')
        >>> url.credit
        'Kystverket (Norwegian Coastal Administration), NLOD'
        >>> parse_feed_url("tail:log.nmea").path, parse_feed_url("-").name
        ('log.nmea', 'stdin')
    """
    address, _, said = text.partition("#")
    options = _options(text, said)
    scheme, rest = ("-", "") if address in ("-", "/dev/stdin") else _scheme_of(text, address)
    # A path is no URL: it may hold ? or @.
    is_path = scheme == "tail"
    parts = SplitResult("tail", "", rest, "", "") if is_path else _split(text, address)
    query = _query(scheme, parts)
    name = options.pop("name", "") or _named(scheme, parts)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' is no name for a feed.",
            hint="Use small letters, digits, dots and hyphens, 40 at most: #name=north.",
        )
    every_s = _every(scheme, options)
    # Two answers may be missed; a row may lie at the server until it is asked, and then once more.
    idle_s = _seconds(options, "idle", max(IDLE_S, 3 * every_s))
    lateness_s = _seconds(options, "lateness", LATENESS_S + 2 * every_s)
    shown = "-" if scheme == "-" else address if is_path else _bare(address, parts)
    host = parts.hostname or ""
    credit = options.pop("credit", "") or CREDITS.get(host or scheme, "")
    return FeedUrl(
        shown, name, scheme, host, _port(text, parts), parts.path, parts.username or "",
        query, idle_s, lateness_s, options, credit, address,
    )  # fmt: skip


def shown(text: str) -> str:
    """Give what may be shown of a text that should be an address, however wrong it is.

    Without user and password, which end at the last @, and without query and options.

    Example:
        >>> shown("ftp://anna:pass@host/x?key=1"), shown("tcp://anna:pa#ss@[bad:1")
        ('ftp://host/x?...', 'tcp://[bad:1')
        >>> shown("tail:logs/me@home.nmea#from=end")
        'tail:logs/me@home.nmea'
    """
    scheme, _, rest = text.partition(":")
    if scheme == "tail":
        return text.partition("#")[0]
    slashes = "//" if rest.startswith("//") else ""
    head = f"{scheme}:{slashes}" if scheme in SCHEMES or slashes else ""
    body = text.removeprefix(head).rpartition("@")[2].partition("#")[0]
    path, mark, _ = body.partition("?")
    return head + path + (mark and "?...")


def refuse_secrets(what: str, parts: SplitResult, *, has_query: bool = False) -> dict[str, str]:
    """Refuse an address that holds a password, or what is likely to be a secret in its query.

    Args:
        what: whose address it is. parts: of the address.
        has_query: whether option `query` may say where a secret is to be sent.

    Returns:
        The query.

    Raises:
        UsageError: it holds one; its value is not said.
    """
    if parts.password is not None:
        raise UsageError(
            f"The address of {what} holds a password.",
            hint="Addresses are shown and logged: put it into a file and write #secret=FILE.",
        )
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for key in query:
        if _SECRET.search(re.sub("[^a-z]", "", key.lower())):
            key = key[:40]
            options = f"#secret=FILE,query={key}" if has_query else "#secret=FILE"
            raise UsageError(
                f"The query of the address of {what} holds what looks like a secret ({key}).",
                hint="Addresses are seen by others: put it into a file, leave it out of the address"
                f" and write {options}.",
            )
    return query


def _query(scheme: str, parts: SplitResult) -> dict[str, str]:
    """Give the query of an address that holds no secret."""
    if scheme in ("-", "tail"):
        return {}
    if scheme in ("aisstream", "aishub") and (parts.netloc or parts.path):
        raise UsageError(
            f"Nothing but options may stand behind {scheme}:.",
            hint=f"A key is put into a file: {scheme}:#secret=FILE.",
        )
    has_query = scheme in ("http", "https", "ws", "wss")
    return refuse_secrets(f"a feed by {scheme}", parts, has_query=has_query)


def _bare(address: str, parts: SplitResult) -> str:
    """Give an address without user and query."""
    if not parts.netloc:
        return shown(address)
    host = parts.netloc.rpartition("@")[2]
    # Where an @ follows, a / may have been part of a password.
    path = "/..." if "@" in parts.path + parts.query else parts.path
    return urlunsplit((parts.scheme, host, path, "", "")) + (parts.query and "?...")


def _scheme_of(text: str, address: str) -> tuple[str, str]:
    """Part scheme and rest."""
    scheme, colon, rest = address.partition(":")
    if not colon or scheme not in SCHEMES:
        raise UsageError(f"'{shown(text)}' is no address of a feed.", hint=EXAMPLES)
    return scheme, rest


def _split(text: str, address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # whose text repeats what may be a password
        raise UsageError(f"'{shown(text)}' is no address of a feed.", hint=EXAMPLES) from None


def _port(text: str, parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise UsageError(
            f"'{shown(text)}' names no port.", hint="A port is a number up to 65535."
        ) from None


def _options(text: str, said: str) -> dict[str, str]:
    """Read `name=value,...`."""
    out = {}
    for part in filter(None, said.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            # Where an @ follows, # was part of a password.
            what = "What stands behind #" if "@" in said else f"'{part}'"
            raise UsageError(
                f"{what} is no option of a feed.", where=shown(text),
                hint="Write options like #name=north,idle=30,lateness=60.",
            )  # fmt: skip
        out[key.strip()] = value.strip()
    return out


def _seconds(options: dict[str, str], key: str, usual: float) -> float:
    """Take an option in seconds."""
    said = options.pop(key, None)
    try:
        value = usual if said is None else float(said)
    except ValueError:
        value = -1.0
    if not 0 < value <= 7 * 86_400:
        raise UsageError(
            f"{key}={said} is no time.", hint="Give seconds, more than 0 and at most a week."
        )
    return value


def _every(scheme: str, options: Mapping[str, str]) -> float:
    """Tell how often a feed is asked; 0 for one that sends on its own."""
    if scheme not in ("http", "https", "aishub"):
        return 0.0
    try:
        said = float(options.get("every", EVERY_S))
    except ValueError:
        return EVERY_S  # its transport refuses it
    return said if 0 < said <= 86_400 else EVERY_S


def _named(scheme: str, parts: SplitResult) -> str:
    """Name a feed by its address."""
    if scheme == "-":
        return "stdin"
    if scheme in ("aisstream", "aishub"):
        return scheme
    if scheme == "tail":
        said = Path(parts.path).name
    else:
        said = parts.hostname or scheme
        if scheme == "udp" or parts.hostname in ("localhost", "127.0.0.1", "::1"):
            said = f"{scheme}-{parts.netloc.rpartition('@')[2].rpartition(':')[2]}"
    cleaned = re.sub(r"[^a-z0-9._-]+", "-", said.lower()).strip("-._")[:40]
    return cleaned or scheme
