"""Files together: overlapping ones, exercises, homes, columns that are read again."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sargas.cli.keeping import source_name
from sargas.cli.reading import Reading
from sargas.decode import AisDecoder
from sargas.exercise.scenario import Scenario, load_scenario
from sargas.feeds import open_feed
from sargas.model.fixes import FIRST_FEED, Fixes, Statics
from sargas.store import Home, Ledger
from sargas.store.shards import read_day

from .conftest import AIS, OWN_MAP, SARGAS, Call, wait_until_it_reads

DMA = AIS / "dma-5min-2013-11-12.nmea.gz"
LOTUS = AIS / "lotus-sog-glitch-2014-10-05.nmea.gz"


# ---- several files -------------------------------------------------------------------------------
def test_overlapping_files_give_the_alerts_of_the_merged_one(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    merged = call("scan", exercise_log, "--json", "--quiet")
    assert merged.rows
    lines = exercise_log.read_bytes().splitlines(keepends=True)
    body = [line for line in lines if not line.startswith(b"#")]
    third = len(body) // 3
    second = [line for line in body if b"EXERCISE-eagle-s.2" in line]
    parts = [body[: 2 * third], body[third:], second]
    paths = []
    for name, part in zip("cab", parts, strict=True):
        paths.append(tmp_path / f"{name}.nmea")
        paths[-1].write_bytes(b"".join(part))
    for order in itertools.permutations(paths):
        assert call("scan", *order, "--json", "--quiet").out == merged.out


def test_the_first_static_report_of_a_second_file_is_not_late(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    # Its positions begin four minutes after its first static report; the first file goes on.
    other = tmp_path / "other.nmea"
    other.write_bytes(exercise_log.read_bytes())
    usual = call("scan", exercise_log, "--json", "--quiet")
    done = call("scan", exercise_log, other, "--json")
    assert done.out == usual.out
    assert " late" not in done.err


def test_files_one_after_the_other_give_the_alerts_of_the_whole(
    call: Call, drag_csv: Path, tmp_path: Path
) -> None:
    head, *rows = drag_csv.read_bytes().splitlines(keepends=True)
    whole = call("scan", drag_csv, "--map", OWN_MAP, "--json", "--quiet")
    assert whole.rows
    paths = []
    for k in range(4):
        paths.append(tmp_path / f"{9 - k}.csv")
        paths[-1].write_bytes(head + b"".join(rows[k * len(rows) // 4 : (k + 1) * len(rows) // 4]))
    again = call("scan", *paths, "--map", OWN_MAP, "--json", "--quiet")
    assert again.out == whole.out


def test_a_reading_goes_on_with_the_file_that_is_furthest_behind(
    drag_csv: Path, tmp_path: Path
) -> None:
    head, *rows = drag_csv.read_bytes().splitlines(keepends=True)
    late, early = tmp_path / "a.csv", tmp_path / "b.csv"
    late.write_bytes(head + b"".join(rows[len(rows) // 2 :]))
    early.write_bytes(head + b"".join(rows[: len(rows) // 2]))
    reading = Reading([str(late), str(early)], column_map=OWN_MAP, quiet=True)
    firsts = [int(batch.fixes.t_ms[0]) for batch, _ in reading.batches()]
    assert firsts == sorted(firsts)
    assert reading.fixes == len(rows)
    assert reading.lines == len(rows) + 2


# ---- exercises -----------------------------------------------------------------------------------
def test_an_exported_exercise_scanned_gives_what_running_it_gives(
    call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "x.nmea.gz"
    assert call("exercise", "export", "eagle-s", "--out", out, "--quiet").code == 0
    ran = call("exercise", "run", "eagle-s", "--json", "--quiet")
    scanned = call("scan", out, "--json")
    assert scanned.code == 0
    assert scanned.out == ran.out
    assert {a["exercise"] for a in ran.rows} == {"eagle-s"}
    assert any(a["detector"].startswith("drag") for a in ran.rows)
    assert "EXERCISE eagle-s" in scanned.err


def test_every_alert_of_an_exercise_is_marked(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    piped = subprocess.run(
        [Path(sys.executable).with_name("sargas"), "scan", "-", "--json", "--quiet"],
        input=exercise_log.read_bytes(), capture_output=True, timeout=250,
    )  # fmt: skip
    rows = [json.loads(line) for line in piped.stdout.splitlines()]
    assert rows
    assert {a["exercise"] for a in rows} == {"eagle-s"}
    columns = tmp_path / "x.parquet"
    assert call("decode", exercise_log, "--out", columns, "--quiet").code == 0
    again = call("scan", columns, columns.with_suffix(".static.parquet"), "--json", "--quiet")
    assert again.rows == rows


def test_real_traffic_is_marked_as_no_exercise(call: Call, drag_csv: Path) -> None:
    rows = call("scan", drag_csv, "--map", OWN_MAP, "--json", "--quiet").rows
    assert rows
    assert {a["exercise"] for a in rows} == {None}


def test_an_exercise_is_never_mixed_with_real_traffic(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    for order in ([exercise_log, DMA], [DMA, exercise_log]):
        done = call("scan", *order, "--json")
        assert done.code == 2
        assert done.out == ""
        assert "'eagle-s'" in done.err
        assert "real traffic" in done.err
    # Nor within one file, also behind its first rows.
    glued = tmp_path / "glued.nmea"
    glued.write_bytes(exercise_log.read_bytes() + gzip.decompress(DMA.read_bytes()))
    done = call("scan", glued, "--json")
    assert (done.code, done.out) == (2, "")
    done = call("decode", exercise_log, LOTUS, "--out", tmp_path / "x.parquet")
    assert done.code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["glued.nmea"]


def test_two_exercises_are_not_one(call: Call, exercise_log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.nmea"
    body = exercise_log.read_bytes().replace(b"EXERCISE-eagle-s", b"EXERCISE-elgae-s")
    other.write_bytes(body)  # the same letters: the tag blocks' checksums still hold
    done = call("scan", exercise_log, other)
    assert done.code == 2
    assert "'elgae-s'" in done.err


def test_a_home_holds_an_exercise_or_real_traffic(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    for first, second in ((LOTUS, exercise_log), (exercise_log, LOTUS)):
        home = tmp_path / first.name
        assert call("scan", first, "--home", home, "--quiet").code == 0
        before = sorted(home.rglob("*.parquet"))
        done = call("scan", second, "--home", home)
        assert done.code == 2
        assert "This home holds" in done.err
        assert sorted(home.rglob("*.parquet")) == before
        assert call("scan", first, "--home", home, "--quiet").code == 0


# ---- homes ---------------------------------------------------------------------------------------
def known(home: Path) -> tuple[list[object], list[object], dict[str, int]]:
    """All that a home knows."""
    opened = Home(home, create=False)
    fixes = [
        row
        for day in opened.days()
        for f in [read_day(opened, day)]
        for row in zip(
            f.subject_id.tolist(), f.t_ms.tolist(), f.payload_hash.tolist(), f.lon_raw.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    with Ledger(opened) as ledger:
        alerts = [ledger.alert(a["id"])["versions"] for a in ledger.alerts()]
        return sorted(fixes), alerts, ledger.counters()


def test_a_scan_into_a_home_twice_adds_nothing(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    printed = call("scan", exercise_log, "--home", home, "--json", "--quiet")
    once = known(home)
    assert len(once[0]) > 1000
    assert [v[-1] for v in once[1] if not v[-1]["muted_by"]] == printed.rows
    again = call("scan", exercise_log, "--home", home, "--json")
    assert again.out == printed.out
    assert "differ" not in again.err
    assert known(home) == once


def test_a_changed_file_is_another_source(tmp_path: Path) -> None:
    path = tmp_path / "x.nmea"
    names = set()
    for text in (b"!AIVDM,1", b"!AIVDM,2", b"!AIVDM,2 and more"):
        path.write_bytes(text + gzip.decompress(LOTUS.read_bytes()))
        os.utime(path, ns=(1, 1))
        reading = Reading([str(path)], quiet=True)
        reading.prepare()
        names.add(source_name(reading.contents()))
    assert len(names) == 3
    moved = path.rename(tmp_path / "y.nmea")
    reading = Reading([str(moved)], quiet=True)
    reading.prepare()
    assert source_name(reading.contents()) in names


KILLED = """
import sys
import time
import sargas.cli.keeping as keeping
import sargas.cli.reading as reading
reading.PIPE_ROWS = 300
keeping.COMMIT_ROWS = 600
commit, done = keeping.Keeper.commit, 0
def slow(self):
    global done
    commit(self)
    done += 1
    print(done, flush=True)
    time.sleep(0.2)
