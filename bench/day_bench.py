"""A whole archive day: `sargas scan` against what DuckDB needs to read the same columns.

The day is generated in the shape of a Danish archive file (26 columns): 15 million rows of 3,000
vessels, 5 % of them late, one in ten a copy, simulated from a fixed seed. Both sides run as whole
processes; CPU seconds are user and system of the process and its children.

Run: .venv/bin/python -m bench.day_bench [--rows 15000000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

VESSELS = 3_000
GOAL_CPU, GOAL_GB = 2.0, 2.0
HEAD = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D"
)
READ = """
SELECT count(*), sum(epoch_ms(t)), sum(MMSI), sum(Latitude), sum(Longitude), sum(SOG), sum(COG),
       sum(Heading), count(DISTINCT "Navigational status"), count(DISTINCT Name), sum(Width),
       sum(Length), count(DISTINCT "Ship type"), count(DISTINCT IMO), count(DISTINCT Callsign),
       count(DISTINCT Destination)
FROM (SELECT strptime("# Timestamp", '%d/%m/%Y %H:%M:%S') AS t, * FROM read_csv($file,
      header=true, columns={{columns}}, auto_detect=false))
"""


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=15_000_000)
    parser.add_argument("--duckdb", type=Path, help="read this file with DuckDB, in this process")
    parser.add_argument("--generate", type=Path, help="only write the day to this file")
    parser.add_argument("--keep", type=Path, help="folder that keeps the generated day")
    args = parser.parse_args()
    if args.generate:
        generate(args.generate, args.rows)
        return 0
    if args.duckdb:
        print(json.dumps(read_with_duckdb(args.duckdb)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        place = args.keep or Path(folder)
        file = place / f"day-{args.rows}.csv"
        if not file.exists():
            # In a process of its own: a child's peak memory begins at its parent's.
            subprocess.run(
                [sys.executable, "-m", "bench.day_bench", "--rows", str(args.rows),
                 "--generate", str(file)], check=True,
            )  # fmt: skip
        compare(file, args.rows)
    return 0


def generate(file: Path, rows: int, hours: int = 24) -> None:
    """Write some hours of the day: ships out and back on straight legs, in order of arrival."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(20241225)
    vessel = rng.integers(0, VESSELS, rows)
    t = np.sort(rng.integers(0, hours * 3600, rows))
    copy = np.flatnonzero(rng.random(rows) < 0.1)
    copy = copy[copy > 0]
    vessel[copy], t[copy] = vessel[copy - 1], t[copy - 1]
    late = rng.random(rows) < 0.05
    arrival = np.argsort(t + late * rng.exponential(40, rows), kind="stable")
    vessel, t = vessel[arrival], t[arrival]
    speed = np.where(rng.random(VESSELS) < 0.4, 0.1, rng.uniform(6, 18, VESSELS))
    west, south = rng.uniform(10.5, 16.0, VESSELS), rng.uniform(54.2, 57.8, VESSELS)
    # Out and back along one parallel: never further than a ship of that speed gets in six hours.
    phase = (t / 21_600.0 + rng.random(VESSELS)[vessel]) % 2.0
    out = np.where(phase < 1.0, phase, 2.0 - phase)
    lon = west[vessel] + out * speed[vessel] * 6 / 60 / np.cos(np.radians(56.0))
    sog = np.round(np.clip(speed[vessel] + rng.normal(0, 0.1, rows), 0, 30), 1)
    cog = np.where(phase < 1.0, 90.0, 270.0)
    table = pa.table(
        {
            "v": pa.array(vessel.astype(np.int32)),
            "t": pa.array(t.astype(np.int32)),
            "lat": pa.array(np.round(south[vessel], 6)),
            "lon": pa.array(np.round(lon, 6)),
            "sog": pa.array(sog),
            "cog": pa.array(cog),
        }
    )
    db = duckdb.connect()
    db.register("made", table)
    db.execute(
        f"""COPY (SELECT strftime(make_timestamp((1735084800 + t)::BIGINT * 1000000),
              '%d/%m/%Y %H:%M:%S') AS "# Timestamp", 'Class A' AS "Type of mobile",
              210000000 + v AS MMSI, lat AS Latitude, lon AS Longitude,
              CASE WHEN v % 10 < 4 THEN 'Moored' ELSE 'Under way using engine' END
                AS "Navigational status",
              0.0 AS ROT, sog AS SOG, cog AS COG, cog::INT AS Heading, 9000000 + v AS IMO,
              'C' || v AS Callsign, 'MADE SHIP ' || v AS Name, 'Cargo' AS "Ship type",
              '' AS "Cargo type", 20 AS Width, 80 + v % 200 AS Length, 'GPS' AS
              "Type of position fixing device", 7.5 AS Draught, 'MADE PORT' AS Destination,
              '' AS ETA, 'AIS' AS "Data source type", 60 AS A, 20 + v % 200 AS B, 10 AS C, 10 AS D
            FROM made) TO '{file}' (HEADER, DELIMITER ',')"""
    )


def read_with_duckdb(file: Path) -> dict[str, float]:
    """Read the columns that a scan reads; one thread, as a scan has."""
    import duckdb

    names = [n for n in HEAD.split(",")]
    kinds = {
        "MMSI": "BIGINT", "Latitude": "DOUBLE", "Longitude": "DOUBLE", "ROT": "DOUBLE",
        "SOG": "DOUBLE", "COG": "DOUBLE", "Heading": "DOUBLE", "Width": "DOUBLE",
        "Length": "DOUBLE", "Draught": "DOUBLE",
    }  # fmt: skip
    columns = "{" + ", ".join(f"'{n}': '{kinds.get(n, 'VARCHAR')}'" for n in names) + "}"
    db = duckdb.connect(config={"threads": 1})
    row = db.execute(READ.replace("{{columns}}", columns), {"file": str(file)}).fetchone()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": row[0],
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_gb": usage.ru_maxrss / 1e6,
    }


def compare(file: Path, rows: int) -> None:
    """Run both sides and print the table."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.day_bench", "--duckdb", str(file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    duck = json.loads(done.stdout)
    sargas = Path(sys.executable).with_name("sargas")
    # Compile the kernels first: that happens once per installation.
    warm = [sys.executable, "-c", "from sargas.cli.warm import warm; warm(quiet=True)"]
    subprocess.run(warm, check=True)
    pid = os.posix_spawn(
        str(sargas), [str(sargas), "scan", str(file), "--json"], os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )  # fmt: skip
    _, status, usage = os.wait4(pid, 0)
    cpu_s, peak_gb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6
    size_gb = file.stat().st_size / 1e9
    print(f"A simulated day of {rows:,} rows, {size_gb:.2f} GB, {VESSELS:,} vessels")
    print(f"  DuckDB reads the columns      {duck['cpu_s']:8.1f} s CPU  {duck['peak_gb']:5.2f} GB")
    print(f"  sargas scan, everything       {cpu_s:8.1f} s CPU  {peak_gb:5.2f} GB  exit {status}")
    ratio = cpu_s / duck["cpu_s"]
    for name, value, goal in (("CPU, ratio", ratio, GOAL_CPU), ("memory, GB", peak_gb, GOAL_GB)):
        verdict = "reached" if value <= goal else "MISSED"
        print(f"  {name:<28}{value:>10.2f}   goal {goal}: {verdict}")


if __name__ == "__main__":
    raise SystemExit(main())
