"""What an archive remembers of single subjects: never other rows than a fresh one reads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sargas.errors import StoreError
from sargas.model.fixes import SEA, Statics
from sargas.model.time import DAY_MS
from sargas.store import Archive, Home, ShardWriter, compact, subject_rows
from sargas.store.memo import Memo
from sargas.store.merging import tidy
from tests.store.rows import T0_MS, make_fixes

NAMED = """
    WITH named AS (
        SELECT *, CASE domain WHEN 0 THEN lpad(subject_id::VARCHAR, 9, '0')
                              ELSE printf('%06x', subject_id) END AS number,
               imo::VARCHAR AS imo_text, lower(name) AS low_name, lower(callsign) AS low_call
        FROM read_parquet($files, hive_partitioning = false) WHERE t_ms <= $to_ms
    ), found AS (
        SELECT domain, subject_id, t_ms, least(
            CASE WHEN number = $text OR imo_text = $text OR low_name = $text OR low_call = $text
                 THEN 0 ELSE 2 END,
            CASE WHEN starts_with(number, $text) OR starts_with(low_name, $text)
                   OR starts_with(imo_text, $text) OR starts_with(low_call, $text)
                 THEN 1 ELSE 2 END) AS place
        FROM named
        WHERE contains(number, $text) OR contains(imo_text, $text)
           OR contains(low_name, $text) OR contains(low_call, $text)
    )
    SELECT domain, subject_id FROM found GROUP BY domain, subject_id
    ORDER BY min(place), max(t_ms) DESC, domain, subject_id LIMIT $limit"""
"""The question that a search is: what it finds in memory is what this finds on the disk."""

SAID = """
    SELECT domain, subject_id, max(t_ms) AS t_ms,
        arg_max(imo, (t_ms, payload_hash, station, imo)) FILTER (imo <> 0),
        arg_max(name, (t_ms, payload_hash, station, name)) FILTER (name <> ''),
        arg_max(callsign, (t_ms, payload_hash, station, callsign)) FILTER (callsign <> ''),
        arg_max(ship_type, (t_ms, payload_hash, station, ship_type)) FILTER (ship_type <> 0),
        arg_max(length_m, (t_ms, payload_hash, station, length_m)) FILTER (length_m <> 0),
        arg_max(beam_m, (t_ms, payload_hash, station, beam_m)) FILTER (beam_m <> 0),
        arg_max(draught_dm, (t_ms, payload_hash, station, draught_dm)) FILTER (draught_dm <> 0),
        arg_max(destination, (t_ms, payload_hash, station, destination))
            FILTER (destination <> ''),
        arg_max(eta_raw, (t_ms, payload_hash, station, eta_raw)) FILTER (eta_raw <> 0)
    FROM read_parquet($files, hive_partitioning = false)
    WHERE t_ms <= $to_ms
      AND list_contains($keys::UBIGINT[], domain::UBIGINT * 4294967296 + subject_id)
    GROUP BY domain, subject_id"""
"""Who vessels said they were, asked of the disk."""

VESSELS = [230_000_000 + k for k in range(6)]
LATE_MS = T0_MS + 3 * DAY_MS


def make_statics(n: int, seed: int) -> Statics:
    rng = np.random.default_rng(seed)
    return Statics.build(
        n, domain=rng.random(n) < 0.1, subject_id=rng.choice(VESSELS, n),
        t_ms=T0_MS + rng.integers(0, 30, n) * 3_600_000, callsign=rng.choice([b"", b"E9"], n),
        name=rng.choice(np.array([b"", b"EAGLE", b"\xc5LAND"]), n), imo=rng.choice([0, 9], n),
        draught_dm=rng.choice([0, 125], n), payload_hash=rng.integers(0, 3, n),
    )  # fmt: skip


def answers(archive: Archive) -> list:
    """Ask for all that is remembered, at several times and with several ends."""
    times = [T0_MS, T0_MS + 7 * 3_600_000, LATE_MS]
    out: list = [archive.vessels(text, 20, t_ms) for text in ("eagle", "2300000") for t_ms in times]
    for mmsi in [*VESSELS, 1]:
        for t_ms in times:
            track = archive.track(SEA, mmsi, t_ms - DAY_MS, t_ms)
            said = archive.statics_of(SEA, mmsi, t_ms)
            out += [archive.static_of(SEA, mmsi, t_ms)]
            out += [{k: v.tobytes() for k, v in rows.columns().items()} for rows in (track, said)]
    return out


def fresh(home: Home) -> list:
    with Archive(home) as archive:
        return answers(archive)


def asked(archive: Archive, text: str, limit: int, to_ms: int) -> list[tuple]:
    """What a search finds when DuckDB is asked, with what the vessels said."""
    values = {"text": text.strip().lower(), "limit": limit, "to_ms": to_ms}
    subjects = archive._ask(NAMED, "statics", -(2**62), to_ms, values)
    keys = {"keys": [domain << 32 | one for domain, one in subjects], "to_ms": to_ms}
    said = archive._ask(SAID, "statics", -(2**62), to_ms, keys)
    known = {row[:2]: row for row in said}
    return [known[subject] for subject in subjects]


def told(archive: Archive, text: str, limit: int, to_ms: int) -> list[tuple]:
    """What a search tells, as `asked` has it."""
    out = []
    for said in archive.vessels(text, limit, to_ms):
        row = {"sea": 0, "air": 1}[said["domain"]], said["mmsi"], said["t_ms"]
        draught = said["draught_m"]
        rest = (said[k] for k in ("imo", "name", "callsign", "ship_type", "length_m", "beam_m"))
        last = None if draught is None else round(draught * 10), said["destination"]
        out.append((*row, *rest, *last, said["eta_raw"]))
    return out


texts = st.one_of(
    st.sampled_from(["", "eagle", "E", "23", "230000001", "0", "9", "land", "\xc5land", "\u0100"]),
    st.text("aegl0923 \x00\xe5\xc5\u0100\u0130%_", max_size=4),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 60), st.integers(0, 2**32), st.lists(texts, min_size=1, max_size=4),
       st.integers(-1, 31), st.sampled_from([1, 3, 20]))  # fmt: skip
def test_a_search_in_memory_finds_what_duckdb_finds(tmp_path_factory, n, seed, words, hour, limit):
    home = Home(tmp_path_factory.mktemp("h") / "w[a]t*ch? 'x'")
    rows = make_statics(n, seed)
    with ShardWriter(home) as writer:
        for half in (slice(0, n // 2), slice(n // 2, n)):
            writer.append_statics(rows.take(half))
            writer.flush()
    with Archive(home) as archive:
        for to_ms in (T0_MS + hour * 3_600_000, LATE_MS, T0_MS + 7 * 3_600_000):
            for text in words:
                assert told(archive, text, limit, to_ms) == asked(archive, text, limit, to_ms)


@pytest.fixture(params=[0, 2_000_000], ids=["asked", "whole"])
def filled(home, request, monkeypatch):
    """A home whose files are asked for a subject as large ones are, or read whole."""
    monkeypatch.setattr(subject_rows, "WHOLE_BYTES", request.param)
    write(home, 1)
    return home


def write(home: Home, seed: int) -> None:
    with ShardWriter(home) as writer:
        writer.append(make_fixes(300, seed, vessels=6))
        writer.append_statics(make_statics(40, seed))


def test_answers_from_memory_are_those_from_disk(filled):
    """While rows come, files are merged and tidied, and rows are let go."""
    with Archive(filled) as archive:
        assert answers(archive) == fresh(filled)
        assert answers(archive) == fresh(filled)
        seen = []
        for seed in (2, 3, 4):
            write(filled, seed)
            assert answers(archive) == fresh(filled)
            seen.append(answers(archive))
        assert seen[0] != seen[1] != seen[2]
        tidy(filled, filled.days(), most_files=2)
        assert answers(archive) == fresh(filled) == seen[-1]
        for table in ("fixes", "statics"):
            for day in filled.days(table):
                compact(filled, day)
        assert answers(archive) == fresh(filled) == seen[-1]
        for path in sorted((filled.path / "fixes" / f"day={filled.days()[0]}").rglob("*.parquet")):
            path.unlink()
        assert answers(archive) == fresh(filled) != seen[-1]


def test_what_is_remembered_is_not_read_again(filled):
    with Archive(filled) as archive:
        first = archive.track(SEA, VESSELS[0], 0, LATE_MS), archive.static_of(SEA, VESSELS[0])
        archive._read_whole = archive._ask_for = None  # no file can be read any more
        again = archive.track(SEA, VESSELS[0], 0, LATE_MS), archive.static_of(SEA, VESSELS[0])
        assert again == first


def test_who_changes_an_answer_changes_only_theirs(filled):
    with Archive(filled) as archive:
        mmsi = next(m for m in VESSELS if len(archive.track(SEA, m, 0, LATE_MS)))
        archive.track(SEA, mmsi, 0, LATE_MS).lon_raw[:] = 1
        archive.statics_of(SEA, mmsi).imo[:] = 1
        assert answers(archive) == fresh(filled)


def test_memory_is_bounded_and_answers_stay(filled, monkeypatch):
    monkeypatch.setattr(subject_rows, "KEPT_BYTES", 60_000)
    for seed in (2, 3):
        write(filled, seed)
    with Archive(filled) as archive:
        for _ in range(2):
            assert answers(archive) == fresh(filled)
            assert 0 < archive._rows.bytes <= 60_000
        assert archive._rows.bytes == sum(size for _, size in archive._rows._kept.values())


def test_a_file_that_is_damaged_is_said_even_where_it_was_read_before(filled):
    with Archive(filled) as archive:
        mmsi = next(m for m in VESSELS if len(archive.track(SEA, m, 0, LATE_MS)))
        for path in (filled.path / "fixes").rglob("*.parquet"):
            path.write_bytes(b"PAR1 and then nothing of worth PAR1")
        with pytest.raises(StoreError, match=r"cannot answer|damaged"):
            archive.track(SEA, mmsi, 0, LATE_MS)


def test_threads_ask_while_rows_come(filled):
    """Each answer holds all that was written before it was asked for."""
    failed, stop = [], threading.Event()
    least = {m: 0 for m in VESSELS}

    def ask(archive: Archive) -> None:
        try:
            while not stop.is_set():
                before = dict(least)
                for mmsi in VESSELS:
                    found = archive.track(SEA, mmsi, 0, LATE_MS)
                    assert len(found) >= before[mmsi]
                    assert (np.diff(found.t_ms) >= 0).all()
        except BaseException as error:
            failed.append(error)

    with Archive(filled) as archive:
        asking = [threading.Thread(target=ask, args=(archive,)) for _ in range(2)]
        for thread in asking:
            thread.start()
        for seed in range(10, 13):
            write(filled, seed)
            with Archive(filled) as other:
                for mmsi in VESSELS:
                    least[mmsi] = len(other.track(SEA, mmsi, 0, LATE_MS))
            for day in filled.days():
                compact(filled, day)
        stop.set()
        for thread in asking:
            thread.join()
        assert failed == []
        assert answers(archive) == fresh(filled)


def test_equal_times_are_told_apart_by_payload_station_and_value(home):
    """What DuckDB was asked for before: of each field the last by (time, payload, station)."""
    rows = Statics.build(
        5, subject_id=[7] * 5, t_ms=[T0_MS] * 4 + [T0_MS + 1], payload_hash=[1, 9, 9, 9, 0],
        station=[9, 1, 2, 2, 5], name=[b"A", b"B", b"C", b"D", b""], imo=[5, 0, 0, 0, 0],
        draught_dm=[0, 0, 7, 3, 0],
    )  # fmt: skip
    with ShardWriter(home) as writer:
        writer.append_statics(rows)
    with Archive(home) as archive:
        found = archive.static_of(SEA, 7)
    assert found is not None
    assert (found["name"], found["imo"], found["draught_m"]) == ("D", 5, 0.7)
    assert (found["t_ms"], found["callsign"], found["length_m"]) == (T0_MS + 1, None, None)


def test_a_value_kept_again_counts_once_and_a_large_one_is_not_kept():
    memo = Memo[str](800)
    memo.keep("a", "x", 100)
    memo.keep("a", "y", 50)
    memo.keep("b", "too large", 101)
    assert (memo.get("a"), memo.get("b"), memo.bytes, len(memo)) == ("y", None, 50, 1)