keeping.Keeper.commit = slow
from sargas.cli.root import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("commits", [1, 3])
def test_killed_in_the_middle_and_run_again_is_as_if_undisturbed(
    call: Call, exercise_log: Path, tmp_path: Path, commits: int
) -> None:
    home, calm = tmp_path / "home", tmp_path / "calm"
    with exercise_log.open("rb") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", KILLED, "scan", "-", "--home", str(home), "--quiet"],
            stdin=log, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert running.stdout is not None
        for _ in range(commits):
            assert running.stdout.readline()
        running.send_signal(signal.SIGKILL)
        assert running.wait(30) == -signal.SIGKILL
        running.stdout.close()
    assert call("scan", exercise_log, "--home", calm, "--quiet").code == 0
    whole = known(calm)
    before = known(home)
    assert 0 < len(before[0]) < len(whole[0])
    assert call("scan", exercise_log, "--home", home, "--quiet").code == 0
    after = known(home)
    assert after[:2] == whole[:2]


# ---- decode --------------------------------------------------------------------------------------
NAMES = {
    "table", "t", "t_ms", "t_source", "mmsi", "msg_type", "repeat", "channel", "station",
    "station_name", "src_id", "src_offset", "arrival_seq", "quality", "payload_hash", "n_bits",
}  # fmt: skip
FIX_NAMES = {
    "lon_raw", "lat_raw", "sog_raw", "cog_raw", "heading_raw", "nav_status", "rot_raw", "second_s",
    "alt_m", "flags", "radio", "lon_deg", "lat_deg", "sog_kn", "cog_deg", "heading_deg",
}  # fmt: skip
STATIC_NAMES = {
    "part", "imo", "ship_type", "bow_m", "stern_m", "port_m", "starboard_m", "epfd", "eta_raw",
    "draught_raw", "ais_version", "dte", "mothership_mmsi", "vendor", "model", "serial", "callsign",
    "name", "destination",
}  # fmt: skip


