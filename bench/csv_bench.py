"""CPU of reading a day of the Danish archive: the CSV kernels, and DuckDB alone on the same file.

Run: python bench/csv_bench.py [--rows N] [--vessels N] [--keep FILE]

The file is generated (seeded): 26 columns, rows in time order over a day, 5 % of them up to ten
minutes late, 10 % exact copies, statics in most rows as the archive joins them on. Both readers
take the same columns; DuckDB runs with one thread, explicit types and no sniffing, and gives
Arrow batches, so that each side ends with columns in memory. CPU seconds (user and system) of
the best of several runs, each side in turn in one process; ratios are what counts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

from sargas.feeds import open_feed

HEADER = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D"
)
DOUBLES = ("Latitude", "Longitude", "ROT", "SOG", "COG", "Width", "Length", "Draught")
USED = (
    "# Timestamp", "Type of mobile", "MMSI", "Latitude", "Longitude", "Navigational status", "ROT",
    "SOG", "COG", "Heading", "IMO", "Callsign", "Name", "Ship type", "Cargo type", "Width",
    "Length", "Draught", "Destination", "ETA",
)  # fmt: skip
DAY_S = 86_400


def statics_of(rng: np.random.Generator, vessels: int) -> list[tuple[str, str]]:
    """Make the two ends of each vessel's rows: kind and MMSI, and what stands behind heading."""
    types = ["Cargo", "Tanker", "Passenger", "Fishing", "Tug", "Pleasure", "Undefined"]
    out = []
    for i in range(vessels):
        mmsi = 205_000_000 + i * 151_337 % 500_000_000
        if rng.random() < 0.2:
            tail = "Unknown,Unknown,,Undefined,,,,Undefined,,Unknown,,AIS,,,,"
        else:
            length, width = int(rng.integers(12, 390)), int(rng.integers(4, 60))
            tail = (
                f"{9_000_000 + i},CS{i:05d},VESSEL NUMBER {i},{types[i % 7]},,{width},{length},GPS,"
                f"{rng.uniform(1, 20):.1f},PORT {i % 300},24/12/2024 18:00:00,AIS,"
                f"{length // 2},{length - length // 2},{width // 2},{width - width // 2}"
            )
        out.append((f"{'Class A' if i % 5 else 'Class B'},{mmsi}", tail))
    return out


def generate(path: Path, rows: int, vessels: int, seed: int = 20241224) -> None:
    """Write the file in pieces."""
    rng = np.random.default_rng(seed)
    ends = statics_of(rng, vessels)
    lon0, lat0 = rng.uniform(7, 16, vessels), rng.uniform(54, 58, vessels)
    piece = 100_000
    with path.open("w", newline="") as file:
        file.write(HEADER + "\n")
        for start in range(0, rows, piece):
            n = min(piece, rows - start)
            t = ((start + np.arange(n)) * DAY_S // rows).astype(int)
            late = rng.random(n) < 0.05
            t = np.maximum(t - late * rng.integers(1, 600, n), 0)
            vessel = rng.integers(0, vessels, n)
            lon = lon0[vessel] + 0.3 * np.sin(t / 9000 + vessel)
            lat = lat0[vessel] + 0.1 * np.cos(t / 7000 + vessel)
            sog, cog, rot = rng.uniform(0, 20, n), rng.uniform(0, 359.9, n), rng.uniform(-5, 5, n)
            copies = rng.random(n) < 0.1
            line = ""
            for i in range(n):
                if not (copies[i] and line):
                    front, tail = ends[vessel[i]]
                    s = t[i]
                    line = (
                        f"24/12/2024 {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d},{front},"
                        f"{lat[i]:.6f},{lon[i]:.6f},Under way using engine,{rot[i]:.1f},"
                        f"{sog[i]:.1f},{cog[i]:.1f},{int(cog[i])},{tail}\n"
                    )
                file.write(line)


def by_sargas(path: Path) -> int:
    """Read the file as a feed."""
    with open_feed(path) as feed:
        for _ in feed:
            pass
        assert feed.lines == feed.rows + 1
        return feed.rows


def by_duckdb(path: Path) -> int:
    """Read the same columns with DuckDB."""
    kinds = {name: "VARCHAR" for name in HEADER.split(",")}
    kinds |= dict.fromkeys(DOUBLES, "DOUBLE")
    kinds |= {"# Timestamp": "TIMESTAMP", "MMSI": "BIGINT"}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    wanted = ", ".join(f'"{name}"' for name in USED)
    with duckdb.connect() as db:
        db.execute("SET threads = 1")
        query = (
            f"SELECT {wanted} FROM read_csv('{path}', header = true, auto_detect = false, "
            "delim = ',', quote = '\"', escape = '\"', new_line = '\\n', "
            f"timestampformat = '%d/%m/%Y %H:%M:%S', columns = {{{columns}}})"
        )
        return sum(batch.num_rows for batch in db.sql(query).to_arrow_reader(131_072))


def cpu_s(work: Callable[[], int]) -> tuple[float, int]:
    """Run once; gives CPU seconds and rows."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    rows = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime), rows


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--vessels", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the file here and leave it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.keep or Path(folder) / "aisdk-2024-12-24.csv"
        started = time.process_time()
        generate(path, args.rows, args.vessels)
        mb = path.stat().st_size / 1e6
        print(
            f"file: {args.rows:,} rows, {mb:.0f} MB, made in {time.process_time() - started:.0f} s"
        )
        warm = Path(folder) / "warm.csv"
        generate(warm, 1000, 10)
        by_sargas(warm), by_duckdb(warm)
        best = {"sargas": 1e9, "duckdb": 1e9}
        for _ in range(args.runs):
            for name, work in (("sargas", by_sargas), ("duckdb", by_duckdb)):
                used, rows = cpu_s(lambda work=work: work(path))
                assert rows == args.rows, (name, rows)
                best[name] = min(best[name], used)
        for name, used in best.items():
            print(
                f"{name:7s} {used:6.2f} CPU s   {args.rows / used / 1e6:5.2f} M rows/s"
                f"   {mb / used:6.0f} MB/s"
            )
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"ratio duckdb / sargas: {best['duckdb'] / best['sargas']:.2f}")
        print(f"peak memory of the process, both readers: {peak_mb:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
