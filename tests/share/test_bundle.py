"""A bundle says what it holds, is the same again, and gives away every byte that was changed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import zipfile

import pytest

from sargas.errors import InputError, UsageError
from sargas.share import bundle
from sargas.share.bundle import MANIFEST, check, check_bytes, pack, part

from .conftest import T0_MS, alert, evidence, fixes

NAMES = (
    "README.txt", "alert.geojson", "alert.json", "dossier.html", "fixes.csv", MANIFEST,
    "rules.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def packed() -> bytes:
    return pack(evidence(alert(), rows=fixes(40)))


def files_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Pack files as another program would."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_bundle_holds_and_lists_every_file(packed):
    files = files_of(packed)
    assert tuple(files) == NAMES
    said = json.loads(files[MANIFEST])
    assert said["files"].keys() == files.keys() - {MANIFEST}
    for name, entry in said["files"].items():
        assert entry == {
            "sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name]),
        }  # fmt: skip
    assert said["fixes"] == {
        "from": "2024-12-25T09:20:00Z", "to": "2024-12-25T11:35:00Z", "rows": 40,
    }  # fmt: skip
    assert said["evidence"] == {"from": "2024-12-25T10:20:00Z", "to": "2024-12-25T10:35:00Z"}
    assert said["signed"] is False
    found = check_bytes(packed)
    assert found.holds
    assert found.faults == ()
    assert found.sha256 == hashlib.sha256(packed).hexdigest()


def test_the_same_evidence_gives_the_same_bytes(packed):
    assert pack(evidence(alert(), rows=fixes(40))) == packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_every_changed_byte_is_found_and_the_file_named(packed):
    """A thousand bytes drawn from all over the zip, and every one of its directory and headers."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        starts = {entry.filename: entry.header_offset for entry in archive.infolist()}
        directory = archive.start_dir
    places = set(random.Random(20241225).sample(range(len(packed)), 1000))
    places |= set(range(directory, len(packed)))
    places |= {at + k for at in starts.values() for k in range(30)}
    for at in sorted(places):
        changed = bytearray(packed)
        changed[at] ^= 0x01
        found = check_bytes(bytes(changed))
        assert not found.holds, at
        if at < directory:
            inside = max((start, name) for name, start in starts.items() if start <= at)[1]
            assert any(fault.startswith(f"{inside}: ") for fault in found.faults), (at, found)


