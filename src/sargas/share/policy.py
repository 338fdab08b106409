"""Release groups: who may see what by default, and which fields a group never gets.

The policy is a small file in the home, `release.toml`; without one the shipped `release.toml`
counts, by which nothing leaves by itself. Groups stand in an order from the narrowest to the widest
for people to read, and each by itself: what is released to one is released to no other.

Feeds have release groups too: what rests on a feed goes to those alone to which the feed may go,
whoever releases it, and of its reports the others get none.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from sargas.errors import FormatError, NotFoundError, StoreError

FILE, KEY_FILE = "release.toml", "release.key"
SENDER_HINT: Final = (
    f'Set sender = "watch@example.org" in {FILE} in the home. If there is none, make it: '
    f"sargas share policy --file > HOME/{FILE}; a file without groups lets nothing out."
)
"""What to do where a format asks who speaks, and the policy does not say."""
KEY_LEAST = 32
NATIONAL, PUBLIC = "national", "public"
_GROUP = re.compile(r"[a-z0-9][a-z0-9+._-]{0,39}")
_FEED = re.compile(r"[a-z0-9._*?!\[\]-]{1,60}")
UNKNOWN = ""
"""Stands for a feed that nobody can name: it might be any."""
EVERY_OTHER = "*"
"""The row of feeds that no other row fits."""
_SENDER = re.compile(r"[^\s,<&]{1,120}")

REDACTIONS: Mapping[str, tuple[str, ...]] = {
    "triage": ("triage", "log"),
    "officers": ("triage.owner", "triage.taken_by", "log"),
    "comments": ("triage.comment", "triage.reason", "triage.to", "triage.ref",
                 "triage.incident", "log"),
    "lists": ("context.lists", "context.lists_version", "notes"),
    "sources": ("context.coverage", "context.feeds"),
    "mutes": ("muted_by",),
    "notes": ("notes",),
    "rules": ("rules", "geometry", "detector_version"),
    "tests": ("why",),
    "against": ("against",),
    "context": ("context",),
    "text": ("text",),
    "kp": ("asset.kp_km",),
    "asset": ("asset", "next_assets", "text", "against", "context", "notes"),
    "vessel": ("subject.mmsi", "subject.imo", "subject.name", "subject.callsign",
               "subject.ship_type", "subject.length_m", "subject.segment", "text", "against",
               "context", "notes", "track"),
    "place": ("lon", "lat", "asset.kp_km", "asset.distance_m", "next_assets", "text", "against",
              "context", "notes", "track"),
    "track": ("track",),
}  # fmt: skip
"""Fields that can be kept from a group, and what goes with each: a sentence that may say the same
goes too. `sources` takes the whole subject and text of an alert about a feed."""

REDACTION_WORDS: Mapping[str, str] = {
    "triage": "who did what about it, and when",
    "officers": "names of officers",
    "comments": "what officers said",
    "lists": "entries of vessel lists",
    "sources": "feeds, stations and reception",
    "mutes": "names of masks and suspensions",
    "notes": "what raised or lowered the priority",
    "rules": "versions of detector, thresholds and geometry",
    "tests": "each test with its threshold",
    "against": "what speaks against it",
    "context": "depth, GNSS, coverage, lists and the like",
    "text": "the sentence",
    "kp": "the exact kilometre of the asset",
    "asset": "which asset, and those ahead",
    "vessel": "who the vessel is, and its track",
    "place": "where it is, and the track",
    "track": "the fixes",
}


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a group sees by default; an empty condition fits everything."""

    priorities: tuple[Literal["P1", "P2", "P3"], ...] = ()
    detectors: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    exercises: bool = False

    def fits(self, alert: Mapping[str, Any], feeds: Callable[[], Collection[str]]) -> bool:
        """Tell whether one version of an alert fits.

        Args:
            alert: its body.
            feeds: names the feeds it may rest on; asked only where the rule asks.
        """
        if alert["muted_by"] or (alert["exercise"] is not None and not self.exercises):
            return False
        if self.priorities and alert["priority"] not in self.priorities:
            return False
        if self.detectors and not _any(alert["detector"], self.detectors):
            return False
        # A feed that nobody could name might be any of those that there are.
        names = [one for one in feeds() if one != UNKNOWN] if self.feeds else ()
        return not self.feeds or (bool(names) and all(_any(f, self.feeds) for f in names))


