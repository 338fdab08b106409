"""What the watch costs a fix, and that the interpreted kernels give the same alerts.

Three kinds of traffic, all over every shipped asset: the real Danish five minutes; a simulated
archive day in the shape and density of a Danish one; the shipped exercise, whose ships report
seldom, so that the minutes of the clock weigh more. Costs are nanoseconds of CPU a fix on one core,
and multiples of what the interpreted twin needs on a part of the exercise.

Encounters are also measured alone, on 4,000 ships that are all slow and off the coast, 80 of them
in pairs: more than any sea holds.

Run: .venv/bin/python -m bench.watch_bench [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

GOAL_NS = 1000
GOAL_ENCOUNTERS_MS = 20
SAMPLE = "tests/data/ais/dma-5min-2013-11-12.nmea.gz"
OUTSIDE = ("all", "order")
"""What the goal does not speak of: the whole with its overhead, and the reorder buffer."""


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--twin", action="store_true", help="fold the part and print JSON")
    args = parser.parse_args()
    if args.twin:
        print(json.dumps(fold_part()))
        return 0
    from sargas.watch.warm import warm

    warm()
    tables = {name: measure(load(), args.rounds) for name, load in TRAFFIC.items()}
    report(tables, twin(interpreted=False), twin(interpreted=True))
    report_encounters(args.rounds)
    return 0


def joined(parts):
    """Give batches as one."""
    from sargas.model.fixes import Batch, Fixes, Statics

    return Batch(Fixes.concat([p.fixes for p in parts]), Statics.concat([p.statics for p in parts]))


def real_minutes():
    """Give the real Danish sample."""
    from sargas.feeds import open_feed

    with open_feed(SAMPLE) as feed:
        return joined(list(feed))


def made_day():
    """Give the first two hours of a simulated archive day of 15 million rows."""
    from bench.day_bench import generate
    from sargas.feeds import open_feed

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "day.csv"
        generate(file, 1_250_000, hours=2)
        with open_feed(file) as feed:
            return joined(list(feed))


def exercise():
    """Give the exercise, decoded."""
    from sargas.cli.playing import play
    from sargas.exercise.scenario import load_scenario

    return joined([batch for _, batch in play(load_scenario("eagle-s"))])


TRAFFIC = {
    "real, 5 minutes": real_minutes,
    "simulated day": made_day,
    "exercise": exercise,
}


def new_watch():
    """Give a watch over everything shipped."""
    from sargas.reference import shipped_assets, shipped_geography
    from sargas.watch.fold import Watch

    return Watch(shipped_assets(), shipped_geography(), exercise="eagle-s")


def measure(batch, rounds: int) -> tuple[dict[str, float], int]:
    """Fold a batch several times; give the least CPU seconds of each stage, and the fixes."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        spent = fold_timed(batch)
        for stage, seconds in spent.items():
            best[stage] = min(best.get(stage, seconds), seconds)
    return best, len(batch.fixes)


def fold_timed(batch) -> dict[str, float]:
    """Fold a batch in pieces as a scan would, timing the stages."""
    from sargas.watch import fold as fold_module

    spent: dict[str, float] = defaultdict(float)
    watch = new_watch()

    def timed(name, function):
        def call(*args, **kwargs):
            start = time.process_time()
            out = function(*args, **kwargs)
            spent[name] += time.process_time() - start
            return out

        return call

    watch.order.push = timed("order", watch.order.push)
    watch.order.flush = timed("order", watch.order.flush)
    watch._clean_all = timed("clean", watch._clean_all)
    locate, fold_module.locate_rows = fold_module.locate_rows, None
    fold_module.locate_rows = timed("locate", locate)
    for detector in watch.detectors:
        detector.fold = timed(detector.word, detector.fold)
    watch.crossing_log.fold = timed("crossing log", watch.crossing_log.fold)
    start = time.process_time()
    try:
        for piece in batch.chunks(200_000):
            watch.push(piece)
        watch.flush()
    finally:
        fold_module.locate_rows = locate
    spent["all"] = time.process_time() - start
    return dict(spent)


