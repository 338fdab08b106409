"""Questions to the archive give what numpy finds in the same rows."""

import os
import threading

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError, UsageError
from sargas.model.arrow import fixes_to_arrow
from sargas.model.fixes import AIR, SEA, Fixes, Statics
from sargas.model.time import NO_TIME, day_of
from sargas.store.canon import canonical_order, copies
from sargas.store.home import Home
from sargas.store.merging import compact
from sargas.store.query import Archive
from sargas.store.shards import ShardWriter
from tests.store.drawn import fixes_drawn
from tests.store.rows import T0_MS, make_fixes, reports

times = st.integers(-2, 155).map(lambda step: T0_MS + step * 600_000)
law = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def filled(path, fixes, *, compacted=False) -> tuple[Home, Fixes]:
    """A home that holds the fixes, and the rows it should hold, in canonical order."""
    home = Home(path)
    with ShardWriter(home) as writer:
        for start in range(0, len(fixes), 50):
            writer.append(fixes.take(slice(start, start + 50)))
            writer.flush()
    if compacted:
        for day in home.days():
            compact(home, day)
    ordered = fixes.take(canonical_order(fixes))
    return home, ordered.take(~copies(ordered))


def same(found: Fixes, expected: Fixes) -> None:
    """Assert that the same rows came in the same order."""
    assert reports(found) == reports(expected)
    for name in ("domain", "subject_id", "t_ms", "payload_hash", "station", "lon_raw"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


@law
@given(fixes_drawn, st.booleans(), times, times, st.integers(0, 1), st.integers(0, 5))
def test_a_track_is_what_numpy_finds(tmp_path_factory, fixes, compacted, t1, t2, domain, vessel):
    home, rows = filled(tmp_path_factory.mktemp("h"), fixes, compacted=compacted)
    mmsi = 230_000_000 + vessel
    wanted = (rows.domain == domain) & (rows.subject_id == mmsi)
    with Archive(home) as archive:
        found = archive.track(domain, mmsi, t1, t2)
        same(found, rows.take(wanted & (rows.t_ms >= t1) & (rows.t_ms <= t2)))
        same(archive.track(domain, mmsi, NO_TIME, 2**63 - 1), rows.take(wanted))


degrees = st.one_of(
    st.integers(-180, 180).map(float), st.floats(-180, 180), st.floats(-1e300, 1e300)
)


@law
@given(
    fixes_drawn, st.booleans(), times, times, degrees, degrees,
    st.one_of(st.integers(-84, 84).map(float), st.floats(-91, 91)), st.floats(-90, 90),
    st.integers(0, 60),
)  # fmt: skip
def test_a_box_is_what_numpy_finds(
    tmp_path_factory, fixes, compacted, t1, t2, lon1, lon2, lat1, lat2, limit
):
    home, rows = filled(tmp_path_factory.mktemp("h"), fixes, compacted=compacted)
    lat1, lat2 = sorted((lat1, lat2))
    inside = (rows.t_ms >= t1) & (rows.t_ms <= t2) & (rows.lat_deg >= lat1)
    inside &= rows.lat_deg <= lat2
    east, west = rows.lon_deg >= lon1, rows.lon_deg <= lon2
    inside &= (east & west) if lon1 <= lon2 else (east | west)
    expected = rows.take(inside)
    with Archive(home) as archive:
        same(archive.box(lon1, lat1, lon2, lat2, t1, t2), expected)
        some = archive.box(lon1, lat1, lon2, lat2, t1, t2, limit)
        assert len(some) == min(limit, len(expected))
        assert reports(some) <= reports(expected)
        assert sorted(some.t_ms) == sorted(expected.t_ms)[:limit]


@law
@given(fixes_drawn, st.booleans(), times, st.integers(-1, 100))
def test_last_positions_are_what_numpy_finds(tmp_path_factory, fixes, compacted, as_of, steps):
    home, rows = filled(tmp_path_factory.mktemp("h"), fixes, compacted=compacted)
    age_ms = steps * 600_000
    kept = rows.has_position & (rows.t_ms <= as_of) & (rows.t_ms >= as_of - age_ms)
    last = {}
    for i in np.flatnonzero(kept):  # canonical order: the last one wins
        last[int(rows.domain[i]), int(rows.subject_id[i])] = i
    expected = rows.take(np.array([last[key] for key in sorted(last)], dtype=np.intp))
    with Archive(home) as archive:
        same(archive.last_positions(as_of, age_ms), expected)


@law
@given(fixes_drawn)
def test_days_and_span_are_what_numpy_finds(tmp_path_factory, fixes):
    home, rows = filled(tmp_path_factory.mktemp("h"), fixes)
    with Archive(home) as archive:
        assert archive.days() == sorted({day_of(t) for t in rows.t_ms.tolist()})
        expected = (int(rows.t_ms.min()), int(rows.t_ms.max())) if len(rows) else None
        assert archive.span() == expected


# --- vessels -------------------------------------------------------------------------------


def make_statics(n: int, seed: int) -> Statics:
    rng = np.random.default_rng(seed)
    names = np.array([b"", b"EAGLE S", b"EAGLE", b"SEA EAGLE", b"FRIO", b"A%_B", b"\xc5land"])
    return Statics.build(
        n,
        subject_id=rng.integers(230_000_000, 230_000_004, n),
        t_ms=T0_MS + rng.integers(0, 30, n) * 3_600_000,
        imo=rng.choice([0, 9329760, 1234567], n),
        ship_type=rng.choice([0, 70, 80], n),
        length_m=rng.choice([0, 228], n),
        draught_dm=rng.choice([0, 125], n),
        name=names[rng.integers(0, len(names), n)],
        callsign=rng.choice([b"", b"OH12", b"H9ZZ"], n),
        destination=rng.choice([b"", b"PORT SAID"], n),
        payload_hash=rng.integers(0, 2**40, n),
    )


def with_statics(path, statics) -> Home:
    home = Home(path)
    with ShardWriter(home) as writer:
        writer.append_statics(statics)
    return home


statics_drawn = st.builds(make_statics, n=st.integers(0, 40), seed=st.integers(0, 2**32))


def last_values(statics, mmsi, as_of):
    """Go through the reports in order, keep the last value of each field."""
    out = {}
    for i in statics.take(canonical_order(statics)).t_ms.argsort(kind="stable"):
        row = statics.take(canonical_order(statics)).take(np.array([i]))
        if row.subject_id[0] != mmsi or row.t_ms[0] > as_of:
            continue
        out["t_ms"] = int(row.t_ms[0])
        for name in ("imo", "ship_type", "length_m"):
            if getattr(row, name)[0]:
                out[name] = int(getattr(row, name)[0])
        for name in ("name", "callsign", "destination"):
            if getattr(row, name)[0]:
                out[name] = getattr(row, name)[0].decode("latin-1")
    return out


@law
@given(statics_drawn, st.integers(-1, 31))
def test_statics_are_the_last_values_sent(tmp_path_factory, statics, hour):
    home = with_statics(tmp_path_factory.mktemp("h"), statics)
    as_of = T0_MS + hour * 3_600_000
    with Archive(home) as archive:
        for mmsi in range(230_000_000, 230_000_005):
            found = archive.static_of(SEA, mmsi, as_of)
            expected = last_values(statics, mmsi, as_of)
            assert (found is None) == (not expected)
            if found:
                assert found["domain"] == "sea"
                assert found["mmsi"] == mmsi
                for name in ("imo", "ship_type", "length_m", "name", "callsign", "destination"):
                    assert found[name] == expected.get(name), name
                assert found["t_ms"] == expected["t_ms"]


@law
@given(
    statics_drawn, st.sampled_from(["eagle", " EAGLE s ", "oh1", "9329", "23000000", "%", "", "_b"])
)
def test_a_search_finds_every_vessel_that_ever_matched(tmp_path_factory, statics, text):
    home = with_statics(tmp_path_factory.mktemp("h"), statics)
    needle = text.strip().lower()
    expected = set()
    for i in range(len(statics)):
        words = [
            str(statics.subject_id[i]), str(statics.imo[i]),
            statics.name[i].decode("latin-1").lower(), statics.callsign[i].decode().lower(),
        ]  # fmt: skip
        if any(needle in word for word in words):
            expected.add(int(statics.subject_id[i]))
    with Archive(home) as archive:
        found = archive.vessels(text)
        assert {vessel["mmsi"] for vessel in found} == expected
        assert len(found) == len(expected)
        for vessel in found:
            assert vessel == archive.static_of(SEA, vessel["mmsi"])
        assert archive.vessels(text, limit=1) == found[:1]


@pytest.fixture
def named(tmp_path):
    statics = Statics.build(
        4, subject_id=[1, 518_998_865, 3, 2_655_001], t_ms=T0_MS + np.arange(4),
        name=[b"OLD EAGLE S", b"EAGLE S", b"EAGLE STAR", b'<img src=x onerror="1">'],
        imo=[0, 9329760, 0, 0], draught_dm=[0, 125, 0, 0],
    )  # fmt: skip
    with Archive(with_statics(tmp_path / "h", statics)) as archive:
        yield archive


def test_the_equal_name_comes_first_then_the_beginning(named):
    assert [v["name"] for v in named.vessels("eagle s")] == ["EAGLE S", "EAGLE STAR", "OLD EAGLE S"]
    assert named.vessels("9329760")[0]["name"] == "EAGLE S"
    assert named.vessels("9329760")[0]["draught_m"] == 12.5
    assert named.vessels("eagle s", limit=0) == []


def test_an_mmsi_with_leading_zeros_is_found(named):
    assert [v["mmsi"] for v in named.vessels("002655001")] == [2_655_001]


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE x; --", "%", "\x00", "\ud7ff" * 5000, "\ud800", "$files", "<img", "٢٣٠١٢٣٤٥٦"],
)
def test_hostile_text_is_only_text(named, text):
    assert len(named.vessels(text)) == (1 if text == "<img" else 0)


