"""Importing again and again: what is reported, what is kept, and what a failure leaves behind."""

import errno
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError
from sargas.model.assets import AssetSet
from sargas.reference import (
    ImportOptions,
    apply_import,
    home_assets,
    plan_import,
    shipped_assets,
)
from sargas.reference.files import DATA
from sargas.reference.home import (
    LOG,
    encode_source,
    from_feature,
    infra_dir,
    load_imported,
    source_path,
    to_feature,
)
from sargas.reference.shift import find_overlaps, shift_m
from tests.reference.world import LINE, OTHER, full, write_geojson

THIRD = [[18.5, 58.0], [19.0, 58.5]]


def run(path, home, t_ms=1_767_225_600_000, prune=False, **options):
    plan = plan_import(path, home, ImportOptions(**options), prune=prune)
    apply_import(plan, home, imported_at_ms=t_ms, imported_by="watch officer")
    return plan


def states(plan):
    return {c.source_ref: c.state for c in plan.changes}


def snapshot(home):
    """Every file below a home with its bytes, but for the lock."""
    return {
        str(p.relative_to(home)): p.read_bytes()
        for p in sorted(home.rglob("*")) if p.is_file() and p.name != ".lock"
    }  # fmt: skip


def assets_only(home):
    return {k: v for k, v in snapshot(home).items() if k.endswith(".geojson")}


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def first(tmp_path):
    return write_geojson(tmp_path / "cables.geojson", full("1"), full("2", OTHER))


# --- the report ----------------------------------------------------------------------------


def test_added_then_unchanged(home, first):
    assert states(run(first, home)) == {"1": "added", "2": "added"}
    before = assets_only(home)
    again = run(first, home, t_ms=1_800_000_000_000)
    assert states(again) == {"1": "unchanged", "2": "unchanged"}
    assert not again.changes_home
    assert assets_only(home) == before


def test_changed_fields_are_named(home, first, tmp_path):
    run(first, home)
    newer = write_geojson(
        tmp_path / "cables-2.geojson",
        full("1", operator="Cinia", status="disused"),
        full("2", OTHER),
    )
    plan = run(newer, home)
    assert states(plan) == {"1": "changed", "2": "unchanged"}
    (change,) = (c for c in plan.changes if c.state == "changed")
    assert set(change.fields) == {"operator", "status", "original"}
    asset = next(a for a in home_assets(home).assets if a.source_ref == "1")
    assert (asset.operator, asset.status) == ("Cinia", "retired")


def test_moved_reports_median_and_largest_shift(home, first, tmp_path):
    run(first, home)
    geod = pyproj.Geod(ellps="WGS84")
    moved = [list(geod.fwd(lon, lat, 0.0, 300.0)[:2]) for lon, lat in LINE]
    plan = run(write_geojson(tmp_path / "cables.geojson", full("1", moved), full("2", OTHER)), home)
    (change,) = (c for c in plan.changes if c.state == "moved")
    # 300 m to the north of a line that runs north-east: less across, all of it at the end.
    assert 200 < change.median_shift_m < 300
    assert 290 < change.max_shift_m < 302
    assert change.id == "telecom-cable-cable-1"


def test_shift_against_pyproj():
    """A line moved 1 km along its meridian's normal shows 1 km everywhere but at no other place."""
    geod = pyproj.Geod(ellps="WGS84")
    for lat in (54.0, 60.0, 66.0):
        a, b = (20.0, lat), (20.0, lat + 0.5)
        east = [geod.fwd(*p, 90.0, 1000.0)[:2] for p in (a, b)]
        median, largest = shift_m(shapely.LineString([a, b]), shapely.LineString(east))
        assert median == pytest.approx(1000, abs=2)
        assert largest == pytest.approx(1000, abs=3)


def test_shift_of_a_line_that_grew_shows_in_the_largest():
    short = shapely.LineString([(20, 57), (20, 58)])
    longer = shapely.LineString([(20, 57), (20, 58.1)])
    median, largest = shift_m(short, longer)
    assert median == pytest.approx(0, abs=1)
    assert largest == pytest.approx(11_140, abs=40)


def test_shift_of_points_and_areas():
    assert shift_m(shapely.Point(20, 57), shapely.Point(20, 57.01))[1] == pytest.approx(1114, abs=2)
    square = shapely.box(20, 57, 20.1, 57.1)
    assert shift_m(square, square) == (0, 0)


def test_absent_is_kept_and_reported_and_removed_only_with_prune(home, first, tmp_path):
    run(first, home)
    newer = write_geojson(tmp_path / "cables.geojson", full("1"))
    kept = run(newer, home)
    assert states(kept) == {"1": "unchanged", "2": "absent"}
    assert len(load_imported(home)) == 2
    assert any("--prune" in line for line in kept.warnings)
    gone = run(newer, home, prune=True)
    assert states(gone) == {"1": "unchanged", "2": "removed"}
    assert [a.source_ref for a in load_imported(home)] == ["1"]


