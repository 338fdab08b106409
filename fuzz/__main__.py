"""`make fuzz`: every target by volume, then those that coverage can lead under atheris.

FUZZ_INPUTS: inputs in all (10,000,000). FUZZ_SECONDS: of atheris, each target (20; 0 leaves it
out). FUZZ_SEED: of the chance (1). FUZZ_TARGETS: names, separated by blanks; all if empty.
FUZZ_OUT: folder for findings (fuzz/findings).

Exit code 1 where something was found. A finding is written to a file of its own, with its trace
beside it; Ctrl-C prints what was done so far.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from fuzz.guided import Guided, guide, is_installed
from fuzz.target import LINES
from fuzz.targets import TARGETS, shares
from fuzz.watching import Done, watched, write


def main() -> int:
    """Run what the environment asks for."""
    say = os.environ.get
    inputs, seconds = int(say("FUZZ_INPUTS", "10_000_000")), int(say("FUZZ_SECONDS", "20"))
    seed, names = int(say("FUZZ_SEED", "1")), say("FUZZ_TARGETS", "").split() or list(TARGETS)
    out = Path(say("FUZZ_OUT", "fuzz/findings"))
    if unknown := sorted(set(names) - TARGETS.keys()):
        print(f"There is no target {', '.join(unknown)}. There are: {', '.join(TARGETS)}.")
        return 2
    done: list[Done] = []
    led: list[Guided] = []
    begun = time.monotonic()
    stopped = False
    try:
        run_all(names, inputs, seed, seconds, out, done, led)
    except KeyboardInterrupt:
        stopped = True
    told(done, led, time.monotonic() - begun, out, stopped=stopped)
    if stopped:
        return 130
    return int(any(d.findings for d in done) or any(g.findings for g in led))


def run_all(
    names: list[str], inputs: int, seed: int, seconds: int, out: Path,
    done: list[Done], led: list[Guided],
) -> None:  # fmt: skip
    """Run the engines one after the other; what is done is added to the lists."""
    print(f"{'by volume':<22}{'inputs':>12}{'inputs/s':>12}{'taken':>9}{'refused':>9}  findings")
    part = shares(names, inputs)
    for name in names:
        one = Done(name)
        done.append(one)
        watched(one, part[name], seed)
        write(one.findings, out)
        of = "lines" if TARGETS[name].kind == LINES else ""
        print(
            f"{name:<22}{one.inputs:>12,}{one.inputs / max(one.took_s, 1e-9):>12,.0f}"
            f"{one.taken:>9,}{one.refused:>9,}  {len(one.findings)} {of}",
            flush=True,
        )
    if not seconds:
        return
    if not is_installed():
        print("atheris is not installed here: nothing is led by coverage.")
        return
    print(f"{'led by coverage':<22}{'inputs':>12}{'inputs/s':>12}  findings")
    for name in names:
        if TARGETS[name].guided:
            found = guide(name, seconds, seed)
            led.append(found)
            write(found.findings, out)
            rate = found.inputs / max(found.took_s, 1e-9)
            print(f"{name:<22}{found.inputs:>12,}{rate:>12,.0f}  {len(found.findings)}", flush=True)


def told(
    done: list[Done], led: list[Guided], took_s: float, out: Path, *, stopped: bool
) -> None:  # fmt: skip
    """Print the totals, and where the findings lie."""
    inputs, by_coverage = sum(d.inputs for d in done), sum(g.inputs for g in led)
    lines = sum(d.inputs for d in done if TARGETS[d.name].kind == LINES)
    findings = [f for d in done for f in d.findings] + [f for g in led for f in g.findings]
    for finding in findings:
        print(f"finding: {finding.target}: {finding.what} ({finding.place}) -> {finding.name}")
    print(
        f"total: {inputs:,} inputs by volume ({lines:,} of them lines), {by_coverage:,} led by "
        f"coverage; {len(findings)} findings; {took_s:,.0f} s"
        + (" (stopped before its end)" if stopped else "")
        + (f"; findings are in {out}" if findings else "")
    )


if __name__ == "__main__":
    sys.exit(main())
