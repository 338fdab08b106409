"""`sargas masks`: added whole or not at all, kept in versions, used by a scan into the home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sargas.model.fixes import Fixes
from sargas.model.time import HOUR_MS, iso
from sargas.reference import load_masks
from sargas.store import Home, ShardWriter

from .conftest import Call

UNTIL = "2030-01-01T00:00:00Z"
WIDE = [[[9, 53], [31, 53], [31, 66], [9, 66], [9, 53]]]
"""The whole Baltic: every alert lies in it."""


def feature(name: str = "m1", **changes: Any) -> dict[str, Any]:
    said = {
        "id": name, "kind": "ferry_route", "owner": "me", "reason": "ferries wait here",
        "valid_until": UNTIL, "detectors": ["speed_loss", "slow_in_corridor"],
    } | changes  # fmt: skip
    return {
        "type": "Feature",
        "properties": {k: v for k, v in said.items() if v is not None},
        "geometry": {"type": "Polygon", "coordinates": WIDE},
    }


def write(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


def state(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_added_listed_changed_and_withdrawn(call: Call, tmp_path: Path) -> None:
    home, file = tmp_path / "home", write(tmp_path / "m.geojson", feature(), feature("m2"))
    dry = call("masks", "add", file, "--home", home, "--dry-run", "--json")
    assert [row["act"] for row in dry.rows] == ["add", "add"]
    assert not home.exists()
    done = call("masks", "add", file, "--home", home)
    assert done.code == 0
    assert "2 add; counts for all fixes" in done.err
    again = call("masks", "add", file, "--home", home, "--json")
    assert [row["act"] for row in again.rows] == ["unchanged", "unchanged"]
    write(file, feature(effect="downgrade"), feature("m2"))
    changed = call("masks", "add", file, "--home", home, "--json")
    assert [row["act"] for row in changed.rows] == ["change", "unchanged"]
    gone = call("masks", "expire", "m2", "--home", home, "--reason", "no ferry any more")
    assert gone.code == 0
    table = call("masks", "list", "--home", home)
    assert len(table.out.splitlines()) == 3
    assert "withdrawn" in table.out
    assert "2 masks in 4 versions, 1 of them withdrawn." in table.err
    rows = call("masks", "list", "--home", home, "--all", "--json").rows
    assert [(r["id"], r["version"], r["act"]) for r in rows] == [
        ("m1", 1, "add"), ("m2", 1, "add"), ("m1", 2, "change"), ("m2", 2, "expire"),
    ]  # fmt: skip
    assert rows[-1]["reason"] == "no ferry any more"
    assert all(r["by"] for r in rows)


def test_all_or_nothing_and_every_fault_is_named(call: Call, tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = write(tmp_path / "m.geojson", feature(), feature("bad", owner=None), feature("m3"),
                 feature("worse", kind="garden"))  # fmt: skip
    done = call("masks", "add", file, "--home", home)
    assert done.code == 3
    assert "feature 2: bad: owner missing" in done.err
    assert "feature 4: worse: kind 'garden'" in done.err
    assert not home.exists()
    write(file, feature(), feature("m2", reason=None))
    done = call("masks", "add", file, "--home", home)
    assert done.code == 2
    assert "1 of 2 masks have no reason: m2" in done.err
    assert not home.exists()
    assert call("masks", "add", file, "--home", home, "--reason", "notice 412").code == 0
    rows = call("masks", "list", "--home", home, "--json").rows
    assert [r["reason"] for r in rows] == ["ferries wait here", "notice 412"]


def test_names_that_stand_for_nothing_are_said(call: Call, tmp_path: Path) -> None:
    file = write(tmp_path / "m.geojson", feature(detectors=["nonsense"], assets=["nowhere"]))
    done = call("masks", "add", file, "--home", tmp_path / "home")
    assert done.code == 0
    assert "m1: this sargas has no detector 'nonsense'" in done.err
    assert "m1: this home has no asset 'nowhere'" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["expire", "m9", "--reason", "x"], 5), (["expire", "m1", "--reason", " "], 2),
        (["expire", "m1"], 2), (["add", "none.geojson"], 3), (["list", "--at", "noon"], 2),
        (["derive", "ports", "--out", "x"], 2), (["derive", "anchorages", "--out", "x"], 5),
        (["derive", "anchorages", "--out", "x", "--vessels", "0"], 2),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_code(call: Call, tmp_path: Path, words: list, code: int) -> None:
    done = call("masks", *words, "--home", tmp_path / "home")
    assert done.code == code
    assert done.err
    assert not (tmp_path / "home").exists()


def test_a_folder_with_other_things_is_left_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    file = write(tmp_path.parent / f"{tmp_path.name}.geojson", feature())
    assert call("masks", "add", file, "--home", tmp_path).code == 1
    assert state(tmp_path) == {"mine.txt": b"mine"}


def test_a_scan_uses_the_masks_of_its_home(call: Call, exercise_log: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "m.geojson", feature())
    plain = call("scan", exercise_log, "--json", "--quiet").rows
    losses = {a["id"] for a in plain if a["detector"] == "speed_loss"}
    assert losses
    home = tmp_path / "home"
    call("masks", "add", file, "--home", home)
    done = call("scan", exercise_log, "--home", home, "--json", "--quiet", "--muted").rows
    muted = {a["id"]: a for a in done if "ferry_route m1" in a["muted_by"]}
    assert losses <= muted.keys(), "they are counted and listed, not gone"
    assert all(a["priority"] == "P3" for a in muted.values())
    assert call("alerts", "list", "--home", home, "--detector", "speed_loss", "--json").rows == []


def test_a_mask_added_later_leaves_what_was_judged(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    """It counts from after the newest stored fix; a replay of the same log sees the same."""
    home, file = tmp_path / "home", write(tmp_path / "m.geojson", feature())
    first = call("scan", exercise_log, "--home", home, "--json", "--quiet").rows
    added = call("masks", "add", file, "--home", home, "--json").rows[0]
    newest = call("alerts", "list", "--home", home, "--json").rows[-1]["t_detected"]
    assert added["counts_from"] > newest
    again = call("scan", exercise_log, "--home", home, "--json", "--quiet")
    assert again.rows == first
    assert "differ" not in again.err
    early = call("masks", "list", "--home", home, "--at", newest, "--json").rows
    late = call("masks", "list", "--home", home, "--at", added["counts_from"], "--json").rows
    assert early == []
    assert [row["id"] for row in late] == ["m1"]
    forced = call("masks", "expire", "m1", "--reason", "x", "--home", home, "--counts-from",
                  "2024-12-25T00:00:00Z", "--dry-run", "--json").rows  # fmt: skip
    assert forced[0]["counts_from"] == "2024-12-25T00:00:00Z"


def test_anchorages_are_derived_for_review_and_not_applied(call: Call, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "anchorages.geojson"
    t0 = 1_735_084_800_000
    t_ms = np.arange(t0, t0 + 30 * HOUR_MS, 600_000)
    n = len(t_ms)
    with ShardWriter(Home(home)) as writer:
        for k in range(20):
            writer.append(Fixes.build(
                n, subject_id=np.full(n, 230_000_001 + k), t_ms=t_ms,
                lon_raw=np.full(n, 14_820_300), lat_raw=np.full(n, 35_640_300 + k),
            ))  # fmt: skip
    few = call("masks", "derive", "anchorages", "--home", home, "--out", out, "--vessels", 21)
    assert few.code == 0
    assert few.out == ""
    assert "0 anchorages" in few.err
    done = call("masks", "derive", "anchorages", "--home", home, "--out", out, "--json", "--force",
                "--owner", "watch")  # fmt: skip
    (said,) = done.rows
    assert said["owner"] == "watch"
    assert "20 vessels" in said["reason"]
    assert said["valid_until"] == iso(int(t_ms[-1]) + 365 * 24 * HOUR_MS)
    assert call("masks", "list", "--home", home).out == ""
    assert call("masks", "derive", "anchorages", "--home", home, "--out", out).code == 2
    (mask,) = load_masks(out)
    assert mask.holds(24.7005, 59.4005, int(t_ms[-1]))
    assert call("masks", "add", out, "--home", home).code == 0