def test_a_search_knows_no_later_name(tmp_path):
    statics = Statics.build(
        2, subject_id=[5, 5], t_ms=[T0_MS, T0_MS + 86_400_000], name=[b"BEFORE", b"AFTER"]
    )
    with Archive(with_statics(tmp_path / "h", statics)) as archive:
        assert archive.vessels("after", as_of_ms=T0_MS) == []
        assert archive.vessels("before")[0]["name"] == "AFTER"
        assert archive.vessels("before", as_of_ms=T0_MS)[0]["name"] == "BEFORE"


def test_a_vessel_without_a_name_is_found_by_its_mmsi(tmp_path):
    fixes = Fixes.build(2, subject_id=[230_000_001] * 2, t_ms=[T0_MS, T0_MS + 9])
    home, _ = filled(tmp_path / "h", fixes)
    with Archive(home) as archive:
        (found,) = archive.vessels("230000001")
        assert (found["mmsi"], found["name"], found["t_ms"]) == (230_000_001, None, T0_MS + 9)
        assert archive.vessels("230000001", as_of_ms=T0_MS - 1) == []
        assert archive.vessels("230000002") == []


# --- edges and faults ----------------------------------------------------------------------


def test_an_empty_home_answers(home):
    with Archive(home) as archive:
        assert archive.span() is None
        assert archive.days() == []
        assert len(archive.track(SEA, 1, 0, 2**62)) == 0
        assert len(archive.box(0, 0, 1, 1, 0, 2**62)) == 0
        assert len(archive.last_positions(2**62, 2**62)) == 0
        assert archive.vessels("x") == []
        assert archive.static_of(SEA, 1) is None


