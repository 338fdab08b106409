"""By volume: mutations of the seeds, one after the other, the same for the same seed.

An input is one mutated line where a target reads lines (a thousand of them go through at once, as
a file would), else one mutated document. A document that is refused counts as one input, however
many lines it has.
"""

from __future__ import annotations

import hashlib
import random
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from fuzz.mutate import mutate
from fuzz.seeds import found
from fuzz.target import JSON, LINES, TEXT, Target
from sargas.errors import SargasError

BATCH_LINES = 1000
DIFFERENT_MOST = 20
"""So many findings of different places are kept of a target; one more ends it."""


@dataclass(frozen=True)
class Finding:
    """An input that did what none may do.

    Attributes:
        target: its name. what: the error, or `hang`, `crash`.
        place: where it was raised; findings of one place are one.
        data: the input. trace: as Python tells it.
    """

    target: str
    what: str
    place: str
    data: bytes
    trace: str

    @property
    def name(self) -> str:
        """Name it by its input."""
        return hashlib.sha256(self.data).hexdigest()[:12]


@dataclass
class Tally:
    """What was done so far."""

    inputs: int = 0
    taken: int = 0
    refused: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)


def seeds_of(target: Target) -> list[bytes]:
    """Give the seeds of a target, those of the corpus last."""
    return [*target.seeds(), *found(target.name)]


def documents(target: Target, seed: int) -> Iterator[tuple[bytes, int]]:
    """Give documents without end, each with the number of its inputs."""
    draw = random.Random(f"{target.name}:{seed}")
    seeds = seeds_of(target)
    if target.kind != LINES:
        is_text = target.kind in (TEXT, JSON)
        while True:
            yield mutate(draw, seeds, target.words, is_text=is_text), 1
    assert target.line is not None
    parted = [seed.splitlines(keepends=True) for seed in seeds if seed.count(b"\n") > 1]
    heads = [lines[0] for lines in parted] if target.has_header else []
    pools = [lines[1:] if target.has_header else lines for lines in parted]
    pool = [line for lines in pools for line in lines]
    while True:
        k = int(draw.random() * len(pools))
        some = pools[k] if target.has_header else pool
        lines = [target.line(draw, some) for _ in range(BATCH_LINES)]
        if not heads:
            yield b"".join(lines), BATCH_LINES
            continue
        head = heads[k]
        if draw.random() < 0.05:
            head = mutate(draw, [head], is_text=True)
        yield head + b"".join(lines), BATCH_LINES


def run(
    target: Target,
    inputs: int,
    seed: int,
    before: Callable[[bytes, Tally], None] = lambda data, tally: None,
) -> Tally:
    """Run a target on mutated inputs.

    Args:
        target: which.
        inputs: so many, or a few more.
        seed: of the chance.
        before: shown each document before it is run, and how far it is.
    """
    tally = Tally()
    # Of lines that are all refused with their document few count: there is an end all the same.
    most = 3 * inputs // BATCH_LINES + 10 if target.kind == LINES else inputs
    for number, (data, many) in enumerate(documents(target, seed), 1):
        before(data, tally)
        error = tried(target, data)
        tally.inputs += many if error is None else 1
        tally.taken += error is None
        tally.refused += isinstance(error, SargasError)
        if error is not None and not isinstance(error, SargasError):
            keep(target, data, error, tally)
        if tally.inputs >= inputs or number >= most or len(tally.findings) > DIFFERENT_MOST:
            return tally
    raise AssertionError("documents do not end")


def tried(target: Target, data: bytes) -> BaseException | None:
    """Run a target on one document; gives what it raised, None where it took it."""
    try:
        target.run(data)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return error
    return None


def keep(target: Target, data: bytes, error: BaseException, tally: Tally) -> None:
    """Keep a finding, unless one of its place is there already."""
    place = place_of(error)
    if place in tally.findings:
        return
    if target.kind == LINES:
        data = shortest(target, data, place)
    trace = "".join(traceback.format_exception(error, limit=-8))
    tally.findings[place] = Finding(target.name, repr(error)[:200], place, data, trace)


def place_of(error: BaseException) -> str:
    """Name where an error was raised: the last line of sargas, and the kind of error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "sargas" in f.filename] or list(frames)
    last = own[-1]
    law = str(error) if type(error).__name__ == "BrokenLawError" else ""
    return f"{type(error).__name__} {last.name}:{last.lineno} {law}".strip()


def shortest(target: Target, data: bytes, place: str) -> bytes:
    """Leave out lines as long as the finding stays the same."""
    lines = data.splitlines(keepends=True)
    size = len(lines) // 2
    while size:
        k = int(target.has_header)
        while k < len(lines):
            fewer: Sequence[bytes] = lines[:k] + lines[k + size :]
            error = tried(target, b"".join(fewer))
            if error is not None and place_of(error) == place:
                lines = list(fewer)
            else:
                k += size
        size //= 2
    return b"".join(lines)