def test_a_cut_or_lengthened_bundle_does_not_hold(packed):
    for changed in (packed[:-1], packed[: len(packed) // 2], packed + b"\0", b"\0" + packed, b""):
        assert not check_bytes(changed).holds


def test_missing_and_added_files_are_named(packed):
    files = files_of(packed)
    del files["fixes.csv"]
    files["more.txt"] = b"more"
    found = check_bytes(zipped(files))
    assert "fixes.csv: is missing" in found.faults
    assert "more.txt: is not in the manifest: added later" in found.faults
    del files[MANIFEST]
    (fault,) = check_bytes(zipped(files)).faults
    assert fault.startswith(f"{MANIFEST}: is missing")


def test_a_file_exchanged_with_its_checksum_mended_is_named(packed):
    files = files_of(packed)
    files["fixes.csv"] = files["fixes.csv"].replace(b",10.0,", b",11.0,", 1)
    (fault,) = check_bytes(zipped(files)).faults
    assert fault == "fixes.csv: was changed: its SHA-256 is not the manifest's"
    files["fixes.csv"] += b"\n"
    assert "fixes.csv: has" in check_bytes(zipped(files)).faults[0]


def test_packed_again_is_told_apart_from_changed(packed):
    (fault,) = check_bytes(zipped(files_of(packed))).faults
    assert "what the files say fits the manifest" in fault
    assert fault.startswith("README.txt: ")


def test_a_bomb_is_refused_unread(packed):
    bomb = zipped({MANIFEST: b"{}", "big.bin": bytes(300_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    found = check_bytes(bomb)
    assert any(fault.startswith("big.bin: is compressed") for fault in found.faults)
    many = zipped({f"{k}.txt": b"" for k in range(bundle.MOST_FILES + 1)})
    assert "101 files" in check_bytes(many).faults[0]


def test_a_claimed_size_is_refused(packed):
    """A directory that claims 4 GB for a file of a few bytes."""
    data = bytearray(zipped({MANIFEST: b"{}"}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 20 : at + 28] = b"\xf0\xff\xff\xff" * 2
    assert "claims a size" in check_bytes(bytes(data)).faults[0]


@pytest.mark.parametrize(
    "name", ["../alert.json", "/etc/x", "a/b.txt", "..\\x", "c:x", "..", "folder/"]
)
def test_a_path_that_leads_elsewhere_is_refused(packed, name):
    found = check_bytes(zipped(files_of(packed) | {name: b"x"}))
    assert any("its path leads out" in fault for fault in found.faults)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(packed):
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("fixes.csv", b"other")
    assert "fixes.csv: occurs twice" in check_bytes(out.getvalue()).faults


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"files": {"x": 1}}', b'{"format": "other/9", "files": {}}',
             b"[" * 100_000]
)  # fmt: skip
def test_a_manifest_that_is_none_is_named(packed, text):
    found = check_bytes(zipped(files_of(packed) | {MANIFEST: text}))
    assert found.faults[0].startswith(f"{MANIFEST}: is not one that this sargas reads")


def test_what_cannot_be_read_is_said(tmp_path, monkeypatch, packed):
    with pytest.raises(InputError, match="cannot be read"):
        check(tmp_path)
    path = tmp_path / "large.zip"
    path.write_bytes(packed)
    assert check(path).holds
    monkeypatch.setattr(bundle, "LARGEST_BYTES", 1000)
    with pytest.raises(InputError, match="larger than"):
        check(path)


def test_parts_are_what_the_bundle_holds():
    one = evidence()
    files = files_of(pack(one))
    for suffix, name in ((".html", "dossier.html"), (".json", "alert.json"),
                         (".geojson", "alert.geojson"), (".csv", "fixes.csv")):  # fmt: skip
        assert part(one, suffix) == files[name]
    assert part(one, ".zip") == pack(one)
    with pytest.raises(UsageError, match=r"\.xlsx"):
        part(one, ".xlsx")


def test_all_versions_are_in_it_and_the_span_covers_them():
    late = alert(
        version=2, state="closed", t_issued_ms=T0_MS + 7_200_000, t_end_ms=T0_MS + 7_200_000,
        evidence_ms=(T0_MS, T0_MS + 6_000_000),
    )  # fmt: skip
    one = evidence(alert(), late)
    body = json.loads(part(one, ".json"))
    assert [v["version"] for v in body["versions"]] == [1, 2]
    assert one.span_ms == (T0_MS - 3_600_000, T0_MS + 10_800_000)


def test_other_rules_are_said():
    same = json.loads(files_of(pack(evidence()))["rules.json"])
    assert same["same"] is True
    assert same["thresholds"]["slow_kn"] == {"value": 3.0, "unit": "kn", "source": "ref D4"}
    other = evidence(alert(rules="another"))
    said = json.loads(files_of(pack(other))["rules.json"])
    assert said["same"] is False
    assert "other thresholds" in said["note"]
    assert "made under the rules another" in part(other, ".html").decode()


def test_fixes_have_raw_integers_and_no_verdict():
    rows = list(csv.DictReader(io.StringIO(part(evidence(rows=fixes(10)), ".csv").decode())))
    assert len(rows) == 10
    first = rows[0]
    assert first["t"] == "2024-12-25T08:20:00Z"
    assert first["t_source"] == "tag block"
    assert (first["lon_raw"], first["lon_deg"]) == ("15600000", "26.000000")
    assert (first["sog_raw"], first["sog_kn"]) == ("100", "10.0")
    assert (first["payload_hash"], first["station"]) == ("8000000000000000", "-2")
    assert (rows[5]["cog_raw"], rows[5]["cog_deg"]) == ("3600", "")
    assert not [name for name in first if "verdict" in name or "slot" in name]


def test_the_readme_says_what_a_manifest_proves():
    text = files_of(pack(evidence(alert(exercise="x"))))["README.txt"].decode()
    assert text.startswith("EXERCISE x: none of this is real.")
    assert "not signed" in text
    for name in NAMES:
        if name != "README.txt":
            assert name in text
