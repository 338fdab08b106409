"""`sargas alerts export|verify`: an alert as evidence for others, and the check of it."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path

from sargas.cli.words import clean_text, counted, put_json, say
from sargas.errors import EXIT_FAILED, EXIT_OK, StoreError, UsageError


def export(
    id: str,
    /,
    *,
    home: Path | None = None,
    out: Path | None = None,
    assets: Path | None = None,
    rules: Path | None = None,
    to: str | None = None,
    officer: str | None = None,
    force: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Write one alert as evidence for others: a zip with a manifest, or one part of it.

    The zip holds the alert in all its versions, the vessel's fixes with an hour on either side,
    GeoJSON, the thresholds, a dossier to read and print, and a manifest with the SHA-256 of each
    file. The same alert from the same home gives the same bytes.

    Examples:
      sargas alerts export 03a570d1 --home watch --out estlink.zip
      sargas alerts export 03a570d1 --home watch --out dossier.html
      sargas alerts export 03a570d1 --to court --officer "V. Petraitis" --out estlink.zip

    Parameters
    ----------
    id
        The alert's id, or its beginning where no other alert begins so.
    home
        The home to read (default: SARGAS_HOME, else the XDG data folder).
    out
        The file to write; its end says what: .zip, .html, .json, .geojson or .csv. If not given,
        a zip in the home's folder 'evidence'.
    assets
        The assets that the scan watched, if it was given --assets.
    rules
        The rules that the scan was given with --rules.
    to
        The release group it is for: the alert must be released to it, and the log notes that it
        left. Without it the file is for your own use.
    officer
        Who lets it leave, with --to (default: SARGAS_OFFICER).
    force
        Write it also where there is another file already.
    json
        What was written, as JSON.
    quiet
        Print no remarks.
    """
    import hashlib

    from sargas.cli.acts import Acting, officer_of
    from sargas.cli.gathering import gather
    from sargas.cli.kept_alerts import open_stored, whole_id
    from sargas.cli.sharing import evidence_for, fixes_of_group, marked
    from sargas.share.bundle import part
    from sargas.store.standing import stored_alerts

    stored = open_stored(home)
    name = whole_id(stored_alerts(stored), id, stored)
    only = None if to is None else fixes_of_group(stored, to)
    evidence = gather(stored, name, assets, rules, only=only)
    place = out or stored.evidence_path / f"{name}-v{evidence.alert['version']}.zip"
    if to is None:
        data = part(evidence, place.suffix.lower())
    else:
        place = marked(place, exercise=bool(evidence.alert["exercise"]))
        data = evidence_for(
            evidence, stored.path, to, officer_of(Acting(officer=officer)), str(place),
            lambda own: part(own, place.suffix.lower()),
        )  # fmt: skip
    if out is None:
        stored.evidence_path.mkdir(exist_ok=True)
    _write(place, data, force=force)
    sha256 = hashlib.sha256(data).hexdigest()
    if json:
        put_json({
            "alert": name, "version": evidence.alert["version"], "file": str(place),
            "bytes": len(data), "sha256": sha256, "fixes": len(evidence.fixes),
            "exercise": evidence.alert["exercise"], "same_rules": evidence.same_rules,
            "same_geometry": evidence.same_geometry,
        })  # fmt: skip
    else:
        print(f"{sha256}  {place}")
    if evidence.alert["exercise"]:
        say(f"EXERCISE {evidence.alert['exercise']}: none of this is real.", quiet=quiet)
    say(f"{len(data):,} bytes, {counted(len(evidence.fixes), 'fix', 'fixes')}.", quiet=quiet)
    if not evidence.same_rules:
        say("The alert was made under other thresholds than these; the file says so. Give the "
            "scan's own with --rules.", quiet=quiet)  # fmt: skip
    if not evidence.same_geometry:
        say("The alert was made over other assets than the home knows now; the file says so. Give "
            "the scan's own with --assets.", quiet=quiet)  # fmt: skip
    if place.suffix.lower() == ".zip":
        say(f"Check it: sargas alerts verify {shlex.quote(str(place))}", quiet=quiet)
    return EXIT_OK


def _write(place: Path, data: bytes, *, force: bool) -> None:
    """Write a file whole or not at all; the same bytes again are no fault.

    Raises:
        UsageError: another file is there.
        StoreError: it cannot be written.
    """
    begun = place.with_name(f".{place.name}.part")
    try:
        if place.exists() and not force:
            if place.read_bytes() == data:
                return
            raise UsageError(
                "There is another such file already.", where=str(place),
                hint="Name another one with --out, or write over it with --force.",
            )  # fmt: skip
        begun.write_bytes(data)
        begun.replace(place)
    except OSError as error:
        if begun.is_file():
            begun.unlink(missing_ok=True)
        raise StoreError(
            f"The file cannot be written ({error.strerror}).",
            where=str(place),
            hint="Choose a folder with room that you may write to, with --out.",
        ) from error


def verify(file: Path, /, *, json: bool = False, quiet: bool = False) -> int:
    """Check an evidence bundle: every file against the manifest, and every byte of the zip.

    Leaves with 0 if it is as it was written, with 1 if not, and names the files that differ, are
    missing or were added. It needs no home and no network, and unpacks nothing.

    Examples:
      sargas alerts verify estlink.zip
      sargas alerts verify estlink.zip --json | jq .faults

    Parameters
    ----------
    file
        The zip that 'sargas alerts export' wrote.
    json
        What was found, as one JSON object.
    quiet
        Print no remark on what a manifest proves.
    """
    from sargas.share.bundle import PROVES, check

    found = check(file)
    said = found.manifest
    if json:
        put_json({
            "file": str(file), "sha256": found.sha256, "holds": found.holds,
            "faults": list(found.faults), "files": list(found.files),
            "alert": said.get("alert"), "version": said.get("version"),
            "exercise": said.get("exercise"), "sargas": said.get("sargas"), "signed": False,
        })  # fmt: skip
    else:
        for fault in found.faults:
            print(clean_text(fault))
        if found.holds:
            print(f"As written: {len(found.files)} files, alert {clean_text(said['alert'])} "
                  f"version {clean_text(said['version'])}.")  # fmt: skip
        print(f"SHA-256 of the zip: {found.sha256}")
    if found.holds and said["exercise"]:
        say(f"EXERCISE {clean_text(said['exercise'])}: none of this is real.", quiet=quiet)
    if not found.holds:
        say("This is not the bundle as it was written.", quiet=quiet)
    say(textwrap.fill(PROVES, 88), quiet=quiet)
    return EXIT_OK if found.holds else EXIT_FAILED