def test_prune_leaves_other_sources_and_shipped_assets_alone(home, first, tmp_path):
    run(first, home)
    run(write_geojson(tmp_path / "other.geojson", full("9", THIRD)), home, prune=True)
    assert {a.source for a in load_imported(home)} == {"user:cables", "user:other"}
    assert len(home_assets(home)) == 162 + 3


def test_a_dry_run_writes_nothing(home, first):
    plan = plan_import(first, home, ImportOptions())
    assert plan.changes_home
    assert not home.exists()


def test_the_shipped_files_change_nothing(home):
    for name in ("infrastructure-osm.geojson", "infrastructure-ccby.geojson"):
        plan = run(DATA / name, home)
        assert {c.state for c in plan.changes} == {"unchanged"}
    assert assets_only(home) == {}
    assert home_assets(home) is shipped_assets()


def test_an_import_with_a_shipped_reference_replaces_the_shipped_asset(home, tmp_path):
    estlink = shipped_assets()[shipped_assets().index_of("power-cable-estlink-2")]
    better = full(estlink.source_ref, [[26.0, 60.2], [26.5, 59.5]], kind="power_cable",
                  name="Estlink 2", source="osm", surveyed=True, accuracy_m=10)  # fmt: skip
    run(write_geojson(tmp_path / "a.geojson", better), home)
    assets = home_assets(home)
    assert len(assets) == 162
    asset = assets[assets.index_of("power-cable-estlink-2")]
    assert (asset.accuracy_m, asset.surveyed) == (10, True)
    assert assets.version != shipped_assets().version
    assert asset.properties["original"]["surveyed"] is True


def test_ids_that_meet_are_told_apart(home, tmp_path):
    run(
        write_geojson(
            tmp_path / "a.geojson", full("1", name="Link"), full("2", OTHER, name="Link")
        ),
        home,
    )
    run(write_geojson(tmp_path / "b.geojson", full("1", THIRD, name="Link")), home)
    ids = [a.id for a in load_imported(home)]
    assert len(set(ids)) == 3
    assert "telecom-cable-link" in ids
    assert all(i.startswith("telecom-cable-link") for i in ids)


# --- laws ----------------------------------------------------------------------------------

steps = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.2, 0.2))
starts = st.tuples(st.floats(11, 29), st.floats(54, 65))


def path_of(start, ways):
    """A line of some tens of kilometres, in degrees with five places."""
    x, y = start
    out = [[round(x, 5), round(y, 5)]]
    for dx, dy in ways:
        x, y = min(30.9, max(9.1, x + dx)), min(66.4, max(53.1, y + dy))
        out.append([round(x, 5), round(y, 5)])
    return out


