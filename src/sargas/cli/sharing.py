"""What the commands of `sargas share` have in common: read up to the gate, and note what left."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas.cli.acts import newest_ms
from sargas.cli.words import clean_text, put_table, say
from sargas.errors import NotFoundError, UsageError
from sargas.model.fixes import AIR, SEA
from sargas.model.time import parse_iso
from sargas.model.triage import SHARE

if TYPE_CHECKING:
    from sargas.model.fixes import Fixes
    from sargas.share.evidence import Evidence
    from sargas.share.formats import Document, Format
    from sargas.share.policy import Policy
    from sargas.share.release import Released, ReleasedTrack
    from sargas.share.saying import About
    from sargas.store import Archive, AuditLog, Home
    from sargas.store.standing import Standing


TOLD_EVERY, NAMED_MOST = 100, 5
"""So many tracks are read between two words of how far it is; so many alerts are named at most."""


@dataclass(frozen=True)
class Leaving:
    """What a group gets of a home as it is now.

    Attributes:
        archive: the fixes of the home.
        log: its audit log, open.
        policy: its release policy.
        group: to whom.
        alerts: from the gate, oldest first.
        t_ms: newest event time that the home knows.
    """

    archive: Archive
    log: AuditLog
    policy: Policy
    group: str
    alerts: Sequence[Released]
    t_ms: int


@contextmanager
def reading(home: Path | None) -> Iterator[tuple[Archive, Policy, Standing, int]]:
    """Open a home for what may leave: its fixes, its policy, how its alerts stand, newest time.

    Raises:
        NotFoundError: there is no home.
        FormatError: its policy cannot be read.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.share.policy import load_policy
    from sargas.store import Archive, AuditLog, Ledger
    from sargas.store.standing import Standing

    stored = open_stored(home)
    policy = load_policy(stored.path)
    with AuditLog(stored) as log, Ledger(stored) as ledger, Archive(stored) as archive:
        standing = Standing(ledger, log)
        yield archive, policy, standing, newest_ms(stored, standing.alerts())


@contextmanager
def leaving(
    home: Path | None, group: str, since: str | None = None, until: str | None = None,
    ids: Sequence[str] = (),
) -> Iterator[Leaving]:  # fmt: skip
    """Read what a group gets.

    Args:
        home: value of `--home`.
        group: of the policy.
        since, until: only alerts whose newest version became known from and before these times.
        ids: only these, or their beginnings.

    Raises:
        NotFoundError: there is no home, no such group, no such alert, or it is not released.
    """
    from sargas.cli.kept_alerts import whole_id
    from sargas.share.outgoing import outgoing
    from sargas.share.reach import kept_back

    low = parse_iso(since) if since else None
    high = parse_iso(until) if until else None
    if low is not None and high is not None and low >= high:
        raise UsageError("--since is not before --until.")
    with reading(home) as (archive, policy, standing, t_ms):
        policy.group(group)
        known = standing.alerts() if ids else []
        named = {whole_id(known, one, archive.home) for one in ids} if ids else None
        found = outgoing(standing, group, policy, t_ms, archive=archive, ids=named)
        missing = sorted((named or set()) - {alert.own_id for alert in found})
        for kept in kept_back(standing, policy, group, missing, t_ms, archive=archive):
            raise NotFoundError(kept.what, hint=kept.hint)
        for one in missing:
            raise NotFoundError(
                f"Alert {one} is not released to {group}.",
                hint=f"Release it: sargas alerts release {one[:10]} --to {group}.",
            )
        alerts = [
            alert
            for alert in found
            if (low is None or _issued_ms(alert) >= low)
            and (high is None or _issued_ms(alert) < high)
        ]
        yield Leaving(archive, standing.log, policy, group, alerts, t_ms)


def _issued_ms(alert: Released) -> int:
    return parse_iso(alert.body["t_issued"])


def written(leaving: Leaving, kind: Format, about: About, *, quiet: bool = False) -> list[Document]:
    """Write what leaves, and say of what cannot be written why."""
    from sargas.share.formats import documents

    if kind.of_tracks:
        return list(documents(kind, list(tracks_of(leaving, quiet=quiet)), about))
    reasons = [(kind.refuses(alert), alert.own_id) for alert in leaving.alerts]
    _say_left_out([(reason, name) for reason, name in reasons if reason], quiet=quiet)
    return list(documents(kind, leaving.alerts, about))


