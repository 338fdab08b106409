"""Sending Cursor on Target events to a TAK server or net: TCP, UDP or TLS, by PyTAK.

CoT has no receipt: what was sent was taken by the network, and no more is known.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Iterable
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sargas.errors import FeedUnavailableError, UsageError
from sargas.share.formats import Document

SCHEMES = {"cot+tcp": "tcp+wo", "cot+udp": "udp+wo", "cot+tls": "tls+wo"}
DATAGRAM_MOST = 60_000
"""Bytes of an event by UDP at most; a datagram holds 65,507."""


@dataclass(frozen=True)
class Credentials:
    """Files for TLS, as PEM.

    Attributes:
        cert, key: who we are; PyTAK wants a certificate of the client's own.
        ca: who signed the server's certificate; None for those that this machine trusts.
    """

    cert: Path
    key: Path
    ca: Path | None = None


def send(
    events: Iterable[Document], url: str, credentials: Credentials | None = None,
    timeout_s: float = 20.0,
) -> int:  # fmt: skip
    """Send events, one after the other.

    Args:
        events: of the format `cot`.
        url: `cot+tcp://HOST:PORT`, `cot+udp://HOST:PORT`, or `cot+tls://HOST:PORT`.
        credentials: for TLS.
        timeout_s: for all of it.

    Returns:
        How many were sent.

    Raises:
        UsageError: the address or the credentials cannot be used, or PyTAK is not installed.
        FeedUnavailableError: nobody takes them.
    """
    scheme, place = checked_url(url)
    config = {"COT_URL": f"{SCHEMES[scheme]}://{place}", "TAK_PROTO": "0"}
    if scheme == "cot+tls":
        config |= _tls(credentials, url)
    waiting = list(events)
    for one in waiting:
        if scheme == "cot+udp" and len(one.data) > DATAGRAM_MOST:
            raise UsageError(f"{one.name} is too long for a datagram.", hint="Send it by TCP.")
    try:
        asyncio.run(asyncio.wait_for(_send(waiting, config), timeout_s))
    except (OSError, TimeoutError, ssl.SSLError, SyntaxError, ValueError) as error:
        # PyTAK says what is wrong with a certificate in errors of these kinds.
        reason = str(error) or f"no answer in {timeout_s:g} s"
        raise FeedUnavailableError(
            f"The events were not taken: {reason.rstrip('.')}.", where=url,
            hint="Is the server up, and does it trust the certificate?",
        ) from error  # fmt: skip
    return len(waiting)


def checked_url(url: str) -> tuple[str, str]:
    """Read an address.

    Raises:
        UsageError: it is none.

    Example:
        >>> checked_url("cot+tcp://tak.example.org:8087")
        ('cot+tcp', 'tak.example.org:8087')
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"'{url[:80]}' is no address: {error}.") from error
    if parts.scheme not in SCHEMES or not parts.hostname or not port:
        raise UsageError(
            f"'{url[:80]}' is no address for Cursor on Target.",
            hint=f"Write {', '.join(f'{name}://HOST:PORT' for name in SCHEMES)}.",
        )
    if parts.username or parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("An address for Cursor on Target is HOST:PORT and no more.")
    return parts.scheme, f"{parts.hostname}:{port}"


def _tls(credentials: Credentials | None, url: str) -> dict[str, str]:
    if credentials is None:
        raise UsageError(
            "TLS needs a certificate of ours.", where=url, hint="Give --cert and --key, as PEM.",
        )  # fmt: skip
    ca = credentials.ca or Path(ssl.get_default_verify_paths().openssl_cafile)
    files = {"CERT": credentials.cert, "KEY": credentials.key, "CAFILE": ca}
    for file in files.values():
        if not file.is_file():
            raise UsageError("There is no such file.", where=str(file))
    said = {f"PYTAK_TLS_CLIENT_{name}": str(file) for name, file in files.items()}
    # PyTAK's own default would take ciphers without encryption too.
    return said | {"PYTAK_TLS_CLIENT_CIPHERS": "DEFAULT"}


async def _send(events: list[Document], config: dict[str, str]) -> None:
    pytak = _pytak()
    parser = ConfigParser(interpolation=None)
    parser["tak"] = config
    section = parser["tak"]
    _, writer = await pytak.protocol_factory(section)
    worker = pytak.TXWorker(asyncio.Queue(), section, writer)
    try:
        for event in events:
            await worker.handle_data(event.data)
        writer.close()
        if hasattr(writer, "wait_closed"):
            await writer.wait_closed()
    except BaseException:
        # Closing in peace would wait until the other side has taken what it does not take.
        if hasattr(writer, "transport"):
            writer.transport.abort()
        else:
            writer.close()
        raise


def _pytak() -> Any:  # noqa: ANN401 - an extra without types
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own extras, which are not used here
            import pytak
    except ModuleNotFoundError as error:
        raise UsageError(
            "Sending Cursor on Target needs PyTAK.", hint="In the clone: pip install '.[tak]'."
        ) from error
    return pytak