def report_encounters(rounds: int) -> None:
    """Print what the encounters of 4,000 ships cost a minute of traffic."""
    import numpy as np

    from sargas.model.fixes import PER_DEGREE, Batch, Fixes, Statics
    from sargas.reference import shipped_assets, shipped_geography
    from sargas.watch.detect.encounter import Encounter
    from sargas.watch.fold import Watch

    ships, minutes = 4_000, 45
    rng = np.random.default_rng(14)
    lon, lat = rng.uniform(10, 30, ships), rng.uniform(54, 66, ships)
    lon[1:80:2], lat[1:80:2] = lon[0:80:2], lat[0:80:2] + 0.001
    n = ships * minutes
    fixes = Fixes.build(
        n, subject_id=np.tile(np.arange(ships) + 200_000_000, minutes),
        t_ms=np.repeat(np.arange(minutes), ships) * 60_000 + 1_000, msg_type=np.ones(n),
        lon_raw=np.tile(lon * PER_DEGREE, minutes), lat_raw=np.tile(lat * PER_DEGREE, minutes),
        sog_raw=np.full(n, 2), cog_raw=np.full(n, 900), heading_raw=np.full(n, 90),
        nav_status=np.zeros(n), payload_hash=np.arange(n),
    )  # fmt: skip
    best, alerts = float("inf"), 0
    for _ in range(rounds):
        watch = Watch(shipped_assets(), shipped_geography(), detectors=(Encounter,))
        (detector,) = watch.detectors
        detector.params = detector.params._replace(min_land_m=-1e9)
        fold, spent = detector.fold, 0.0

        def timed(minutes, fold=fold):
            nonlocal spent
            start = time.process_time()
            out = fold(minutes)
            spent += time.process_time() - start
            return out

        detector.fold = timed
        out = watch.push(Batch(fixes, Statics.empty()))
        alerts = len(out.alerts + watch.flush().alerts)
        best = min(best, spent / minutes * 1000)
    said = "reached" if best <= GOAL_ENCOUNTERS_MS else "MISSED"
    print(
        f"encounters of {ships:,} slow ships: {best:.2f} ms a minute of traffic, {alerts} alerts; "
        f"goal {GOAL_ENCOUNTERS_MS}: {said}"
    )


def fold_part() -> dict:
    """Fold part of the exercise; give its CPU seconds and a digest of the alerts."""
    import msgspec
    import numpy as np

    from sargas.cli.playing import play
    from sargas.exercise.scenario import load_scenario
    from sargas.model.fixes import Batch

    whole = load_scenario("eagle-s")
    part = msgspec.structs.replace(whole, backdrop=[], end="2024-12-25T13:30:00Z")
    batch = joined([b for _, b in play(part)])
    # Every fourth fix of the two vessels laid in: the twin is a thousand times slower.
    batch = Batch(batch.fixes.take(np.arange(0, len(batch.fixes), 4)), batch.statics)
    watch = new_watch()
    start = time.process_time()
    alerts = watch.push(batch).alerts + watch.flush().alerts
    cpu_s = time.process_time() - start
    text = "\n".join(a.to_json() for a in alerts)
    return {
        "cpu_s": cpu_s,
        "fixes": len(batch.fixes),
        "alerts": len(alerts),
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


def twin(*, interpreted: bool) -> dict:
    """Fold the part in a process of its own, compiled or interpreted."""
    env = dict(os.environ) | ({"NUMBA_DISABLE_JIT": "1"} if interpreted else {})
    command = [sys.executable, "-m", "bench.watch_bench", "--twin"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def report(tables: dict, compiled: dict, interpreted: dict) -> None:
    """Print the table."""
    print("CPU ns a fix, one core".ljust(30), *(name.rjust(18) for name in tables))
    stages = sorted(next(iter(tables.values()))[0], key=lambda s: (s in OUTSIDE, s))
    for stage in stages:
        cells = (f"{spent[stage] / n * 1e9:,.0f}".rjust(18) for spent, n in tables.values())
        print(f"  {stage}".ljust(30), *cells)
    sums = {
        name: sum(v for k, v in spent.items() if k not in OUTSIDE) / n * 1e9
        for name, (spent, n) in tables.items()
    }
    print("clean + locate + detectors".ljust(30), *(f"{ns:,.0f}".rjust(18) for ns in sums.values()))
    print(
        f"goal {GOAL_NS}".ljust(30),
        *(("reached" if ns <= GOAL_NS else "MISSED").rjust(18) for ns in sums.values()),
    )
    per = interpreted["cpu_s"] / interpreted["fixes"] * 1e9
    equal = "the same" if interpreted["digest"] == compiled["digest"] else "OTHER"
    print(f"interpreted twin: {per:,.0f} ns a fix, {per / sums['exercise']:,.0f} times as much;")
    print(
        f"  on {interpreted['fixes']:,} fixes it gives {equal} {interpreted['alerts']} "
        "alert versions, byte for byte"
    )


if __name__ == "__main__":
    raise SystemExit(main())