def tracks_of(leaving: Leaving, *, quiet: bool = False) -> Iterator[ReleasedTrack]:
    """Read the tracks that a group gets."""
    from sargas.share.evidence import evidence_span_ms
    from sargas.share.outgoing import feed_names
    from sargas.share.release import released_track

    archive = leaving.archive
    feeds = feed_names(archive, leaving.policy, leaving.group)
    count = len(leaving.alerts)
    left_out: list[tuple[str, str]] = []
    for k, alert in enumerate(leaving.alerts, 1):
        if k % TOLD_EVERY == 0:
            say(f"read {k:,} of {count:,} tracks", quiet=quiet)
        subject = alert.body["subject"]
        if "track" in alert.redacted or not subject.get("mmsi"):
            left_out.append(("there is no track to tell", alert.own_id))
            continue
        spans = [evidence_span_ms(version) for version in alert.history]
        domain = AIR if subject["domain"] == "air" else SEA
        low, high = min(s[0] for s in spans), max(s[1] for s in spans)
        fixes = archive.track(domain, subject["mmsi"], low, high + 1)
        track = released_track(alert, fixes, leaving.policy, feeds)
        if track is None or not track.fixes.has_position.any():
            left_out.append(("no fix of it is stored any more", alert.own_id))
        else:
            yield track
    _say_left_out(left_out, quiet=quiet)


def _say_left_out(left_out: Sequence[tuple[str, str]], *, quiet: bool) -> None:
    """Say how many alerts were left out for which reason, and name the first few."""
    by_reason: dict[str, list[str]] = {}
    for reason, name in left_out:
        by_reason.setdefault(reason, []).append(name[:10])
    for reason, names in by_reason.items():
        more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
        say(f"left out {', '.join(names[:NAMED_MOST])}{more}: {reason}.", quiet=quiet)


def marked(place: Path, *, exercise: bool) -> Path:
    """Let the name of a file say that it holds an exercise.

    Example:
        >>> str(marked(Path("out/a.xml"), exercise=True))
        'out/EXERCISE-a.xml'
    """
    from sargas.share.saying import EXERCISE

    is_told = not exercise or EXERCISE in place.name.upper()
    return place if is_told else place.with_name(f"{EXERCISE}-{place.name}")


