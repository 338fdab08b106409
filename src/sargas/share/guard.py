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
_UNICAST6 = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out as global unicast; what else `is_global` lets through is not."""
_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20"))
)
"""Of protocols, of the 6to4 relays there once were, and of examples (IANA's registries of special
addresses, RFC 6890, 7526, 9637): nobody's service is there, whatever `is_global` says."""


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
        >>> [is_public(a) for a in ("2a00:1450:4026::1", "fec0::1", "192.0.0.8", "192.88.99.1")]
        [True, False, False, False]
    """
    one: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo or (None, None))[1]
        if one in _NAT64:
            inner = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if one not in _UNICAST6:
            return False
    if any(one in network for network in _SPECIAL if network.version == one.version):
        return False
    return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified)
