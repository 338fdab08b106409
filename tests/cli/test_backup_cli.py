"""`sargas backup`, `restore` and `verify` as they are typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sargas.store import Home
from tests.store.kept import keep

from .conftest import Call


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = keep(tmp_path_factory.mktemp("kept") / "home")
    (home.evidence_path / "e.zip").unlink()  # a zip, but no bundle of ours
    return home


def test_there_and_back(
    call: Call, kept: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("backup", "--home", kept.path)
    assert done.code == 0, done.err
    name = done.out.strip()
    assert re.fullmatch(r"sargas-\d{8}T\d{6}Z\.tar\.zst", name)
    head = call("audit", "verify", "--home", kept.path, "--json", "--quiet").rows[0]["head"]
    assert "4 alerts, 2 acts" in done.err
    assert head in done.err
    told = call("verify", name, "--json", "--quiet")
    assert (told.code, told.err) == (0, "")
    assert (told.rows[0]["whole"], told.rows[0]["audit_head"]) == (True, head)
    back = call("restore", name, "--home", "again", "--json", "--quiet")
    assert (back.code, back.err) == (0, "")
    assert back.rows[0]["counts"] == told.rows[0]["counts"]
    again = call("audit", "verify", "--home", "again", "--json", "--quiet").rows[0]
    assert (again["whole"], again["head"]) == (True, head)
    deep = call("verify", "--home", "again", "--deep", "--json")
    assert (deep.code, deep.rows[0]["whole"], deep.rows[0]["findings"]) == (0, True, [])
    listed = [call("alerts", "list", "--home", h, "--json").out for h in (kept.path, "again")]
    assert listed[0] == listed[1] != ""


def test_codes_and_sentences(call: Call, kept: Home, tmp_path: Path) -> None:
    out = tmp_path / "b.tar"
    row = call("backup", "--home", kept.path, "--out", out, "--json", "--quiet")
    assert row.rows[0]["file"] == str(out)
    assert row.rows[0]["bytes"] == out.stat().st_size
    assert call("backup", "--home", kept.path, "--out", out).code == 2
    assert call("backup", "--home", kept.path, "--out", out, "--force", "--quiet").code == 0
    assert call("backup", "--home", tmp_path / "none").code == 5
    assert call("restore", out, "--home", kept.path).code == 2
    assert call("verify", out, "--home", kept.path).code == 2
    assert call("verify", tmp_path / "none.tar").code == 3
    assert call("verify", "--home", tmp_path / "none").code == 5
    (tmp_path / "text").write_text("no backup")
    assert call("verify", tmp_path / "text").code == 3
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 4
    out.write_bytes(data)
    found = call("verify", out)
    assert found.code == 1
    assert "not those written" in found.out
    assert "older one" in found.out
    refused = call("restore", out, "--home", tmp_path / "again")
    assert (refused.code, refused.out) == (3, "")
    assert "Use another copy of this backup" in refused.err
    assert not (tmp_path / "again").exists()


def test_a_damaged_home_leaves_with_one_and_an_unreadable_one_with_three(
    call: Call, tmp_path: Path
) -> None:
    home = keep(tmp_path / "home")
    found = call("verify", "--home", home.path)
    # A zip that can be read is no bundle yet.
    assert found.code == 1
    assert "evidence/e.zip: " in found.out
    (home.evidence_path / "e.zip").unlink()
    assert call("verify", "--home", home.path, "--quiet").code == 0
    (home.path / "masks" / "book.jsonl").write_text('{"sargas": 1}\n{"act": "add"}\n')
    (home.path / "infra" / "user.x.geojson").write_text('{"type": "FeatureCollection"}')
    found = call("verify", "--home", home.path, "--json")
    assert found.code == 1
    assert {one["where"] for one in found.rows[0]["findings"]} == {"masks", "infra"}
    next(home.path.glob("fixes/*/*/*.parquet")).write_bytes(b"PAR1")
    backed_up = call("backup", "--home", home.path, "--out", tmp_path / "b.tar.zst")
    assert backed_up.code == 1
    assert "cannot be read" in backed_up.out
    assert call("verify", tmp_path / "b.tar.zst").code == 1
    assert call("restore", tmp_path / "b.tar.zst", "--home", tmp_path / "again").code == 1
    (home.path / "home.json").write_text("{")
    assert call("verify", "--home", home.path).code == 3
