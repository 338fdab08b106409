"""`sargas masks`: masks, vigilance areas and zones, kept in a home with all their versions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from sargas.cli.home import home_dir, person
from sargas.cli.words import clean_text, counted, put_json, put_table, say
from sargas.errors import EXIT_OK, UsageError
from sargas.model.time import iso, parse_iso

if TYPE_CHECKING:
    from sargas.reference.mask_book import Act, Entry, MaskBook
    from sargas.reference.masks import Mask

app = App(
    name="masks",
    help="Masks, vigilance areas and zones, kept in a home with all their versions.",
    help_format="plaintext",
)
app.command(
    "sargas.cli.masks_derive:derive",
    name="derive",
    help="Find anchorages in the home's own fixes, and write them as masks for review.",
)


@app.command(name="list")
def list_(
    *,
    home: Path | None = None,
    at: str | None = None,
    all: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """List the masks of a home: what they are, whose, why, and from when to when.

    Vigilance areas (effect 'raise') and zones ('none') stand among them, those drawn on the
    screen too. Besides these, ports and the coast mute in every watch.

    Examples:
      sargas masks list --home watch
      sargas masks list --at 2026-11-29T00:00:00Z
      sargas masks list --all --json

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    at
        Only the versions that hold for a fix of this time (ISO 8601 with zone).
    all
        Every version, in the order in which they were written, not the last of each alone.
    json
        One version a line, as JSON, with its geometry.
    quiet
        Print no count.
    """
    from sargas.reference.mask_book import EXPIRE, read_book

    book = read_book(home_dir(home))
    entries = list(book.entries) if all or at else list(book.latest.values())
    if at:
        t_ms = parse_iso(at)
        entries = [e for e in entries if e.act != EXPIRE and _holds(book, e, t_ms)]
    if json:
        for entry in entries:
            put_json(entry.to_dict())
    elif entries:
        put_table(
            ("id", "kind", "effect", "version", "from", "until", "owner", "assets", "why"),
            [_row(book, entry) for entry in entries],
        )
    withdrawn = sum(e.act == EXPIRE for e in book.latest.values())
    more = f", {withdrawn} of them withdrawn" if withdrawn else ""
    masks, versions = counted(len(book.latest), "mask"), counted(len(book.entries), "version")
    say(f"{masks} in {versions}{more}.", quiet=quiet)
    return EXIT_OK


def _holds(book: MaskBook, entry: Entry, t_ms: int) -> bool:
    """Tell whether a version holds for a fix of a time."""
    start_ms, until_ms = _bounds(book, entry)
    return start_ms <= t_ms < until_ms


def _bounds(book: MaskBook, entry: Entry) -> tuple[int, int]:
    """Give the event times between which a version holds."""
    ends_ms = book.ends_ms(entry)
    until_ms = entry.mask.valid_until_ms
    return (
        max(entry.mask.valid_from_ms, entry.counts_from_ms),
        until_ms if ends_ms is None else min(until_ms, ends_ms),
    )


def _row(book: MaskBook, entry: Entry) -> tuple[str, ...]:
    """Write a version as a row of the table."""
    from sargas.reference.mask_book import EXPIRE
    from sargas.reference.masks import FOREVER_MS

    mask = entry.mask
    if entry.act == EXPIRE:
        start, until = "", f"withdrawn {iso(entry.counts_from_ms)}"
    else:
        start_ms, until_ms = _bounds(book, entry)
        end = "no end" if until_ms >= FOREVER_MS else iso(until_ms)
        start, until = iso(start_ms), end if start_ms < until_ms else "never held"
    return (
        mask.id, mask.kind, mask.effect, str(entry.version), start, until, mask.owner,
        count_of(mask.assets), entry.reason,
    )  # fmt: skip


def count_of(assets: tuple[str, ...]) -> str:
    """Write which assets a mask counts for: all, the one, or how many."""
    return "all" if not assets else assets[0] if len(assets) == 1 else f"{len(assets)} of them"


@app.command
def add(
    file: Path,
    /,
    *,
    home: Path | None = None,
    counts_from: str | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Add masks from a GeoJSON file of polygons, all of them or none.

    Each feature has the properties id, kind, owner, reason and valid_until; valid_from, assets,
    effect ('mute' or 'downgrade'), detectors and name if wanted. Kinds: port, anchorage,
    pilot_boarding, ferry_route, dredge_spoil, wind_farm_works, cable_works, fishing_ground, tss.
    The kind 'vigilance' is an area in which every alert is one step higher, 'zone' a named
    polygon that changes nothing; these two may lack an end.
    The same file twice changes nothing; a mask that differs becomes a new version, and the one
    before goes on holding for the time before.

    A version counts for fixes after the newest one the home has stored, so that what was judged
    stays as it was; in a home without fixes, from the beginning. 'sargas masks expire' undoes it.

    Examples:
      sargas masks add anchorages.geojson --home watch --dry-run
      sargas masks add works.geojson --home watch --reason "notice to mariners 412/2026"

    Parameters
    ----------
    file
        The GeoJSON file.
    home
        Where to keep the masks (default: SARGAS_HOME, else the XDG data folder).
    counts_from
        Event time from which these versions count instead (ISO 8601 with zone).
    reason
        Why, for those features that do not say.
    dry_run
        Only say what would change.
    json
        One mask a line, as JSON.
    quiet
        Print no remarks.
    """
    from sargas.reference import load_masks

    masks = [
        replace(mask, reason=mask.reason or (reason or "").strip()) for mask in load_masks(file)
    ]
    place = home_dir(home)
    try:
        done, from_ms = _write(
            place, lambda book: book.plan_add(masks), counts_from, "", dry_run=dry_run
        )
    except UsageError as error:
        raise UsageError(error.what, where=str(file), hint=error.hint) from error
    _say_unknown(masks, place, quiet=quiet)
    _report(done, from_ms, place, dry_run=dry_run, json=json, quiet=quiet)
    return EXIT_OK


