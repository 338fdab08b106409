"""Chance without a state: a number drawn from (seed, time, purpose) is the same each time.

So that a ship and its twin draw the same noise for the same minute, whatever else became of one
of them, and a play does not depend on how it is cut into batches.
"""

from __future__ import annotations

import math

from sargas.model.jit import inlined

LOW32 = 0xFFFFFFFF


@inlined
def mixed(x: int) -> int:
    """Mix 32 bits so that neighbours become strangers.

    Source: the multipliers are those of C. Wellons' search for 32-bit mixers (hash-prospector,
        2018); both are below 2**31, so that the product stays within int64.
    """
    x = x & LOW32
    x ^= x >> 16
    x = (x * 0x21F0AAAD) & LOW32
    x ^= x >> 15
    x = (x * 0x735A2D97) & LOW32
    x ^= x >> 15
    return x


@inlined
def uniform(seed: int, t: int, purpose: int) -> float:
    """Draw evenly from the open range 0 to 1.

    Args:
        seed: of a ship or a play, below 2**31.
        t: a time or other counter, below 2**32.
        purpose: sets draws for different ends apart.
    """
    return (mixed(mixed(mixed(seed) ^ t) + purpose * 0x9E3779) + 0.5) / 4294967296.0


@inlined
def normal(seed: int, t: int, purpose: int) -> float:
    """Draw from the standard normal distribution (Box and Muller 1958); takes two purposes."""
    r = math.sqrt(-2.0 * math.log(uniform(seed, t, purpose)))
    return r * math.cos(2.0 * math.pi * uniform(seed, t, purpose + 1))