@pytest.mark.parametrize("name", ["gpsd-sample.aivdm", "libais-typeexamples.nmea",
                                  "libais-tagblock.nmea", "pyais-mixed.nmea"])  # fmt: skip
def test_decode_prints_every_message_in_input_order(call: Call, name: str) -> None:
    decoder = AisDecoder()
    tables = decoder.feed((AIS / name).read_bytes())
    rest = decoder.finish()
    rows = call("decode", AIS / name, "--json", "--quiet").rows
    types = [*tables.messages.msg_type.tolist(), *rest.messages.msg_type.tolist()]
    assert [row["msg_type"] for row in rows] == types
    assert [row["arrival_seq"] for row in rows] == list(range(len(rows)))
    assert [row["mmsi"] for row in rows][: len(tables)] == tables.messages.mmsi.tolist()
    for row in rows:
        kind = row["table"]
        assert row.keys() >= NAMES
        if "fix" in kind:
            assert row.keys() >= FIX_NAMES
        if "static" in kind:
            assert row.keys() >= STATIC_NAMES
        if kind == "message":
            assert row.keys() >= {"dest_mmsi", "dac", "fid", "payload"}
            assert len(bytes.fromhex(row["payload"])) * 8 >= row["n_bits"] > 0


def test_decoded_rows_say_which_exercise_they_are_of(
    call: Call, exercise_log: Path, tmp_path: Path
) -> None:
    rows = call("decode", exercise_log, "--json", "--quiet").rows
    assert {row["exercise"] for row in rows} == {"eagle-s"}
    out = tmp_path / "x.parquet"
    assert call("decode", exercise_log, "--out", out, "--quiet").code == 0
    for path in (out, tmp_path / "x.static.parquet"):
        again = call("decode", path, "--json", "--quiet").rows
        assert {row["exercise"] for row in again} == {"eagle-s"}
    real = call("decode", LOTUS, "--json", "--quiet").rows
    assert {row["exercise"] for row in real} == {None}


