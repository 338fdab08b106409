"""`sargas backup`, `restore` and `verify`: keeping a home safe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sargas import __version__
from sargas.cli.words import clean_text, counted, put_json, say
from sargas.errors import EXIT_FAILED, EXIT_OK, InputError, SargasError, UsageError

if TYPE_CHECKING:
    from sargas.store import Home
    from sargas.store.verify_ledger import Finding

EVERY_FILES = 50
"""A terminal is told after so many files: often enough to see that it goes on."""


def backup(
    *,
    home: Path | None = None,
    out: Path | None = None,
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Copy a home into one file, also while a service or a scan writes to it.

    The file is a tar with a manifest and a seal: 'sargas verify FILE' finds every changed byte,
    'sargas restore FILE --home NEW' makes a home of it. It appears whole, or not at all. Keep it
    on another disk. What is damaged in the home is copied as it is, and said; the command then
    leaves with 1.

    Examples:
      sargas backup --home watch
      sargas backup --home watch --out /mnt/safe/watch.tar.zst --force
      sargas backup --json | jq -r .file

    Parameters
    ----------
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    out
        The file to write, ending in .tar.zst or .tar (default: sargas- and the time, UTC, here).
    force
        Write it also where there is such a file already.
    json
        What was written, as one JSON object.
    quiet
        Print no progress and no summary.
    """
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.backup import back_up

    stored = open_stored(home)
    now = datetime.now(UTC)
    place = out or Path(f"sargas-{now:%Y%m%dT%H%M%SZ}.tar.zst")
    show = _shows(quiet)

    def progress(files: int, size: int) -> None:
        if show and files % EVERY_FILES == 0:
            print(f"\rcopied {files:,} files, {size / 1e6:,.0f} MB", end="\r", file=sys.stderr)

    done = back_up(
        stored, place.expanduser(), created=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        version=__version__, force=force,
        progress=progress,
    )  # fmt: skip
    if json:
        put_json({
            "file": str(place), "bytes": done.bytes, "sha256": done.sha256, "files": done.files,
            **done.manifest, "left_out": done.left_out,
        })  # fmt: skip
    else:
        print(place)
        _put_findings(done.damage)
    for name in done.left_out:
        say(f"Left out, as it is no plain file: {clean_text(name)}", quiet=quiet)
    say(f"{counted(done.files, 'file')}, {done.bytes / 1e6:,.1f} MB: "
        f"{_holds(done.manifest['counts'])}.", quiet=quiet)  # fmt: skip
    _say_head(done.manifest, quiet=quiet)
    if done.damage:
        say("The home is damaged; the backup holds it as it is.", quiet=quiet)
    return EXIT_FAILED if done.damage else EXIT_OK


def restore(file: Path, /, *, home: Path, json: bool = False, quiet: bool = False) -> int:
    """Make a home of a backup, after every byte of it has been checked.

    It is unpacked beside its place and appears under its name when it is whole. A folder that
    holds something is never written over. Leaves with 3 where the backup is damaged or is none.

    Examples:
      sargas restore watch.tar.zst --home watch-again
      sargas restore watch.tar.zst --home watch-again --json

    Parameters
    ----------
    file
        The file that 'sargas backup' wrote.
    home
        The folder to make; it must not be there, or be empty.
    json
        What was restored, as one JSON object.
    quiet
        Print no progress and no summary.
    """
    from sargas.store.restore import restore as bring_back

    place = home.expanduser()
    done = bring_back(file, place, progress=_progress("restored", quiet))
    counts, damage = done.manifest.get("counts", {}), done.damage
    if json:
        put_json({
            "home": str(place), "sha256": done.sha256, "files": len(done.files), **done.manifest,
            "damage": [one.to_dict() for one in damage],
        })  # fmt: skip
    else:
        print(place)
        _put_findings(damage)
    say(f"{counted(len(done.files), 'file')} of {clean_text(done.manifest.get('created', ''))}: "
        f"{_holds(counts)}.", quiet=quiet)  # fmt: skip
    _say_head(done.manifest, quiet=quiet)
    if damage:
        say("The home was damaged when it was backed up, and is so again.", quiet=quiet)
    return EXIT_FAILED if damage else EXIT_OK


