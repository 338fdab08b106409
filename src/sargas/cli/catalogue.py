"""The catalogue of detectors as it describes itself: from the classes, their texts and the rules.

Nothing here names a detector: what is entered in `DETECTORS` is listed, and explained by the
docstring of its module.
"""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sargas.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sargas.watch.detect.base import Detector
    from sargas.watch.rules import Rules, Threshold

RECORDS = (
    ("crossings", "D3", "sargas.watch.detect.crossing", "crossing"),
    ("suspects", "D17", "sargas.watch.suspects", "suspects"),
)
"""Parts of the catalogue that raise no alert: command, number, module, table of rules."""

_HEADING = re.compile(r"^((?:What|Definition|Source|Our own|Measured)[^.:]{0,90}):\s", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One part of the catalogue.

    Attributes:
        word, number: its names.
        kind: `detector`, or `record` where it raises no alert.
        sentence: what it looks for.
        text: the docstring of its module after the first line, paragraph by paragraph, each with
            its heading where it has one.
        priorities: P1, P2, P3 as its text names them; empty for a record.
        decided: how its priority is decided, a sentence each.
        thresholds: its own, by name; those of the detector that it rests on where it has none.
        version: of its definition; empty for a record.
        make: the detector's class; None for a record.
    """

    word: str
    number: str
    kind: str
    sentence: str
    text: tuple[tuple[str, str], ...]
    priorities: tuple[str, ...]
    decided: tuple[str, ...]
    thresholds: dict[str, Threshold]
    version: str = ""
    make: type[Detector] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the short form of `detectors list --json`."""
        return {
            "word": self.word, "number": self.number, "kind": self.kind, "version": self.version,
            "priorities": list(self.priorities), "sentence": self.sentence,
        }  # fmt: skip


def entries(rules: Rules) -> list[Entry]:
    """List the catalogue in the order of its numbers."""
    from sargas.watch.detect import DETECTORS

    found = [_of_detector(make, rules) for make in DETECTORS]
    found += [_of_record(*record, rules) for record in RECORDS]
    return sorted(found, key=lambda e: (_digits(e.number), e.word))


def _digits(number: str) -> int:
    found = re.search(r"\d+", number)
    return int(found[0]) if found else 0


def _of_detector(make: type[Detector], rules: Rules) -> Entry:
    """Describe a detector by its class, its module's docstring and its table of rules."""
    doc = inspect.cleandoc(sys.modules[make.__module__].__doc__ or make.__doc__ or "")
    sentence, text = _read(doc)
    said = [s for s in _sentences(doc) if re.search(r"\bP[123]\b", s)]
    found = re.findall(r"\bP[123]\b", " ".join(said))
    return Entry(
        word=make.word, number=make.number, kind="detector", version=make.version,
        sentence=sentence, text=text, priorities=tuple(sorted(set(found))),
        decided=(*said, *_of_judge(make)), thresholds=thresholds_of(make.word, rules), make=make,
    )  # fmt: skip


def thresholds_of(word: str, rules: Rules) -> dict[str, Threshold]:
    """Give the table of rules of a detector: its own, or that of the one it rests on."""
    from sargas.watch.detect import DETECTORS

    kind = next((make for make in DETECTORS if make.word == word), None)
    if word not in rules.tables and kind is not None and kind.rests_on:
        word = kind.rests_on[0]
    return dict(rules.tables.get(word, {}))


def with_leads(make: type[Detector]) -> tuple[type[Detector], ...]:
    """Give a detector and those it rests on: it finds nothing where they do not run."""
    from sargas.watch.detect import DETECTORS

    return (*(d for d in DETECTORS if d.word in make.rests_on), make)


def _of_judge(make: type[Detector]) -> list[str]:
    """Say what the judge does to the priority of a detector's alerts."""
    out = []
    if make.muted_near_land:
        out.append(
            "In a port, near the coast or in a mask of your own it is muted: a P3 that is counted "
            "and listed with --muted."
        )
    else:
        out.append("Ports and the coast do not mute it; a mask of your own may, if it names it.")
    if make.lowered_at_work:
        out.append(
            "A ship whose reported type works slowly (fishing, towing, dredging, diving, pilot, "
            "tug, law enforcement) lowers it by one, and the alert says so."
        )
    return out


def _of_record(word: str, number: str, module: str, table: str, rules: Rules) -> Entry:
    """Describe a record."""
    sentence, text = _read(inspect.cleandoc(import_module(module).__doc__ or ""))
    return Entry(
        word=word, number=number, kind="record", sentence=sentence, text=text, priorities=(),
        decided=(f"It raises no alert; it is what 'sargas {word}' prints.",),
        thresholds=dict(rules.tables.get(table, {})),
    )  # fmt: skip


def _read(doc: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Cut a module's docstring into its sentence and its paragraphs with headings."""
    paragraphs = re.split(r"\n\s*\n", doc)
    first = " ".join(paragraphs[0].split())
    # 'D4 `word`: a vessel ...' or 'The crossing log (D3): who ...'
    sentence = re.sub(r"^(?:D\d+\s+)?`\w+`[^:]*:\s*|^D\d+[^:]*:\s*", "", first)
    sentence = re.sub(r"\s*\(D\d+\)", "", sentence)
    return sentence[:1].upper() + sentence[1:], tuple(map(_headed, paragraphs[1:]))


def _headed(paragraph: str) -> tuple[str, str]:
    """Split a paragraph's heading off; lists keep their lines, other text is one line."""
    found = _HEADING.match(paragraph)
    head = " ".join(found[1].split()) if found else ""
    rest = paragraph[found.end() :] if found else paragraph
    if re.search(r"^\s*- ", rest, re.MULTILINE):
        items = re.split(r"\n\s*(?=- )", rest)
        return head, "\n".join(" ".join(item.split()) for item in items)
    return head, " ".join(rest.split())


def _sentences(doc: str) -> list[str]:
    """Cut a text into sentences, without the headings before them."""
    out = []
    for paragraph in re.split(r"\n\s*\n", doc):
        _, text = _headed(paragraph)
        out += re.split(r"(?<=[.])\s+(?=[A-Z\d`])|\n", text)
    return [s.strip(" -").removesuffix(":") for s in out if s.strip(" -")]


def shared_tables(rules: Rules) -> list[str]:
    """Name the tables of rules that belong to no one detector or record."""
    from sargas.watch.detect import DETECTORS

    owned = {make.word for make in DETECTORS} | {table for *_, table in RECORDS}
    return [table for table in rules.tables if table not in owned]


def find(catalogue: list[Entry], wanted: str) -> Entry:
    """Find a part of the catalogue by its word or its number.

    Raises:
        NotFoundError: there is none; the hint names what comes near.
        UsageError: several have this number.
    """
    name = re.sub(r"[\s-]+", "_", wanted.strip()).lower()
    same = [e for e in catalogue if e.word == name] or [
        e for e in catalogue if e.number.lower() == name
    ]
    if len(same) == 1:
        return same[0]
    if same:
        words = ", ".join(e.word for e in same)
        raise UsageError(f"{wanted} is the number of {words}.", hint="Give the word.")
    names = {e.word: e.word for e in catalogue} | {e.number.lower(): e.word for e in catalogue}
    near = [e.word for e in catalogue if name and (name in e.word or e.word in name)]
    near += [names[n] for n in difflib.get_close_matches(name, names, n=3, cutoff=0.5)]
    hint = f"Did you mean {', '.join(dict.fromkeys(near))}? " if near else ""
    raise NotFoundError(
        f"There is no detector '{wanted}'.", hint=f"{hint}See 'sargas detectors list'."
    )