def test_what_is_no_subject_has_no_track(home):
    with Archive(home) as archive:
        for domain, subject_id in ((-1, 5), (256, 5), (0, -1), (0, 2**32)):
            assert len(archive.track(domain, subject_id, 0, 2**62)) == 0
            assert archive.static_of(domain, subject_id) is None


@pytest.mark.parametrize(
    "corners", [(0, 2, 1, 1), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)]
)
def test_what_is_no_box_is_refused(home, corners):
    with Archive(home) as archive, pytest.raises(UsageError, match="no box"):
        archive.box(*corners, 0, 1)


def test_a_negative_limit_is_refused(home):
    with Archive(home) as archive:
        with pytest.raises(UsageError, match="negative"):
            archive.box(0, 0, 1, 1, 0, 1, -1)
        with pytest.raises(UsageError, match="negative"):
            archive.vessels("x", limit=-1)


def test_air_and_sea_are_apart(tmp_path):
    fixes = Fixes.build(2, domain=[SEA, AIR], subject_id=[99, 99], t_ms=[T0_MS, T0_MS])
    home, _ = filled(tmp_path / "h", fixes)
    with Archive(home) as archive:
        assert archive.track(AIR, 99, 0, 2**62).domain.tolist() == [AIR]


def test_a_path_with_signs_of_a_pattern_is_a_path(tmp_path):
    home, rows = filled(tmp_path / "w[a]t*ch? 'x'", make_fixes(100, 1))
    filled(tmp_path / "wat", make_fixes(100, 2))
    with Archive(home) as archive:
        found = archive.box(-180, -90, 180, 90, 0, 2**62)
        same(found, rows.take(rows.has_position))