class Group(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A release group as the policy file has it."""

    label: str
    sees: tuple[Rule, ...] = ()
    redact: tuple[str, ...] = ()

    @property
    def redacted(self) -> tuple[str, ...]:
        """Every path that the group never gets, in order, the same for every alert."""
        return tuple(sorted({path for word in self.redact for path in REDACTIONS[word]}))


class FeedRow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """To which groups the reports of a feed may go, and with them what rests on it."""

    groups: tuple[str, ...]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    groups: dict[str, Group]
    feeds: dict[str, Any] = {}
    sender: str = ""
    contact: str = ""


@dataclass(frozen=True)
class Policy:
    """The release groups of a home.

    Attributes:
        groups: by name, in the order of the file.
        sender, contact: who speaks to others.
        version: begins the SHA-256 of the file; it stands in the audit log with every exit.
        where: the file, empty for the shipped one.
        key: a secret of the home, by which alerts get other ids for groups that must not know the
            vessel: an id is a hash of the vessel's number, and ships' numbers are few.
        feeds: rows by name or pattern of a feed, in the order of the file.
    """

    groups: Mapping[str, Group]
    sender: str = ""
    contact: str = ""
    version: str = ""
    where: str = ""
    key: bytes = field(default=b"", repr=False)
    feeds: Mapping[str, FeedRow] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """Give a group.

        Raises:
            NotFoundError: the policy has none of that name.
        """
        if name not in self.groups:
            raise NotFoundError(
                f"There is no release group '{name[:40]}'.",
                where=self.where,
                hint=f"Groups are {', '.join(self.groups)}.",
            )
        return self.groups[name]

    def rows_of(self, feed: str) -> tuple[str, ...]:
        r"""Name the rows that count for a feed: its own, else all that fit, else `EVERY_OTHER`.

        Example:
            >>> text = (b'groups.eu.label = "EU"\n[feeds."n-*"]\ngroups = []\n'
            ...         b'[feeds.n-ais]\ngroups = ["eu"]\n[feeds."*"]\ngroups = ["eu"]')
            >>> made = read_policy(text)
            >>> made.rows_of("n-ais"), made.rows_of("n-radar"), made.rows_of("other")
            (('n-ais',), ('n-*',), ('*',))
        """
        if feed in self.feeds:
            return (feed,)
        fitting = [row for row in self.feeds if row != EVERY_OTHER and fnmatchcase(feed, row)]
        return tuple(fitting) or tuple(row for row in self.feeds if row == EVERY_OTHER)

    def feed_groups(self, feed: str) -> tuple[str, ...]:
        """Name the groups to which a feed may go: those of all its rows, or all without a row."""
        rows = [self.feeds[row].groups for row in self.rows_of(feed)]
        return tuple(name for name in self.groups if all(name in row for row in rows))

    def restricts(self, group: str) -> bool:
        """Tell whether there are feeds that may not go to a group."""
        return any(group not in row.groups for row in self.feeds.values())

    def withheld(self, group: str, feeds: Collection[str]) -> tuple[str, ...]:
        """Name those of some feeds that may not go to a group, in order.

        Args:
            group: a name of the policy's groups.
            feeds: names; `UNKNOWN`, and none at all, might be any feed.
        """
        if not self.restricts(group):
            return ()
        named = {*feeds} or {UNKNOWN}
        kept = (one for one in named if not one or group not in self.feed_groups(one))
        return tuple(sorted(kept))


def read_policy(text: bytes, where: str = "", key: bytes = b"") -> Policy:
    r"""Read a policy file.

    Args:
        text: the file.
        where: its name, for errors.
        key: of the home.

    Raises:
        FormatError: it is no TOML, or says what no policy can say.

    Example:
        >>> made = read_policy(b'[groups.nato]\nlabel = "NATO"\nredact = ["kp"]\n')
        >>> made.group("nato").redacted
        ('asset.kp_km',)
    """
    hint = (
        "It takes the place of the shipped file as a whole, groups and all: begin with a copy of "
        "that, 'sargas share policy --file', and see the remarks in it."
    )
    try:
        said = msgspec.toml.decode(text, type=_File)
    # A number of thousands of digits is a plain ValueError; so are the errors of TOML and UTF-8.
    except (ValueError, RecursionError) as error:
        raise FormatError(f"No release policy: {error}.", where=where, hint=hint) from error
    for name, group in said.groups.items():
        if not _GROUP.fullmatch(name):
            raise FormatError(
                f"'{name[:40]}' is no name of a group.", where=where,
                hint="Small letters, digits and + . _ - make a name.",
            )  # fmt: skip
        if strange := sorted(set(group.redact) - set(REDACTIONS)):
            raise FormatError(
                f"[groups.{name}] cannot redact '{strange[0]}'.", where=where,
                hint=f"Fields are {', '.join(REDACTIONS)}.",
            )  # fmt: skip
    feeds = {name: _feed_row(name, row, said.groups, where) for name, row in said.feeds.items()}
    if said.sender and not _SENDER.fullmatch(said.sender):
        raise FormatError(
            f"sender = {said.sender!r} has blanks, commas, < or &.", where=where,
            hint="Write an address like watch@example.org.",
        )  # fmt: skip
    version = hashlib.sha256(text).hexdigest()[:12]
    return Policy(said.groups, said.sender, said.contact, version, where, key, feeds)


def _feed_row(name: str, said: object, groups: Mapping[str, Group], where: str) -> FeedRow:
    """Read the row of a feed, or of several by a pattern.

    Raises:
        FormatError: no feed can be called so, or a group of it is none of the policy's.
    """
    if not _FEED.fullmatch(name):
        raise FormatError(
            f'[feeds."{name[:40]}"]: no feed is called so, and nothing would be kept back.',
            where=where,
            hint="Feeds have names of small letters, digits and . _ -; in a pattern * and ? stand "
            "for others.",
        )
    hint = f'Write it as [feeds."{name}"] and groups = ["{next(iter(groups), "nato")}"].'
    try:
        row = msgspec.convert(said, FeedRow)
    except msgspec.ValidationError as error:
        raise FormatError(f'[feeds."{name}"]: {error}.', where=where, hint=hint) from error
    if strange := [one for one in row.groups if one not in groups]:
        raise FormatError(
            f"[feeds.\"{name}\"] names '{strange[0][:40]}', which is no group of this file.",
            where=where, hint=f"Groups are {', '.join(groups)}.",
        )  # fmt: skip
    return row


def shipped_text() -> bytes:
    """Give the policy that counts where a home has none."""
    return resources.files("sargas.share").joinpath(FILE).read_bytes()


def load_policy(home: Path) -> Policy:
    """Read the policy of a home, or the shipped one.

    Raises:
        FormatError: the home's file cannot be read; nothing leaves then.
    """
    path = home / FILE
    try:
        text, where = path.read_bytes(), str(path)
    except FileNotFoundError:
        text, where = shipped_text(), ""
    except OSError as error:
        raise FormatError(
            f"The release policy cannot be read ({error.strerror}).", where=str(path),
            hint="Nothing is released until it can be.",
        ) from error  # fmt: skip
    return read_policy(text, where, _key(home) if home.is_dir() else b"")


def _key(home: Path) -> bytes:
    """Read the home's secret; made where there is none.

    Raises:
        StoreError: it can neither be read nor made.
    """
    path = home / KEY_FILE
    try:
        if not path.exists():
            begun = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
            handle = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(KEY_LEAST).encode())
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(begun, path)  # of two that make it at once the first one counts
            except FileExistsError:
                pass
            finally:
                begun.unlink()
        key = path.read_bytes()
        if path.stat().st_mode & 0o077:  # as a restored backup leaves it
            path.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"The secret of the home cannot be read or made ({error.strerror}).", where=str(path),
            hint="Check who owns it and the home.",
        ) from error  # fmt: skip
    if len(key) < KEY_LEAST:
        raise StoreError(
            "The secret of the home is cut short.", where=str(path),
            hint="Bring it back from a backup; without it, alerts get other ids for groups that "
            "must not know the vessel. Remove it to have a new one made.",
        )  # fmt: skip
    return key


def _any(word: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in patterns)