lines = st.builds(path_of, starts, st.lists(steps, min_size=1, max_size=4)).filter(
    lambda line: len({tuple(p) for p in line}) > 1
)
names = st.text(max_size=12) | st.text(st.characters(categories=("Cs", "Cc", "Cf")), max_size=4)
features = st.lists(
    st.builds(
        lambda ref, line, name, accuracy: full(ref, line, name=name, accuracy_m=accuracy),
        st.sampled_from("abcdef"), lines, names, st.integers(1, 5000),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(features, features)
def test_importing_twice_is_importing_once(tmp_path_factory, one, two):
    """Idempotent by (source, source_ref), after any history, whatever the names."""
    folder = tmp_path_factory.mktemp("law")
    home = folder / "home"
    a = write_geojson(folder / "cables.geojson", *one)
    run(a, home)
    b = write_geojson(folder / "cables.geojson", *two)
    run(b, home, t_ms=1_800_000_000_000)
    before = assets_only(home)
    again = run(b, home, t_ms=1_900_000_000_000)
    assert {c.state for c in again.changes} <= {"unchanged", "absent"}
    assert assets_only(home) == before
    keys = [(x.source, x.source_ref) for x in load_imported(home)]
    assert len(keys) == len(set(keys))


@settings(max_examples=40, deadline=None)
@given(features)
def test_order_of_features_does_not_matter(tmp_path_factory, rows):
    """Parts of one reference keep their order; apart from that, order means nothing."""
    unique = list({f["properties"]["source_ref"]: f for f in rows}.values())
    folder = tmp_path_factory.mktemp("law")
    for place, order in (("h1", unique), ("h2", unique[::-1])):
        run(write_geojson(folder / "cables.geojson", *order), folder / place)
    one, two = (
        [replace(a, properties={}) for a in load_imported(folder / p)] for p in ("h1", "h2")
    )
    assert [(a.source_ref, a.geometry.wkt) for a in one] == [
        (a.source_ref, a.geometry.wkt) for a in two
    ]
    assert {a.id for a in one} == {a.id for a in two}


def test_stored_assets_come_back_without_loss():
    for asset in shipped_assets().assets:
        back = from_feature(json.loads(json.dumps(to_feature(asset))))
        assert AssetSet([back]).version == AssetSet([asset]).version
        for name in ("id", "name", "kind", "status", "operator", "source", "source_ref", "note",
                     "licence", "attribution", "accuracy_m", "surveyed"):  # fmt: skip
            assert getattr(back, name) == getattr(asset, name)


def test_stored_files_are_geojson_that_imports_again(home, first, tmp_path):
    run(first, home)
    copy = tmp_path / "copy.geojson"
    copy.write_bytes(source_path(home, "user:cables").read_bytes())
    plan = plan_import(copy, home, ImportOptions())
    assert {c.source for c in plan.changes} == {"user:cables"}
    assert {c.state for c in plan.changes} <= {"unchanged", "changed"}


# --- provenance ----------------------------------------------------------------------------


def test_the_log_only_grows_and_says_who_what_when(home, first, tmp_path):
    run(first, home, accuracy_m=5)
    log = infra_dir(home) / LOG
    one = log.read_bytes()
    run(write_geojson(tmp_path / "b.geojson", full("3", THIRD)), home)
    two = log.read_bytes()
    assert two.startswith(one)
    rows = [json.loads(line) for line in two.splitlines()]
    assert [r["file"] for r in rows] == ["cables.geojson", "b.geojson"]
    assert rows[0]["imported_by"] == "watch officer"
    assert rows[0]["imported_at"] == "2026-01-01T00:00:00Z"
    assert len(rows[0]["sha256"]) == 64
    assert rows[0]["added"] == 2
    assert rows[0]["options"]["accuracy_m"] == 5


def test_each_asset_keeps_where_it_came_from(home, first, tmp_path):
    plan = run(first, home)
    run(write_geojson(tmp_path / "cables.geojson", full("1"), full("2", THIRD)), home, t_ms=0)
    by_ref = {a.source_ref: a.properties for a in load_imported(home)}
    assert by_ref["1"]["import"]["sha256"] == plan.sha256
    assert by_ref["1"]["import"]["imported_at"] == "2026-01-01T00:00:00Z"
    assert by_ref["2"]["import"]["imported_at"] == "1970-01-01T00:00:00Z"
    assert by_ref["2"]["original"]["name"] == "Cable 2"


# --- proposals -----------------------------------------------------------------------------


def test_an_asset_along_a_known_one_is_proposed_not_merged(home, tmp_path):
    known = shipped_assets()[shipped_assets().index_of("gas-pipeline-balticconnector")]
    line = shapely.get_coordinates(known.geometry)
    line[:, 0] += 0.003  # some 170 m to the east
    path = write_geojson(
        tmp_path / "a.geojson", full("1", line.tolist(), kind="gas_pipeline", accuracy_m=20)
    )
    plan = run(path, home)
    (overlap,) = plan.overlaps
    assert overlap.other_id == known.id
    assert overlap.share > 0.95
    assert overlap.keep == plan.changes[0].id
    assert len(home_assets(home)) == 163
    assert any(known.id in line for line in plan.warnings)


def test_a_far_asset_is_not_proposed():
    far = replace(
        shipped_assets()[0], geometry=shapely.LineString([(19.0, 58.2), (19.4, 58.3)]), source="x"
    )
    assert find_overlaps([far], shipped_assets().assets) == []


def test_a_licence_without_commerce_is_warned_about(home, tmp_path):
    path = write_geojson(tmp_path / "a.geojson", full("1", licence="CC-BY-NC-SA-3.0"))
    assert any("commercial" in line for line in run(path, home).warnings)


# --- failures: all or nothing --------------------------------------------------------------


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "os.link", "tempfile.mkstemp"])
def test_a_full_disk_leaves_the_home_as_it_was(home, first, tmp_path, monkeypatch, call):
    run(first, home)
    before = snapshot(home)
    newer = write_geojson(tmp_path / "cables.geojson", full("1", THIRD))
    plan = plan_import(newer, home, ImportOptions())
    with monkeypatch.context() as patch:
        patch.setattr(call, full_disk)
        with pytest.raises(StoreError, match=r"No space left on device.*nothing was changed"):
            apply_import(plan, home, imported_at_ms=0, imported_by="x")
    assert snapshot(home) == before
    assert states(run(newer, home))["1"] == "moved"


