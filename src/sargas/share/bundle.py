"""Evidence bundles: one zip with a manifest of everything in it, and how it is checked.

A bundle is the same to the byte whenever the same alert is exported from the same home by the same
sargas: names in order, one fixed date, nothing compressed. So a check can tell more than that the
files fit the manifest: it packs them again and compares every byte of the zip.

What a manifest without a signature proves is that the files are those it was written over. Who
wrote it, and that nobody wrote files and manifest anew together, it cannot prove: for that the
digest of the zip must come to the reader by another way.
"""

from __future__ import annotations

import hashlib
import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sargas.errors import InputError, UsageError
from sargas.model.time import iso
from sargas.share import dossier, fixes_csv, geojson
from sargas.share.evidence import CAVEAT, Evidence

FORMAT = "sargas-evidence/1"
MANIFEST = "manifest.json"
LARGEST_BYTES = 512_000_000
"""No bundle is larger (chosen): days of fixes of one vessel take some 20 MB."""
MOST_FILES = 100
DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip, the earliest that it can write."""

PROVES = (
    "The SHA-256 of every file shows that it is the one this manifest was written over. The "
    "manifest is not signed: it does not show who wrote it, nor that nobody wrote files and "
    "manifest anew together. To know that, compare the SHA-256 of the whole zip with the one its "
    "sender tells you by another way."
)


@dataclass(frozen=True)
class Checked:
    """What a check of a bundle found.

    Attributes:
        sha256: of the whole zip.
        manifest: as read; empty where it cannot be.
        files: names in the zip, as far as they can be read.
        faults: what is wrong, each naming the file; empty if nothing is.
    """

    sha256: str
    manifest: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the bundle is what its manifest says, to the byte."""
        return not self.faults


def contents(evidence: Evidence) -> dict[str, bytes]:
    """Write every file of a bundle but the manifest, by name."""
    texts = {
        "README.txt": _readme(evidence),
        "alert.json": alert_json(evidence),
        "alert.geojson": geojson.as_text(evidence),
        "dossier.html": dossier.as_html(evidence),
        "fixes.csv": fixes_csv.as_text(evidence.fixes),
        "rules.json": rules_json(evidence),
    }
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}


def alert_json(evidence: Evidence) -> str:
    """Write the alert as stored: the latest version, and all of them under `versions`."""
    return _json(evidence.alert)


def rules_json(evidence: Evidence) -> str:
    """Write the thresholds of the detector, and whether the alert was made under these."""
    alert, rules = evidence.alert, evidence.rules
    return _json(
        {
            "detector": alert["detector"],
            "detector_version": alert["detector_version"],
            "rules_of_the_alert": alert["rules"],
            "rules_here": rules.version,
            "same": evidence.same_rules,
            "note": "These are the thresholds the alert was made under."
            if evidence.same_rules
            else "The alert was made under other thresholds than these; what it was tested "
            "against stands in alert.json under 'why'.",
            "thresholds": rules.detector,
            "shared": rules.shared,
        }
    )


def manifest(evidence: Evidence, files: Mapping[str, bytes]) -> dict[str, Any]:
    """List what a bundle holds; no clock enters, so that the same export is the same again."""
    alert = evidence.alert
    from_ms, to_ms = evidence.span_ms
    return {
        "format": FORMAT,
        "alert": alert["id"],
        "version": alert["version"],
        "exercise": alert["exercise"],
        "sargas": evidence.sargas,
        "rules": {"alert": alert["rules"], "here": evidence.rules.version},
        "geometry": {"alert": alert["geometry"], "here": evidence.geometry},
        "evidence": {"from": iso(evidence.evidence_ms[0]), "to": iso(evidence.evidence_ms[1])},
        "fixes": {"from": iso(from_ms), "to": iso(to_ms), "rows": len(evidence.fixes)},
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(files.items())
        },
        "signed": False,
        "proves": PROVES,
    }


def pack(evidence: Evidence) -> bytes:
    """Write the whole bundle."""
    files = contents(evidence)
    return _zipped(files | {MANIFEST: _json(manifest(evidence, files)).encode()})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files so that equal files give equal bytes on every machine: in order, uncompressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def check(path: Path) -> Checked:
    """Check a bundle against its own manifest.

    Nothing is unpacked to the disk, and nothing larger than the zip itself is read.

    Raises:
        InputError: the file cannot be read, or is larger than any bundle.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(
                f"The file is larger than {LARGEST_BYTES // 1_000_000} MB: no bundle is.",
                where=str(path),
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The bundle cannot be read ({error.strerror}).", where=str(path)
        ) from error
    return check_bytes(data)


def check_bytes(data: bytes) -> Checked:
    """Check a bundle that is in memory; see `check`."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        what = f"this is no zip that can be read ({error}); its end, the list of files, is damaged"
        return Checked(sha256, faults=(what,))
    with archive:
        refused = _refused(entries, len(data))
        names = tuple(entry.filename for entry in entries)
        if refused:
            return Checked(sha256, files=names, faults=tuple(refused))
        files, faults = _read(archive, entries)
    said, more = _compared(files, set(names))
    faults += more
    if not faults:
        faults += _repacked(data, files)
    return Checked(sha256, said, names, tuple(faults))


