"""What the watch costs a fix, and that the interpreted kernels give the same alerts.

The fixes are those of the shipped exercise: 1,800 ships for nine hours over all shipped assets,
real at first and then simulated. Costs are nanoseconds of CPU a fix on one core, and multiples of
what the interpreted twin needs on a part of the same fixes.

Run: .venv/bin/python -m bench.watch_bench [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict

GOAL_NS = 300
TWIN_MINUTES = 150
"""The twin folds the first minutes of the exercise's own vessels, enough for its alerts."""


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--twin", action="store_true", help="fold the part and print JSON")
    args = parser.parse_args()
    if args.twin:
        print(json.dumps(fold_part()))
        return 0
    stages, fixes = measure(args.rounds)
    compiled, interpreted = twin(interpreted=False), twin(interpreted=True)
    report(stages, fixes, compiled, interpreted)
    return 0


def load():
    """Give the exercise as one batch, decoded."""
    from sargas.cli.playing import play
    from sargas.exercise.scenario import load_scenario
    from sargas.model.fixes import Batch, Fixes, Statics

    parts = [batch for _, batch in play(load_scenario("eagle-s"))]
    return Batch(Fixes.concat([p.fixes for p in parts]), Statics.concat([p.statics for p in parts]))


def new_watch():
    """Give a watch over everything shipped."""
    from sargas.reference import shipped_assets, shipped_geography
    from sargas.watch.fold import Watch

    return Watch(shipped_assets(), shipped_geography(), exercise="eagle-s")


def measure(rounds: int) -> tuple[dict[str, float], int]:
    """Fold the exercise several times; give the least CPU seconds of each stage."""
    from sargas.watch.warm import warm

    warm()
    batch = load()
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


def fold_part() -> dict:
    """Fold part of the exercise; give its CPU seconds and a digest of the alerts."""
    import msgspec
    import numpy as np

    from sargas.cli.playing import play
    from sargas.exercise.scenario import load_scenario
    from sargas.model.fixes import Batch, Fixes, Statics

    whole = load_scenario("eagle-s")
    part = msgspec.structs.replace(whole, backdrop=[], end="2024-12-25T13:30:00Z")
    batches = [b for _, b in play(part)]
    batch = Batch(
        Fixes.concat([b.fixes for b in batches]), Statics.concat([b.statics for b in batches])
    )
    # Every tenth fix of the two vessels laid in: the twin is some hundred times slower.
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


def report(stages: dict[str, float], fixes: int, compiled: dict, interpreted: dict) -> None:
    """Print the table."""
    print(f"The watch on {fixes:,} fixes of the exercise (real, then simulated), one core")
    inside = 0.0
    for stage, seconds in sorted(stages.items(), key=lambda item: -item[1]):
        ns = seconds / fixes * 1e9
        print(f"  {stage:<28}{ns:>8.0f} ns a fix")
        inside += seconds if stage not in ("all", "order") else 0.0
    watch_ns = inside / fixes * 1e9
    verdict = "reached" if watch_ns <= GOAL_NS else "MISSED"
    print(f"clean + locate + detectors{watch_ns:>12.0f} ns a fix   goal {GOAL_NS}: {verdict}")
    per = interpreted["cpu_s"] / interpreted["fixes"] * 1e9
    equal = interpreted["digest"] == compiled["digest"]
    print(f"interpreted twin{per:>22,.0f} ns a fix, {per / watch_ns:,.0f} times the above;")
    print(
        f"  on {interpreted['fixes']:,} fixes it gives "
        f"{'the same' if equal else 'OTHER'} {interpreted['alerts']} alert versions, byte for byte"
    )


if __name__ == "__main__":
    raise SystemExit(main())