def note(
    leaving: Leaving, officer: str, kind: str, where: str, documents: Iterable[Document],
    failed: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Note in the audit log what leaves: what, to whom, where to, how many, and its hash.

    Args:
        leaving: what is shared of which home.
        officer: who lets it leave.
        kind: the format.
        where: a file or address.
        documents: what leaves.
        failed: why it did not leave after all; empty before it is tried.

    Returns:
        What was noted.
    """
    told = list(documents)
    shared = [f"{name}:{version}" for one in told for name, version in one.own]
    return _note(leaving, officer, kind, where, shared, b"".join(o.data for o in told), failed)


def _note(
    leaving: Leaving, officer: str, kind: str, where: str, shared: list[str], data: bytes,
    failed: str = "",
) -> dict[str, Any]:  # fmt: skip
    detail = {
        "group": leaving.group, "format": kind, "where": clean_text(where)[:400],
        "count": len(shared), "sha256": hashlib.sha256(data).hexdigest(),
        "policy": leaving.policy.version, "shared": shared,
    }  # fmt: skip
    if failed:
        detail["failed"] = clean_text(failed)[:400]
    leaving.log.note(
        SHARE, officer, t_ms=leaving.t_ms, at_ms=time.time_ns() // 1_000_000, detail=detail
    )
    return detail


def evidence_for(
    evidence: Evidence, home: Path, group: str, officer: str, where: str,
    write: Callable[[Evidence], bytes],
) -> bytes:  # fmt: skip
    """Write the evidence of an alert for a group, and note that it leaves.

    Evidence is whole or it is none: a group that never gets a part of it gets none of it. It holds
    the versions that the group may know, no name of the alerts that are grouped with it, and of the
    hours around it the fixes of the feeds alone that may go to the group; it says so.

    Args:
        evidence: as it was gathered.
        home: that it is of.
        group: to whom.
        officer: who lets it leave.
        where: the file it goes into.
        write: makes the file.

    Raises:
        NotFoundError: the alert is not released to the group.
        UsageError: the group never gets a part of it.
    """
    alert = evidence.alert
    with leaving(home, group, ids=[alert["id"]]) as left:
        (released,) = left.alerts
        # What people did about an alert is in no evidence.
        if hidden := [p for p in released.redacted if p.partition(".")[0] not in ("triage", "log")]:
            raise UsageError(
                f"Evidence is whole, and {group} never gets {', '.join(hidden)}.",
                hint="Share the alert without them: 'sargas share export'; or name a group that "
                'may have it all, with redact = ["triage"].',
            )
        known = {version["version"] for version in released.history}
        versions = [v | {"group": None} for v in alert["versions"] if v["version"] in known]
        own = replace(evidence, alert={**alert, "versions": versions, "group": None})
        data = write(_of_its_feeds(own, left))
        shared = [f"{alert['id']}:{alert['version']}"]
        _note(left, officer, "evidence", where, shared, data)
    return data


def _of_its_feeds(evidence: Evidence, left: Leaving) -> Evidence:
    """Leave out the fixes of feeds that may not go to a group.

    That it is so is said of all evidence for the group, so that it tells nothing of one alert.
    """
    from sargas.share.outgoing import feed_names
    from sargas.share.release import fixes_for

    if not left.policy.restricts(left.group):
        return evidence
    feeds = feed_names(left.archive, left.policy, left.group)
    fixes = fixes_for(left.group, evidence.fixes, left.policy, feeds)
    said = f"Fixes: of the feeds that {left.group} may have; those of others are left out"
    return replace(evidence, fixes=fixes, credits=(*evidence.credits, said))


def fixes_of_group(home: Home, group: str) -> Callable[[Fixes], Fixes]:
    """Give what leaves out of fixes those of feeds that may not go to a group.

    Raises:
        NotFoundError: there is no such group.
        FormatError: the policy of the home cannot be read.
    """
    from sargas.share.outgoing import feed_names
    from sargas.share.policy import load_policy
    from sargas.share.release import fixes_for
    from sargas.store import Archive

    policy = load_policy(home.path)
    policy.group(group)
    with Archive(home) as archive:
        feeds = feed_names(archive, policy, group)
    return lambda fixes: fixes_for(group, fixes, policy, feeds)


def tell_feeds(policy: Policy, place: Path, *, quiet: bool) -> None:
    """Show to which groups feeds may go: each row, and the feeds of the home that it counts for."""
    from sargas.share.release import SCANNED

    _say_of_rules(policy, quiet=quiet)
    if not policy.feeds:
        say("Every feed may go to every group.", quiet=quiet)
        return
    names = sorted({*_home_feeds(place), SCANNED})
    rows = [
        (row, ", ".join(said.groups) or "nobody",
         ", ".join(name for name in names if row in policy.rows_of(name)))
        for row, said in policy.feeds.items()
    ]  # fmt: skip
    others = [name for name in names if not policy.rows_of(name)]
    if "*" not in policy.feeds:
        rows.append(("every other", "every group", ", ".join(others)))
    print()
    put_table(("feed", "may go to", "of this home"), rows)
    for row, _, found in rows:
        if not found and row in policy.feeds and row != "*":
            say(f'[feeds."{row}"] fits no feed of this home so far.', quiet=quiet)


def _say_of_rules(policy: Policy, *, quiet: bool) -> None:
    """Say where feeds only choose what leaves by itself: that is taken for a bar, and is none."""
    for name, group in policy.groups.items():
        if any(rule.feeds for rule in group.sees) and not policy.restricts(name):
            say(f"The rules of {name} choose by feed, and bar none: a person may release what "
                "rests on any feed. [feeds.NAME] bars one.", quiet=quiet)  # fmt: skip


def _home_feeds(place: Path) -> list[str]:
    """Name the live feeds that a home has known; none where there is no home."""
    from sargas.store import Home
    from sargas.store.feed_book import FeedBook

    if not (place / "home.json").is_file():
        return []
    return list(FeedBook(Home(place, create=False)).names().values())


def sent_before(log: AuditLog, group: str, where: str) -> set[str]:
    """Name the versions that left for a place before, as `id:version`."""
    known: set[str] = set()
    for line in log.lines():
        said = line.detail
        if line.verb == SHARE and (said["group"], said["where"]) == (group, where):
            shared = set(said["shared"])
            known = known - shared if said.get("failed") else known | shared
    return known