def _refused(entries: list[zipfile.ZipInfo], size: int) -> list[str]:
    """Name what no bundle of ours has, before anything is read."""
    if len(entries) > MOST_FILES:
        return [f"{len(entries)} files: a bundle has no more than {MOST_FILES}"]
    faults = []
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name in seen:
            faults.append(f"{name}: occurs twice")
        seen.add(name)
        parts = name.replace("\\", "/").split("/")
        if len(parts) > 1 or parts[0] in ("", ".", "..") or ":" in name:
            faults.append(f"{name}: its path leads out of the bundle or into a folder")
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            faults.append(f"{name}: is compressed or encrypted; sargas packs neither")
        elif entry.file_size != entry.compress_size or entry.file_size > size:
            faults.append(f"{name}: claims a size that it cannot have in this zip")
    if sum(entry.file_size for entry in entries) > size:
        faults.append("the files together claim to be larger than the zip they are in")
    return faults


def _read(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> tuple[dict[str, bytes], list[str]]:
    """Read the files; one that cannot be is named."""
    files, faults = {}, []
    for entry in entries:
        try:
            files[entry.filename] = archive.read(entry)
        except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
            faults.append(f"{entry.filename}: was changed or is damaged ({error})")
    return files, faults


def _compared(files: Mapping[str, bytes], names: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Compare the files with the manifest.

    Returns:
        (the manifest, faults; files that could not be read are not named again).
    """
    if MANIFEST not in names:
        return {}, [f"{MANIFEST}: is missing, so that nothing can be checked"]
    if MANIFEST not in files:
        return {}, []
    try:
        said = json.loads(files[MANIFEST])
        listed = {str(n): (str(e["sha256"]), int(e["bytes"])) for n, e in said["files"].items()}
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']!r}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return {}, [f"{MANIFEST}: is not one that this sargas reads ({error})"]
    faults = [f"{name}: is missing" for name in sorted(listed.keys() - names)]
    faults += [
        f"{name}: is not in the manifest: added later"
        for name in sorted(names - listed.keys() - {MANIFEST})
    ]
    for name in sorted(listed.keys() & files.keys()):
        sha256, size = listed[name]
        if len(files[name]) != size:
            faults.append(f"{name}: has {len(files[name]):,} bytes, the manifest says {size:,}")
        elif hashlib.sha256(files[name]).hexdigest() != sha256:
            faults.append(f"{name}: was changed: its SHA-256 is not the manifest's")
    return said, faults


def _repacked(data: bytes, files: Mapping[str, bytes]) -> list[str]:
    """Name the file whose entry differs from what sargas writes, where the contents all fit."""
    wanted = _zipped(files)
    if wanted == data:
        return []
    pairs = zip(wanted, data, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(wanted), len(data)))
    with zipfile.ZipFile(io.BytesIO(wanted)) as archive:
        entries = archive.infolist()
        directory = archive.start_dir
    if at >= directory:
        # In the list at the end; its entries follow each other in the same order.
        at_list = directory
        named = "the end of the zip"
        for entry in entries:
            at_list += 46 + len(entry.filename.encode())
            if at < at_list:
                named = entry.filename
                break
    else:
        named = [entry.filename for entry in entries if entry.header_offset <= at][-1]
    return [
        f"{named}: what the files say fits the manifest, but the zip around them differs at byte "
        f"{at:,} from what sargas writes: changed, or packed again by another program"
    ]


def part(evidence: Evidence, suffix: str) -> bytes:
    """Write what a file name asks for: a bundle, or one part of it alone.

    Args:
        evidence: what to write.
        suffix: `.zip`, `.html`, `.json`, `.geojson` or `.csv`.

    Raises:
        UsageError: it is another one.
    """
    if suffix == ".zip":
        return pack(evidence)
    makers: dict[str, Callable[[Evidence], str]] = {
        ".html": dossier.as_html,
        ".json": alert_json,
        ".geojson": geojson.as_text,
        ".csv": lambda e: fixes_csv.as_text(e.fixes),
    }
    make = makers.get(suffix)
    if make is None:
        raise UsageError(
            f"An alert is not written as '{suffix}'.",
            hint="Name a file that ends in .zip, .html, .json, .geojson or .csv.",
        )
    return make(evidence).encode("utf-8", "backslashreplace")


def _json(body: Any) -> str:  # noqa: ANN401 - JSON has any shape
    """Write JSON for people and programs."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _filled(text: str) -> str:
    """Break running text so that it can be read anywhere; nothing unseen stays in it."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.fill(kept, 88)


def _readme(evidence: Evidence) -> str:
    """Say what is in the bundle and what it is worth."""
    alert = evidence.alert
    exercise = alert["exercise"]
    banner = (
        f"EXERCISE {exercise}: none of this is real.\n{_filled(evidence.exercise_note)}\n\n"
        if exercise
        else ""
    )
    from_ms, to_ms = evidence.span_ms
    return f"""\
{banner}Evidence bundle of sargas {evidence.sargas}
Alert {alert["id"]}, version {alert["version"]}

{_filled(alert["text"])}

{_filled(CAVEAT)}

What is in it
  alert.json      the alert in all its versions, as stored
  alert.geojson   where it was, the way, each fix, the asset and the assets ahead (RFC 7946)
  fixes.csv       what was received of the vessel from {iso(from_ms)} to {iso(to_ms)}
  rules.json      the thresholds of the detector with unit and source
  dossier.html    the same to read and print; needs no network
  manifest.json   SHA-256 and size of each file, versions and span

How to check it
  sargas alerts verify THIS.zip
or by hand: sha256sum of each file against manifest.json.
{_filled(PROVES)}

Columns of fixes.csv
{fixes_csv.LEGEND}
Sources and licences
{chr(10).join(f"  {credit}" for credit in evidence.credits)}
"""