def test_columns_written_are_named_and_belong_together(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    said = call("decode", LOTUS, "--out", out).err.splitlines()
    for path in (out, tmp_path / "x.static.parquet", tmp_path / "x.message.parquet"):
        n = pq.read_metadata(path).num_rows
        assert any(line.startswith(f"wrote     {path}: {n:,} ") for line in said)
    both = f"{out} {tmp_path / 'x.static.parquet'}"
    assert said[-1] == f"together  sargas scan {both}"
    alone = call("scan", out)
    assert alone.code == 0
    assert "names are in" in alone.err
    assert "names are in" not in call("scan", *both.split()).err
    for command in ("scan", "decode"):
        done = call(command, tmp_path / "x.message.parquet")
        assert done.code == 3
        assert f"index of messages, without positions. Give {out} and" in done.err


def test_an_interrupted_decode_says_that_nothing_was_written(tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    running = subprocess.Popen(
        [SARGAS, "decode", "-", "--out", out], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdin is not None
    running.stdin.write(gzip.decompress(LOTUS.read_bytes()))
    running.stdin.flush()
    wait_until_it_reads(running)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert f"nothing was written to {out}." in err.decode()
    assert not list(tmp_path.iterdir())


def test_decode_knows_every_type(call: Call) -> None:
    names = ("gpsd-sample.aivdm", "libais-typeexamples.nmea", "pyais-data-sample.nmea")
    rows = call("decode", *(AIS / name for name in names), "--json", "--quiet").rows
    assert {row["msg_type"] for row in rows} >= set(range(1, 28)) - {13, 26}
    assert {row["table"] for row in rows} == {"fix", "static", "fix+static", "message"}
    assert sorted({row["src_id"] for row in rows}) == [0, 1, 2]


def test_stations_are_named(call: Call, exercise_log: Path) -> None:
    rows = call("decode", exercise_log, "--json", "--quiet").rows
    named = {(row["station"], row["station_name"]) for row in rows}
    assert {name for _, name in named} == {f"EXERCISE-eagle-s.{k}" for k in (1, 2, 3)}
    assert len(named) == 3
    tagged = call("decode", AIS / "kystverket-tagblock-lines.nmea", "--json", "--quiet").rows
    assert "2573315" in {row["station_name"] for row in tagged}
    bare = call("decode", AIS / "dma-csv-real-rows.csv", "--json", "--quiet").rows
    assert {row["station_name"] for row in bare} == {None}


def test_tables_print_numbers_as_they_were_written(call: Call, drag_csv: Path) -> None:
    rows = call("decode", drag_csv, "--map", OWN_MAP, "--json", "--quiet").rows
    written = drag_csv.read_text().splitlines()[1:]
    assert len(rows) == len(written)
    for row, line in zip(rows[::97], written[::97], strict=True):
        mmsi, t, lon, lat, sog, cog, heading = line.split(",")
        assert (row["mmsi"], row["t"]) == (int(mmsi), t)
        assert abs(row["lon_deg"] - float(lon)) < 1e-6
        assert abs(row["lat_deg"] - float(lat)) < 1e-6
        assert (row["sog_kn"], row["cog_deg"]) == (float(sog), float(cog))
        assert row["heading_deg"] == (None if heading == "511" else float(heading))


def test_columns_written_are_read_again_the_same(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    sources = [DMA, AIS / "dma-csv-real-rows.csv", AIS / "noaa-legacy-2022-rows.csv"]
    assert call("decode", *sources, "--out", out, "--quiet").code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "x.message.parquet", "x.parquet", "x.static.parquet",
    ]  # fmt: skip
    fixes, statics = [], []
    for number, source in enumerate(sources):
        with open_feed(source, src_id=number) as feed:
            for batch in feed:
                fixes.append(batch.fixes)
                statics.append(batch.statics)
    for path, wanted, pick in (
        (out, Fixes.concat(fixes), "fixes"),
        (out.with_suffix(".static.parquet"), Statics.concat(statics), "statics"),
    ):
        with open_feed(path) as feed:
            assert feed.format == "sargas-parquet"
            read = [getattr(batch, pick) for batch in feed]
        assert type(wanted).concat(read) == wanted
    table = pq.read_table(out)
    assert {"mmsi", "repeat", "radio", "station_name", "lon_deg", "rot_deg_min"} <= set(
        table.column_names
    )
    assert table.column("mmsi").to_pylist() == Fixes.concat(fixes).subject_id.tolist()


def test_the_index_of_messages_points_at_the_rows_of_the_files(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    names = ("gpsd-sample.aivdm", "libais-typeexamples.nmea", "pyais-mixed.nmea")
    assert call("decode", *(AIS / name for name in names), "--out", out, "--quiet").code == 0
    index = pq.read_table(out.with_suffix(".message.parquet"))
    fixes = pq.read_table(out)
    statics = pq.read_table(out.with_suffix(".static.parquet"))
    column = {name: index.column(name).to_numpy() for name in
              ("table", "row", "static_row", "payload_hash", "mmsi")}  # fmt: skip
    has_fix, has_static = column["table"] & 1 > 0, column["table"] & 2 > 0
    both = has_fix & has_static
    for wanted, at, table in (
        (has_fix, column["row"], fixes),
        (has_static & ~has_fix, column["row"], statics),
        (both, column["static_row"], statics),
    ):
        there = table.column("payload_hash").to_numpy()[at[wanted]]
        assert np.array_equal(there, column["payload_hash"][wanted])
    assert int(has_fix.sum()) == len(fixes)
    assert int(has_static.sum()) == len(statics)
    assert both.any()
    # A run over tables has no messages: the index of the run before would point at other rows.
    assert call("decode", AIS / "dma-csv-real-rows.csv", "--out", out, "--quiet").code == 0
    assert not out.with_suffix(".message.parquet").exists()


def test_decode_without_an_option_prints_counts_only(call: Call) -> None:
    done = call("decode", LOTUS)
    assert (done.code, done.out) == (0, "")
    assert "counted" in done.err


# ---- demo and exercises --------------------------------------------------------------------------
def test_exercises_are_listed(call: Call) -> None:
    rows = call("exercise", "list", "--json").rows
    assert "eagle-s" in {row["name"] for row in rows}
    assert "eagle-s" in call("exercise", "list").out
    assert load_scenario("eagle-s").title in call("exercise", "list").out


def test_the_scenario_of_these_tests_is_the_shipped_one(scenario: Scenario) -> None:
    assert scenario.vessel == load_scenario("eagle-s").vessel


def test_an_export_is_as_long_as_it_says(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "x.nmea"
    [row] = call("exercise", "export", "eagle-s", "--out", out, "--json", "--quiet").rows
    again = call("exercise", "export", "eagle-s", "--out", out)
    assert again.code == 2
    assert "--force" in again.err
    assert row == {"exercise": "eagle-s", "file": str(out), "bytes": out.stat().st_size}


def test_however_many_files_none_has_the_number_of_a_live_feed(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName\n"
        "230000000,2024-12-25T10:00:00,59.9,25.0,9.0,90.0,90.0,X\n"
    )
    reading = Reading([str(path)] * (FIRST_FEED + 2), quiet=True)
    numbers = [int(n) for batch, _ in reading.batches() for n in batch.fixes.src_id]
    assert len(numbers) == FIRST_FEED + 2
    assert sorted(set(numbers)) == list(range(FIRST_FEED))
