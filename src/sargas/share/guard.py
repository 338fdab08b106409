"""Where a message may be sent: not into the own network by a name that leads there.

An address is resolved once, looked at, and connected to as it was resolved: a name that changes its
mind in between changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from sargas.errors import FeedUnavailableError, UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolved(host: str, port: int, *, allow_private: bool = False) -> str:
    """Resolve a host to the address to connect to.

    Args:
        host: name or address.
        port: where to.
        allow_private: take addresses of private networks, this machine and the link too.

    Raises:
        UsageError: it leads to an address that is not public; so does one of several.
        FeedUnavailableError: it cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FeedUnavailableError(f"'{host[:80]}' cannot be resolved.") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise UsageError(
                f"'{host[:80]}' leads to {address}, which is not a public address.",
                hint="If the partner's system is there, say so with --allow-private.",
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet, through whatever it is wrapped in.

    Example:
        >>> [is_public(a) for a in ("8.8.8.8", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1")]
        [True, False, False, False]
    """
    one: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo or (None, None))[1]
        if one in _NAT64:
            inner = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified)