def test_only_the_files_that_may_answer_are_opened(tmp_path):
    home, rows = filled(tmp_path / "h", make_fixes(400, 1, vessels=30))
    mmsi = int(rows.subject_id[0])
    with Archive(home) as archive:
        assert archive.days() == ["2024-12-25", "2024-12-26"]
        expected = archive.track(SEA, mmsi, T0_MS, T0_MS + 86_399_999)
        for day in ("2024-12-24", "2024-12-26"):
            other = home.shard_path("fixes", day, 0)
            other.mkdir(parents=True, exist_ok=True)
            (other / "0-1-0000000000000000.parquet").write_bytes(b"damaged")
        (home.path / "fixes" / "day=2024-12-99").mkdir()
        same(archive.track(SEA, mmsi, T0_MS, T0_MS + 86_399_999), expected)


def test_a_damaged_file_is_said(tmp_path):
    home, _ = filled(tmp_path / "h", make_fixes(20, 1, vessels=1))
    for path in (home.path / "fixes").rglob("*.parquet"):
        path.write_bytes(b"PAR1 and then nothing of worth PAR1")
    with Archive(home) as archive, pytest.raises(StoreError, match="cannot answer"):
        archive.box(-180, -90, 180, 90, 0, 2**62)


def test_the_database_reads_no_variable_and_no_url(tmp_path):
    home, _ = filled(tmp_path / "h", make_fixes(20, 1))
    secret = fixes_to_arrow(make_fixes(3, 1))
    assert duckdb.sql("SELECT count(*) FROM secret").fetchall() == [(3,)]
    assert secret.num_rows == 3
    with Archive(home) as archive:
        for query in ("SELECT * FROM secret, read_parquet($files)", "INSTALL httpfs"):
            with pytest.raises(StoreError):
                archive._ask(query, "fixes", 0, 2**62, {})


def test_threads_ask_while_a_writer_writes_and_compacts(tmp_path):
    fixes = make_fixes(600, 3, vessels=20)
    home, rows = filled(tmp_path / "h", fixes)
    failed, stop = [], threading.Event()
    whole = rows.take(rows.has_position)

    def ask(archive):
        try:
            while not stop.is_set():
                assert len(archive.box(-180, -90, 180, 90, 0, 2**62)) == len(whole)
        except BaseException as error:
            failed.append(error)

    with Archive(home) as archive:
        asking = [threading.Thread(target=ask, args=(archive,)) for _ in range(3)]
        for thread in asking:
            thread.start()
        for day in home.days():
            compact(home, day)
        with ShardWriter(home) as writer:
            writer.append(fixes)
        stop.set()
        for thread in asking:
            thread.join()
        assert failed == []
        same(archive.box(-180, -90, 180, 90, 0, 2**62), whole)
    assert not os.path.exists(".tmp")
