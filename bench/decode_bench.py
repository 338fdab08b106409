"""How fast AIS logs become columns, against two decoders people use today.

Everything is stated as a ratio measured in one run, in CPU seconds (user and system) of one
thread, best of several; what each side dropped stands beside its rate. The log is the AISHub
sample 24 times over (2.04 million sentences), plain and with a tag block before each sentence.

aiscat (GPL-3.0) and pyais (MIT) are installed into an environment of their own under
bench/.cache: the project neither depends on them nor imports them.

Run: .venv/bin/python bench/decode_bench.py [--times 24] [--rounds 3]
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "tests" / "data" / "ais" / "aishub-3min-2012.nmea.gz"
PEERS = ROOT / "bench" / ".cache" / "decode-peers"
PACKAGES = ("aiscat", "pyais", "pyarrow")
CHUNK = 1 << 20
MANY_VALUED = frozenset(
    ("lon_raw", "lat_raw", "src_offset", "arrival_seq", "payload_hash", "radio")
)
GROWING = ("src_offset", "arrival_seq")
SAMPLE_MESSAGES = 82_752
"""Messages of the sample once, counted with an independent decoder."""


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=24, help="copies of the sample")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--peer", choices=("aiscat", "pyais", "aiscat-parquet"))
    parser.add_argument("--log", type=Path)
    args = parser.parse_args()
    if args.peer:
        print(json.dumps(run_peer(args.peer, args.log, args.rounds)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), args.times, args.rounds)


def compare(folder: Path, times: int, rounds: int) -> int:
    """Decode the logs with each side and print rates, drops and ratios."""
    once = b"".join(
        line for line in gzip.decompress(SAMPLE.read_bytes()).splitlines(True) if line[:1] != b"#"
    )
    plain, tagged, few = folder / "plain.nmea", folder / "tagged.nmea", folder / "few.nmea"
    plain.write_bytes(once * times)
    tagged.write_bytes(with_tags(once) * times)
    few.write_bytes(once * max(1, times // 12))
    ours = {
        "columns": run_ours(plain, rounds),
        "columns, tagged": run_ours(tagged, rounds),
        "zstd Parquet": run_ours_parquet(plain, folder / "out", rounds),
    }
    peers: dict[str, dict[str, float]] = {}
    python = peer_python()
    if python:
        for name, peer, log in (
            ("aiscat", "aiscat", plain),
            ("aiscat, tagged", "aiscat", tagged),
            ("aiscat-parquet", "aiscat-parquet", plain),
            ("pyais", "pyais", few),
        ):
            peers[name] = ask_peer(python, peer, log, 1 if peer == "pyais" else rounds)
    report(ours, peers)
    return 0


def with_tags(log: bytes) -> bytes:
    """Put a tag block with station and time before every sentence."""
    text = b"s:2573315,c:1331722800"
    xor = 0
    for byte in text:
        xor ^= byte
    block = b"\\" + text + b"*%02X\\" % xor
    return b"".join(block + line for line in log.splitlines(True))


def best_of(rounds: int, work) -> tuple[float, int]:
    """Return the least CPU seconds of several runs, and the number of messages."""
    best, n = float("inf"), 0
    for _ in range(rounds):
        start = time.process_time()
        n = work()
        best = min(best, time.process_time() - start)
    return best, n


def result(cpu_s: float, n: int, expected: int) -> dict[str, float]:
    """Return what is printed of one measurement."""
    return {"cpu_s": cpu_s, "messages": n, "dropped": expected - n, "rate": n / cpu_s}


def expected_messages(log: Path) -> int:
    """Return how many messages the log holds, by the number of its copies."""
    with log.open("rb") as file:
        sentences = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b""))
    return SAMPLE_MESSAGES * sentences // 85_182


# ---- our side -----------------------------------------------------------------------------------
def pieces(log: Path):
    """Yield the file in pieces."""
    with log.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def run_ours(log: Path, rounds: int) -> dict[str, float]:
    """File to the columns of all three tables."""
    from sargas.decode import AisDecoder, warm

    warm()

    def work() -> int:
        dec = AisDecoder()
        n = sum(len(dec.feed(piece).messages) for piece in pieces(log))
        return n + len(dec.finish().messages)

    return result(*best_of(3 * rounds, work), expected_messages(log))


def run_ours_parquet(log: Path, out: Path, rounds: int) -> dict[str, float]:
    """File to zstd Parquet: all fix columns and all static columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sargas.decode import AisDecoder

    def work() -> int:
        dec = AisDecoder()
        parts = [dec.feed(piece) for piece in pieces(log)]
        parts.append(dec.finish())
        for name in ("fixes", "static"):
            table = pa.concat_tables([getattr(p, name).to_arrow(units=False) for p in parts])
            # A dictionary of values that hardly repeat costs more than it saves.
            few = [c for c in table.column_names if c not in MANY_VALUED]
            codecs = {c: "none" if c == "payload_hash" else "zstd" for c in table.column_names}
            pq.write_table(
                table,
                f"{out}-{name}",
                compression=codecs,
                use_dictionary=few,
                column_encoding=dict.fromkeys(GROWING, "DELTA_BINARY_PACKED"),
            )
        return sum(len(part) for part in parts)

    return result(*best_of(3 * rounds, work), expected_messages(log))