@app.command
def expire(
    id: str,
    /,
    *,
    reason: str,
    home: Path | None = None,
    counts_from: str | None = None,
    dry_run: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Withdraw a mask; for the fixes before it still holds, and it stays in the book.

    Examples:
      sargas masks expire anchorage-59.483n-24.712e --home watch --reason "moved by the port"
      sargas masks expire works-7 --reason "done early" --counts-from 2026-11-01T00:00:00Z

    Parameters
    ----------
    id
        The mask's id, as in 'sargas masks list'.
    reason
        Why.
    home
        Where the masks are kept (default: SARGAS_HOME, else the XDG data folder).
    counts_from
        Event time from which it holds no more (ISO 8601 with zone); after the newest stored fix
        if not given.
    dry_run
        Only say what would change.
    json
        The mask as JSON.
    quiet
        Print no remarks.
    """
    if not reason.strip():
        raise UsageError("--reason is empty.", hint="Say why the mask is withdrawn.")
    place = home_dir(home)
    done, from_ms = _write(
        place, lambda book: [book.plan_expire(id)], counts_from, reason.strip(), dry_run=dry_run
    )
    _report(done, from_ms, place, dry_run=dry_run, json=json, quiet=quiet)
    return EXIT_OK


def _write(
    place: Path,
    plan: Callable[[MaskBook], list[Act]],
    counts_from: str | None,
    reason: str,
    *,
    dry_run: bool,
) -> tuple[list[Act], int]:
    """Work out what changes, and write it unless it is only asked.

    Returns:
        (what was planned, the event time from which it counts).
    """
    from sargas.reference.mask_book import read_book, write_book, writing
    from sargas.store import Home

    if dry_run:
        return plan(read_book(place)), _counts_from_ms(place, counts_from)
    plan(read_book(place))  # what is wrong is said before a home is made
    Home(place)  # a folder with other things in it is refused untouched
    with writing(place):
        book = read_book(place)
        acts = plan(book)
        from_ms = _counts_from_ms(place, counts_from)
        if any(act.is_new for act in acts):
            now = iso(time.time_ns() // 1_000_000_000 * 1000)
            write_book(place, book.grown(acts, from_ms, now, person(), reason))
    return acts, from_ms


def _counts_from_ms(place: Path, given: str | None) -> int:
    """Choose from when a version counts: as said, else after all that was judged."""
    from sargas.reference.mask_book import BEGINNING_MS
    from sargas.store import Archive, Home

    if given is not None:
        return parse_iso(given)
    if not (place / "home.json").is_file():
        return BEGINNING_MS
    with Archive(Home(place, create=False)) as archive:
        span = archive.span()
    return BEGINNING_MS if span is None else span[1] + 1


def _say_unknown(masks: list[Mask], place: Path, *, quiet: bool) -> None:
    """Say which names in masks stand for nothing here: such a mask would hold for nothing."""
    from sargas.reference import home_assets
    from sargas.watch.detect import DETECTORS

    words = {make.word for make in DETECTORS}
    known = {a.id for a in home_assets(place).assets}
    for mask in masks:
        for name in sorted(set(mask.detectors) - words):
            say(f"{clean_text(mask.id)}: this sargas has no detector '{clean_text(name)}'",
                quiet=quiet)  # fmt: skip
        for name in sorted(set(mask.assets) - known):
            say(f"{clean_text(mask.id)}: this home has no asset '{clean_text(name)}'",
                quiet=quiet)  # fmt: skip


def _report(
    acts: list[Act], from_ms: int, place: Path, *, dry_run: bool, json: bool, quiet: bool
) -> None:
    """Write what was done to stdout, what it means to stderr."""
    rows = [(act.act if act.is_new else "unchanged", act.mask) for act in acts]
    if json:
        for word, mask in rows:
            put_json({
                "id": mask.id, "kind": mask.kind, "act": word, "counts_from": iso(from_ms),
                "valid_from": mask.valid_from, "valid_until": mask.valid_until or None,
                "owner": mask.owner, "reason": mask.reason, "written": not dry_run,
            })  # fmt: skip
    elif rows:
        put_table(("act", "id", "kind", "valid from", "until", "owner", "why"), [
            (word, m.id, m.kind, m.valid_from, m.valid_until or "no end", m.owner, m.reason)
            for word, m in rows
        ])  # fmt: skip
    counts = Counter(word for word, _ in rows)
    text = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    since = "for all fixes" if from_ms == 0 else f"for fixes from {iso(from_ms)} on"
    if counts.keys() - {"unchanged"}:
        text += f"; {'would count' if dry_run else 'counts'} {since}"
    say(f"{text}. {'Nothing was written to' if dry_run else 'Kept in'} {place / 'masks'}",
        quiet=quiet)  # fmt: skip
