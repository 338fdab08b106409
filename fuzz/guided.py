"""Led by coverage: atheris watches which lines of sargas an input reaches.

The kernels run as plain Python meanwhile (`NUMBA_DISABLE_JIT`), so that it sees into them; the
compiled ones are fed by volume. atheris ends its process at the first finding of a target.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.seeds import ROOT
from fuzz.volume import Finding

HANG_S = 60
MEMORY_MB = 3000
SLACK_S = 300
"""Beyond its time a process gets so long to start and to end."""


@dataclass
class Guided:
    """What was done with a target under atheris."""

    name: str
    inputs: int = 0
    took_s: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def is_installed() -> bool:
    """Tell whether atheris is here; it comes as a wheel for Linux alone."""
    return importlib.util.find_spec("atheris") is not None


def guide(name: str, seconds: int, seed: int) -> Guided:
    """Run a target under atheris for a time, in a process of its own."""
    done = Guided(name)
    with tempfile.TemporaryDirectory(prefix="sargas-fuzz-") as folder:
        where = Path(folder)
        env = {
            **os.environ, "NUMBA_DISABLE_JIT": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }  # fmt: skip
        command = [
            sys.executable, "-m", "fuzz.guided", name, str(where / "corpus"),
            f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={HANG_S}",
            f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={where}/found-", "-max_len=20000",
            "-print_final_stats=1",
        ]  # fmt: skip
        begun = time.monotonic()
        child = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            output, _ = child.communicate(timeout=seconds + SLACK_S)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        done.took_s = time.monotonic() - begun
        text = output.decode("utf-8", "replace")
        count = re.findall(r"number_of_executed_units: (\d+)|^#(\d+)\b", text, re.MULTILINE)
        done.inputs = max((int(a or b) for a, b in count), default=0)
        for file in sorted(where.glob("found-*")):
            what = next((x for x in text.splitlines() if "Error" in x or "ERROR" in x), file.name)
            data = file.read_bytes()
            done.findings.append(Finding(name, what.strip()[:200], file.name, data, text[-8000:]))
        if child.returncode and not done.findings:
            what = f"the process ended with {child.returncode}"
            done.findings.append(Finding(name, what, what, b"", text[-8000:]))
    return done


def main() -> None:
    """Run in the child: NAME CORPUS and options of libFuzzer."""
    import atheris

    name, corpus = sys.argv[1], Path(sys.argv[2])
    with atheris.instrument_imports(include=["sargas"]):
        from fuzz.targets import TARGETS
        from fuzz.volume import seeds_of
        from sargas.errors import SargasError

        target = TARGETS[name]
        seeds = [seed[:20_000] for seed in seeds_of(target)]
        for seed in seeds:  # what is imported late is watched, too
            run_once(target.run, seed, SargasError)
    corpus.mkdir()
    for k, seed in enumerate(seeds):
        # Interpreted kernels read a line in about a millisecond: short logs lead further.
        (corpus / f"seed-{k}").write_bytes(seed if target.line is None else head_of(seed))
    options = sys.argv[3:]
    if target.words:
        words = corpus.with_suffix(".words")
        quoted = ["".join(f"\\x{byte:02x}" for byte in word) for word in target.words if word]
        words.write_text("".join(f'"{word}"\n' for word in quoted))
        options.append(f"-dict={words}")

    def one(data: bytes) -> None:
        run_once(target.run, data, SargasError)

    atheris.Setup([sys.argv[0], str(corpus), *options], one)
    atheris.Fuzz()


def head_of(log: bytes) -> bytes:
    """Give the first lines of a log."""
    return b"".join(log.splitlines(keepends=True)[:8])


def run_once(run: object, data: bytes, refused: type[Exception]) -> None:
    """Run a target; what it refuses is no finding."""
    assert callable(run)
    try:
        run(data)
    except refused:
        return


if __name__ == "__main__":
    main()
