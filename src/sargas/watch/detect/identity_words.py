"""What a subject says of itself, how long it has said so, and what it said before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sargas.model.jit import kernel

SAID = 4
IMO, NAME, LENGTH, CLASS = range(SAID)
SAME, DROPPED, SHIFTED, SWAPPED = range(4)
LETTERS, A_NUMBER = 34, 6
"""Bytes of a name, and of it in one number of an event: 48 bits are exact in a float."""
NAME_PRIME = 2**55 - 55
"""131 times a number below it fits in 63 bits."""

WORD = np.dtype(
    [
        ("value", "i8"), ("repeats", "i8"), ("t_first_ms", "i8"), ("t_last_ms", "i8"),
        ("old", "i8"), ("old_repeats", "i8"), ("t_old_first_ms", "i8"), ("t_old_last_ms", "i8"),
        ("told", "i8"), ("name", "u1", (2, LETTERS)),
    ]
)  # fmt: skip
"""One row a subject and thing said: what it says, what it said before (0 nothing), and whether
that was told. `name` holds both where the thing is the name."""


class Params(NamedTuple):
    """Limits of the rule, from `rules.toml`; times in ms."""

    clone_m: float
    together_ms: float
    turns: float
    hull_ms: float
    repeats: float
    span_ms: float
    recent_ms: float
    length_m: float
    length_share: float
    close_ms: float
    clone_close_ms: float


@kernel
def tell(words: NDArray[np.void], a: int, value: int, t_ms: int, p: Params) -> int:
    """Take what a subject says of one thing.

    A value that comes back is the one it was, with its count; one that was said too seldom after
    another is dropped for the next, as a slip of the keys.

    Returns:
        Whether the value is the same, was swapped with the old one, or has taken its place.
    """
    if value == words[a]["value"]:
        words[a]["repeats"] += 1
        words[a]["t_last_ms"] = t_ms
        return SAME
    if value == words[a]["old"]:
        repeats, first = words[a]["repeats"], words[a]["t_first_ms"]
        last, was = words[a]["t_last_ms"], words[a]["value"]
        words[a]["value"], words[a]["repeats"] = value, words[a]["old_repeats"] + 1
        words[a]["t_first_ms"], words[a]["t_last_ms"] = words[a]["t_old_first_ms"], t_ms
        words[a]["old"], words[a]["old_repeats"] = was, repeats
        words[a]["t_old_first_ms"], words[a]["t_old_last_ms"] = first, last
        return SWAPPED
    done = DROPPED
    old_span_ms = words[a]["t_old_last_ms"] - words[a]["t_old_first_ms"]
    is_old_held = words[a]["old_repeats"] >= p.repeats and old_span_ms >= p.span_ms
    if words[a]["value"] != 0 and (is_held(words, a, p) or not is_old_held):
        words[a]["old"], words[a]["old_repeats"] = words[a]["value"], words[a]["repeats"]
        words[a]["t_old_first_ms"] = words[a]["t_first_ms"]
        words[a]["t_old_last_ms"] = words[a]["t_last_ms"]
        done = SHIFTED
    words[a]["value"], words[a]["repeats"], words[a]["told"] = value, 1, 0
    words[a]["t_first_ms"] = words[a]["t_last_ms"] = t_ms
    return done


@kernel
def is_held(words: NDArray[np.void], a: int, p: Params) -> bool:
    """Tell whether a value was said often and long enough to be no slip."""
    span_ms = words[a]["t_last_ms"] - words[a]["t_first_ms"]
    return bool(words[a]["repeats"] >= p.repeats and span_ms >= p.span_ms)


@kernel
def has_changed(words: NDArray[np.void], a: int, p: Params) -> bool:
    """Tell whether a value held has followed another held, and mark it as told."""
    if words[a]["told"] or words[a]["old"] == 0 or not is_held(words, a, p):
        return False
    old_span_ms = words[a]["t_old_last_ms"] - words[a]["t_old_first_ms"]
    if words[a]["old_repeats"] < p.repeats or old_span_ms < p.span_ms:
        return False
    words[a]["told"] = 1
    return bool(words[a]["t_first_ms"] - words[a]["t_old_last_ms"] <= p.recent_ms)


@kernel
def pack(word: np.void, which: int, x: NDArray[np.float64], at: int) -> None:
    """Write a name into numbers, six letters each."""
    for k in range(LETTERS // A_NUMBER + 1):
        number = 0.0
        for letter in range(k * A_NUMBER, min((k + 1) * A_NUMBER, LETTERS)):
            number = number * 256.0 + word["name"][which][letter]
        x[at + k] = number


@kernel
def name_value(name: NDArray[np.uint8]) -> int:
    """Give a number for a name, 0 for an empty one: a polynomial over a prime under 2^55."""
    value = np.int64(0)
    for k in range(LETTERS):
        if name[k] == 0:
            break
        value = (value * np.int64(131) + np.int64(name[k])) % np.int64(NAME_PRIME)
    return int(value)


@kernel
def take_name(words: NDArray[np.void], a: int, name: NDArray[np.uint8], done: int) -> None:
    """Keep the letters of what a subject calls itself beside what it called itself before."""
    if done == SAME:
        return
    for k in range(LETTERS):
        if done != DROPPED:
            words[a]["name"][1][k] = words[a]["name"][0][k]
        words[a]["name"][0][k] = name[k]
