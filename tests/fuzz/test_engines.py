"""The engines find what is there to be found: errors, broken laws, hangs, crashes, memory."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys

import pytest
from fuzz.seeds import ROOT
from fuzz.target import LINES, Target, demand
from fuzz.targets import TARGETS, shares

from fuzz import mutate, rows, sentences, volume, watching
from sargas.errors import InputError

LOG = b"one,1,a\ntwo,2,b\nthree,3,c\n"


def target(run, **more):
    return Target("made", run, (), lambda: [LOG], **more)


def test_the_same_seed_gives_the_same_inputs_and_another_gives_others():
    for name in ("ais-sentences", "dma-csv", "assets-geojson", "journal"):
        first, again, other = (
            [d for d, _ in itertools.islice(volume.documents(TARGETS[name], seed), 3)]
            for seed in (1, 1, 2)
        )
        assert first == again
        assert first != other


def test_half_of_the_sentences_have_the_right_checksum():
    draw = random.Random(1)
    pool = [b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\r\n"]
    made = [sentences.sentence(draw, pool) for _ in range(4000)]
    bodies = [sentences.split(line)[1] for line in made]
    whole = [b for b in bodies if b[:1] == b"!" and b[-3:-2] == b"*" and b.count(b"*") == 1]
    right = [b for b in whole if b == sentences.checked(b)]
    assert 0.4 < len(right) / len(whole) < 0.85
    assert len(set(made)) > 2500


def test_what_raises_is_a_finding_and_what_is_refused_is_none():
    def run(data):
        if data.count(b",") % 2:
            raise InputError("odd")
        if b"two" not in data:
            raise KeyError("two")

    tally = volume.run(target(run), 500, seed=1)
    assert tally.inputs == 500
    assert tally.refused > 20
    (finding,) = tally.findings.values()
    assert finding.what == "KeyError('two')"
    assert b"two" not in finding.data


def test_a_broken_law_is_a_finding():
    tally = volume.run(target(lambda data: demand(b"\0" not in data, "no zero")), 2000, seed=1)
    assert [f.place.partition(" ")[0] for f in tally.findings.values()] == ["BrokenLawError"]


def test_of_a_thousand_lines_the_one_that_hurts_is_left():
    def run(data):
        for line in data.splitlines():
            if line.startswith(b"two") and line.endswith(b"a"):
                raise IndexError

    one = target(run, kind=LINES, line=rows.row)
    (finding,) = volume.run(one, 3000, seed=1).findings.values()
    assert finding.data.count(b"\n") <= 1
    assert finding.data.startswith(b"two")


def test_mutations_stay_bounded():
    draw = random.Random(3)
    seeds = [b"[1, 2]", b"x" * 1000]
    made = [mutate.mutate(draw, seeds, is_text=True) for _ in range(3000)]
    assert max(map(len, made)) <= 4 * mutate.MOST_BYTES
    assert len(set(made)) > 2000


def test_a_budget_is_parted_over_all_targets():
    part = shares(list(TARGETS), 10_000_000)
    assert part.keys() == TARGETS.keys()
    assert abs(sum(part.values()) - 10_000_000) < len(part)
    assert all(part.values())


FAKE = """
import os, sys, time
from fuzz import targets, worker
from fuzz.target import Target
def run(data):
    if len(data) % 7 == 3: {does}
targets.TARGETS["fake"] = Target("fake", run, (), lambda: [b"seed" * 5])
sys.exit(worker.main())
"""


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("os.kill(os.getpid(), 11)", "the process ended with -11"),
        ("exec('while True: pass')", "no answer in 1 s of CPU"),
        ("bytearray(8 << 30)", "MemoryError()"),
    ],
)
def test_a_crash_a_hang_and_a_bomb_are_found_with_their_input(tmp_path, monkeypatch, does, said):
    """The worker is real, with a target of its own put in."""
    (tmp_path / "fake.py").write_text(FAKE.format(does=does))
    start = subprocess.Popen

    def with_target(command, **options):
        name, *rest = command[3:]
        return start([command[0], str(tmp_path / "fake.py"), name, *rest], **options)

    monkeypatch.setattr(watching.subprocess, "Popen", with_target)
    monkeypatch.setattr(watching, "HANG_S", 1.0)
    monkeypatch.setattr(watching, "CRASHES_MOST", 1)
    done = watching.Done("fake")
    watching.watched(done, 3000, seed=1)
    assert said in [f.what for f in done.findings]
    finding = next(f for f in done.findings if f.what == said)
    assert len(finding.data) % 7 == 3
    watching.write(done.findings, tmp_path / "out")
    assert (tmp_path / "out" / "fake" / finding.name).read_bytes() == finding.data


def test_the_command_prints_a_line_a_target_and_the_total(tmp_path):
    env = {
        **os.environ, "FUZZ_INPUTS": "60", "FUZZ_SECONDS": "0", "FUZZ_TARGETS": "time column-map",
        "FUZZ_OUT": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "fuzz"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[1].split()[:2] == ["time", "30"]
    assert "total: 60 inputs by volume (0 of them lines)" in done.stdout
    env["FUZZ_TARGETS"] = "nothing"
    done = subprocess.run(
        [sys.executable, "-m", "fuzz"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "There is no target nothing" in done.stdout