def verify(
    file: Path | None = None,
    /,
    *,
    home: Path | None = None,
    deep: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Check a home, or a backup: is everything there, readable, and as it was written?

    Of a home: every shard, the ledger with all versions of its alerts, the chain of the audit
    log, assets, masks and evidence. Of a backup: every byte. Leaves with 0 where it is whole,
    with 1 where it is damaged, with 3 where it cannot be read. Nothing is changed.

    Examples:
      sargas verify --home watch
      sargas verify --home watch --deep
      sargas verify watch.tar.zst --json | jq .findings

    Parameters
    ----------
    file
        A backup to check; none checks a home.
    home
        The home to check (default: SARGAS_HOME, else the XDG data folder).
    deep
        Decode every row of the home too, and compare it with its file, day, shard and order.
    json
        What was found, as one JSON object.
    quiet
        Print no progress and no summary.
    """
    if file is not None and (home is not None or deep):
        raise UsageError("Name a backup or a home; --deep is for a home.")
    if file is not None:
        return _verify_backup(file, json=json, quiet=quiet)
    return _verify_home(home, deep=deep, json=json, quiet=quiet)


def _verify_backup(file: Path, *, json: bool, quiet: bool) -> int:
    from sargas.store.restore import check_backup

    found = check_backup(file, progress=_progress("read", quiet))
    findings = found.findings + found.damage
    if json:
        put_json({
            "file": str(file), "whole": found.whole, "sha256": found.sha256, **found.manifest,
            "files": len(found.files), "findings": [one.to_dict() for one in findings],
        })  # fmt: skip
    else:
        _put_findings(findings)
    if found.whole:
        say(f"Whole: {counted(len(found.files), 'file')}, "
            f"{_holds(found.manifest.get('counts', {}))}.", quiet=quiet)  # fmt: skip
        _say_head(found.manifest, quiet=quiet)
    elif not found.findings:
        say("The file is as it was written; the home was damaged already.", quiet=quiet)
    else:
        say("This is not the backup as it was written.", quiet=quiet)
    return EXIT_OK if found.whole else EXIT_FAILED


def _verify_home(home: Path | None, *, deep: bool, json: bool, quiet: bool) -> int:
    from sargas.cli.kept_alerts import open_stored
    from sargas.store.verify import verify_home

    show = _shows(quiet)

    def progress(done: int) -> None:
        if show and done % EVERY_FILES == 0:
            print(f"\rchecked {done:,} files", end="\r", file=sys.stderr)

    try:
        stored = open_stored(home)
        found = verify_home(stored, deep=deep, progress=progress)
    except OSError as error:
        raise InputError(
            f"The home cannot be read ({error.strerror or error}).", where=error.filename or ""
        ) from error
    except SargasError as error:
        if error.exit_code == EXIT_FAILED:  # its settings, or a folder: no more can be said
            raise InputError(error.what, where=error.where, hint=error.hint) from error
        raise
    found.findings += _books(stored)
    if json:
        put_json({
            "home": str(stored.path), "whole": found.whole, "deep": deep, "counts": found.counts,
            "audit_head": found.head, "findings": [one.to_dict() for one in found.findings],
        })  # fmt: skip
    else:
        _put_findings(found.findings)
    if found.whole:
        files = counted(found.counts["files"], "file")
        say(f"Whole: {files}, {_holds(found.counts)}.", quiet=quiet)
        _say_head({"audit_head": found.head}, quiet=quiet)
    else:
        damaged = sum(one.is_damage for one in found.findings)
        say(f"Damaged: {counted(damaged, 'finding')}.", quiet=quiet)
    return EXIT_OK if found.whole else EXIT_FAILED


def _books(home: Home) -> list[Finding]:
    """Read assets, masks and evidence as the commands do that use them."""
    from sargas.reference.home import load_imported
    from sargas.reference.mask_book import read_book
    from sargas.share.bundle import check
    from sargas.store.verify_ledger import Finding

    out = []
    books: tuple[tuple[str, Callable[[Path], Any]], ...] = (
        ("infra", load_imported), ("masks", read_book),
    )  # fmt: skip
    for name, read in books:
        try:
            read(home.path)
        except SargasError as error:
            hint = error.hint or "Restore it from a backup."
            out.append(Finding(name, str(error.what), hint))
    for bundle in sorted(home.evidence_path.glob("*.zip")):
        name = f"evidence/{bundle.name}"
        try:
            faults: Iterable[str] = check(bundle).faults
        except InputError as error:
            faults = [error.what]
        hint = "Export it again with 'sargas alerts export', or restore it from a backup."
        out += [Finding(name, fault, hint) for fault in faults]
    return out


def _put_findings(findings: Iterable[Finding]) -> None:
    """Write what was found: where, what, and what to do."""
    for one in findings:
        lead = "" if one.is_damage else "Remark: "
        print(clean_text(f"{lead}{one.where}: {one.what}"))
        print(clean_text(f"  {one.hint}"))


def _holds(counts: dict[str, int]) -> str:
    """Write what a home holds on one line."""
    things = {"alert": "alerts", "act": "acts", "fix": "fixes", "static": "statics"}
    return ", ".join(counted(int(counts.get(many, 0)), one, many) for one, many in things.items())


def _say_head(said: dict[str, Any], *, quiet: bool) -> None:
    if head := said.get("audit_head"):
        say(f"Newest hash of the audit log: {clean_text(head)}", quiet=quiet)


def _shows(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()


def _progress(what: str, quiet: bool) -> Callable[[int, int], None]:
    """Tell a terminal how far it is, a line that is written over."""
    show, last = _shows(quiet), [-1]

    def progress(done: int, total: int) -> None:
        percent = 100 * done // max(total, 1)
        if show and percent != last[0]:
            last[0] = percent
            print(f"\r{what} {percent} %", end="\r", file=sys.stderr)

    return progress
