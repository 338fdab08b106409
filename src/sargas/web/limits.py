"""How much one client may ask: of the service, on a socket, and for how many passwords."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

MOST_KEYS = 20_000
"""Clients that are kept in mind; beyond it the one that was quiet longest is forgotten."""

RATE, BURST = 100.0, 600.0
"""Of requests a second and client, and at once (chosen: a screen begins with about 20, and a
service on one core answers some hundreds of small ones a second)."""
COSTS = {"POST": 5.0, "file": 20.0}
"""What counts for more than one: a command writes, a file of evidence is gathered anew."""
WORDS_RATE, WORDS_BURST = 10.0, 60.0
"""Of messages on a socket: a screen says at which alert it looks."""
SOCKETS_MOST = 20
"""Sockets of one user."""
PREFIX_BITS = 64
"""Of an address of IPv6 so many bits count: whoever has one has all that share them."""


def network_of(address: str) -> str:
    """Give what of a client's address counts for its limits; what is no address counts as it is.

    Source:
        RFC 4291, section 2.5.1: the other 64 bits are the host's own to choose.

    Example:
        >>> network_of("2001:db8::7"), network_of("2001:db8::1:2:3:4")
        ('2001:db8::/64', '2001:db8::/64')
        >>> network_of("192.0.2.1"), network_of("::ffff:192.0.2.1")
        ('192.0.2.1', '192.0.2.1')
    """
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(one, ipaddress.IPv4Address):
        return str(one)
    if one.ipv4_mapped is not None:
        return str(one.ipv4_mapped)
    return str(ipaddress.ip_network((int(one), PREFIX_BITS), strict=False))


class Buckets:
    """Token buckets, one a key.

    Args:
        rate: of units a second that flow in.
        burst: units that fit in.

    Example:
        >>> buckets = Buckets(rate=1.0, burst=2.0)
        >>> [buckets.wait_s("a", at_s=0.0) for _ in range(3)]
        [0.0, 0.0, 1.0]
        >>> buckets.wait_s("a", at_s=1.0), buckets.wait_s("b", at_s=0.0)
        (0.0, 0.0)
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: Hashable, at_s: float, cost: float = 1.0) -> float:
        """Take from a bucket; gives 0, or in how many seconds there is enough in it.

        Args:
            key: whose.
            at_s: a clock that only grows.
            cost: units; nothing is taken where there are fewer.
        """
        level, before_s = self._levels.pop(key, (self._burst, at_s))
        level = min(self._burst, level + max(0.0, at_s - before_s) * self._rate)
        is_enough = level >= cost
        self._levels[key] = (level - cost if is_enough else level, at_s)
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)
        return 0.0 if is_enough else (cost - level) / self._rate


FREE: Mapping[str, int] = {"pair": 3, "address": 10, "name": 10}
"""Attempts that fail before the next has to wait, by what is counted."""
WAIT_MOST_S: Mapping[str, float] = {"pair": 300.0, "address": 300.0, "name": 15.0}
FORGET_S = 3600.0
"""What failed so long ago counts no more."""


@dataclass
class _Failed:
    """Attempts that failed in a row, or are under way."""

    count: int = 0
    until_s: float = 0.0
    last_s: float = 0.0


class LoginDelays:
    """Attempts to log in that failed make the next one wait, longer each time.

    Counted are the attempts on a name from an address, those from an address, and those on a name
    from anywhere; addresses by `network_of`. The last can make an officer wait for strangers'
    attempts, so it stays short.
    """

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[str, ...], _Failed] = OrderedDict()

    def wait_s(self, name: str, address: str, at_s: float) -> float:
        """Say in how many seconds somebody may try; where that is now, count it as failed.

        An attempt counts from its beginning, so that a hundred at once are not all free;
        `succeeded` takes it back.
        """
        keys = self._keys(name, address)
        found = {kind: self._of(key, at_s) for kind, key in keys.items()}
        wait_s = max(0.0, max(one.until_s for one in found.values()) - at_s)
        if wait_s > 0:
            return wait_s
        for kind, one in found.items():
            one.count += 1
            one.last_s = at_s
            over = one.count - FREE[kind]
            if over >= 0:
                one.until_s = at_s + min(WAIT_MOST_S[kind], 2.0 ** min(over, 20))
            self._failed[keys[kind]] = one
            self._failed.move_to_end(keys[kind])
        while len(self._failed) > MOST_KEYS:
            self._failed.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the attempts on a name from an address: it was its owner."""
        keys = self._keys(name, address)
        self._failed.pop(keys["pair"], None)
        for kind in ("address", "name"):
            if one := self._failed.get(keys[kind]):
                one.count = max(0, one.count - 1)
                one.until_s = 0.0 if one.count < FREE[kind] else one.until_s

    def _of(self, key: tuple[str, ...], at_s: float) -> _Failed:
        one = self._failed.get(key, _Failed())
        return _Failed() if at_s - one.last_s > FORGET_S else one

    @staticmethod
    def _keys(name: str, address: str) -> dict[str, tuple[str, ...]]:
        network = network_of(address)
        return {"pair": ("pair", name, network), "address": ("address", network),
                "name": ("name", name)}  # fmt: skip