# ---- the peers ----------------------------------------------------------------------------------
def peer_python() -> Path | None:
    """Return the interpreter of the peers' environment; make it if need be."""
    python = PEERS / "bin" / "python"
    check = [str(python), "-c", "import aiscat, pyais, pyarrow"]
    if python.exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
        return python
    print("Installing the peers into bench/.cache ...", file=sys.stderr)
    venv.create(PEERS, with_pip=True, clear=True)
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(
            "The peers cannot be installed, so there is nothing to compare with:\n"
            + done.stderr.strip()[-500:],
            file=sys.stderr,
        )
        return None
    return python


def ask_peer(python: Path, peer: str, log: Path, rounds: int) -> dict[str, float]:
    """Run one peer in its own environment."""
    done = subprocess.run(
        [str(python), __file__, "--peer", peer, "--log", str(log), "--rounds", str(rounds)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def run_peer(peer: str, log: Path, rounds: int) -> dict[str, float]:
    """Measure a peer; runs inside the peers' environment."""
    work = {"aiscat": aiscat_table, "aiscat-parquet": aiscat_parquet, "pyais": pyais_objects}[peer]
    return result(*best_of(rounds, lambda: work(log)), expected_messages(log))


def aiscat_columns(log: Path):
    """File to an Arrow table of six columns by way of lists."""
    import aiscat
    import pyarrow as pa

    names = ("mmsi", "type", "lon", "lat", "speed", "course")
    columns: list[list] = [[] for _ in names]
    dec = aiscat.Decoder()
    for piece in pieces(log):
        dec.feed(piece)
        while (message := dec.next()) is not None:
            for column, name in zip(columns, names, strict=True):
                column.append(message.get(name))
    return pa.table(dict(zip(names, columns, strict=True)))


def aiscat_table(log: Path) -> int:
    """Number of messages that aiscat puts into a table."""
    return aiscat_columns(log).num_rows


def aiscat_parquet(log: Path) -> int:
    """The same, written as zstd Parquet."""
    import pyarrow.parquet as pq

    table = aiscat_columns(log)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(table, f"{folder}/peer.parquet", compression="zstd")
    return table.num_rows


def pyais_objects(log: Path) -> int:
    """Number of messages that pyais makes objects of."""
    from pyais.stream import FileReaderStream

    n = 0
    for sentence in FileReaderStream(str(log)):
        try:
            sentence.decode()
        except Exception:
            continue
        n += 1
    return n


# ---- the table ----------------------------------------------------------------------------------
def report(ours: dict[str, dict[str, float]], peers: dict[str, dict[str, float]]) -> None:
    """Print rates, drops and ratios."""
    row = "{:<34}{:>12}{:>12}{:>10}{:>9}"
    print(row.format("CPU, one thread", "k msg/s", "messages", "dropped", "CPU s"))
    for name, r in {**{f"sargas: {k}": v for k, v in ours.items()}, **peers}.items():
        print(
            row.format(
                name,
                f"{r['rate'] / 1e3:,.0f}",
                f"{r['messages']:,.0f}",
                f"{r['dropped']:,.0f}",
                f"{r['cpu_s']:.2f}",
            )
        )
    if not peers:
        return
    pairs = (
        ("columns", "aiscat", 10, "columns, plain / aiscat to Arrow (6 columns)"),
        ("columns, tagged", "aiscat, tagged", 10, "columns, tagged / aiscat to Arrow (6 columns)"),
        ("columns", "pyais", 40, "columns, plain / pyais"),
        ("zstd Parquet", "aiscat-parquet", 5, "zstd Parquet / aiscat + pyarrow (6 columns)"),
    )
    print()
    for mine, peer, goal, name in pairs:
        ratio = ours[mine]["rate"] / peers[peer]["rate"]
        verdict = "reached" if ratio >= goal else "MISSED"
        print(f"{name:<52}{ratio:>8.1f} x   goal {goal} x: {verdict}")


if __name__ == "__main__":
    raise SystemExit(main())