@pytest.mark.parametrize("number", range(1, 9))
def test_a_failure_at_any_flush_or_rename_leaves_the_home_as_it_was(
    home, tmp_path, monkeypatch, number
):
    """Two sources in one file: the failure hits between the two renames as well."""
    rows = [full("1", LINE, source="user:a"), full("2", OTHER, source="user:b")]
    run(write_geojson(tmp_path / "x.geojson", *rows), home)
    before = snapshot(home)
    newer = write_geojson(
        tmp_path / "x.geojson", full("1", THIRD, source="user:a"), full("2", THIRD, source="user:b")
    )
    plan = plan_import(newer, home, ImportOptions())
    calls = []

    def counting(real):
        def call(*args, **kwargs):
            calls.append(real)
            if len(calls) == number:
                full_disk()
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, counting(getattr(os, name)))
        try:
            apply_import(plan, home, imported_at_ms=0, imported_by="x")
        except StoreError:
            failed = True
        else:
            failed = False
    # 2 flushes of new files, 1 of the log, 2 renames, 1 flush of the folder.
    assert failed == (number <= 6)
    if failed:
        assert snapshot(home) == before
    else:
        assert snapshot(home) != before
    assert not [p for p in infra_dir(home).iterdir() if p.name.startswith((".undo", ".user"))]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_home_that_another_user_may_not_write(tmp_path, first):
    """Root ignores the mode of folders, so that a child becomes nobody."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    home = tmp_path / "locked"
    home.mkdir(mode=0o755)
    first.chmod(0o644)
    plan = plan_import(first, home, ImportOptions())
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setgid(65534)
            os.setuid(65534)
            apply_import(plan, home, imported_at_ms=0, imported_by="nobody")
        except StoreError as error:
            code = 7 if "Permission denied" in str(error) and "--home" in str(error) else 8
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert list(home.iterdir()) == []


def test_a_home_that_is_a_file(tmp_path, first):
    place = tmp_path / "file"
    place.write_text("x")
    with pytest.raises(StoreError):
        run(first, place)
    assert place.read_text() == "x"


def test_a_second_import_in_between_is_noticed(home, first, tmp_path):
    run(first, home)
    newer = write_geojson(tmp_path / "cables.geojson", full("1", THIRD))
    slow = plan_import(newer, home, ImportOptions())
    run(newer, home)
    before = snapshot(home)
    with pytest.raises(StoreError, match="in the meantime"):
        apply_import(slow, home, imported_at_ms=0, imported_by="x")
    assert snapshot(home) == before


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"metadata": {"sargas": 2}, "features": []}',
     '{"metadata": {}, "features": []}',
     '{"metadata": {"sargas": 1}, "features": [{}]}',
     '{"metadata": {"sargas": 1},'
     ' "features": [{"properties": {"kind": "rope"}, "geometry": null}]}'],
)  # fmt: skip
def test_a_file_that_sargas_did_not_write_is_named_and_left_alone(home, first, text):
    infra_dir(home).mkdir(parents=True)
    foreign = infra_dir(home) / "mine.geojson"
    foreign.write_text(text)
    for call in (lambda: home_assets(home), lambda: plan_import(first, home, ImportOptions())):
        with pytest.raises(StoreError, match=r"mine\.geojson"):
            call()
    assert foreign.read_text() == text


def test_leftovers_of_a_killed_import_are_swept(home, first):
    run(first, home)
    for name in (".user.cables.geojson.abc.tmp", ".undo.xyz"):
        (infra_dir(home) / name).write_text("half")
    run(first, home)
    assert sorted(p.name for p in infra_dir(home).iterdir()) == [
        ".lock", LOG, "user.cables.geojson",
    ]  # fmt: skip


def test_imports_at_the_same_time_are_all_kept(home, tmp_path):
    """Three programs at once: no asset is lost, and the log has three whole lines."""
    programs = []
    for i, line in enumerate((LINE, OTHER, THIRD)):
        path = write_geojson(tmp_path / f"net-{'abc'[i]}.geojson", full(str(i), line))
        words = ["infra", "import", str(path), "--home", str(home), "--quiet"]
        code = "from sargas.cli import main; main()"
        programs.append(subprocess.Popen([sys.executable, "-c", code, *words]))
    assert [p.wait() for p in programs] == [0, 0, 0]
    assert len(load_imported(home)) == 3
    rows = [json.loads(line) for line in (infra_dir(home) / LOG).read_text().splitlines()]
    assert sorted(r["file"] for r in rows) == [f"net-{c}.geojson" for c in "abc"]


def test_encoding_is_the_same_for_the_same_assets():
    assets = list(shipped_assets().assets)
    assert encode_source("osm", assets) == encode_source("osm", assets[::-1])


def test_no_imports_give_the_shipped_set_itself(tmp_path):
    assert home_assets(tmp_path / "nowhere") is shipped_assets()
