"""The clock of reception: no step of the system's clock moves it, and a lasting one is followed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from sargas.cli.live import clock as clock_module
from sargas.cli.live.clock import DOUBT_NS, ReceptionClock, steady_ns

SECOND, HOUR_S = 1_000_000_000, 3600
DOUBT_S = DOUBT_NS // SECOND


@dataclass
class Machine:
    """A machine whose clock is set by hand; `reads` holds (true s, time of reception in s)."""

    wall: int = 1_000_000 * SECOND
    steady: int = 77 * SECOND
    true: int = 1_000_000 * SECOND
    reads: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = ReceptionClock(lambda: self.wall, lambda: self.steady)

    def set_by(self, seconds: float) -> None:
        """Step the system's clock."""
        self.wall += int(seconds * SECOND)

    def run(self, seconds: float, every_s: float = 0.25, drift: float = 0.0) -> float:
        """Let time pass and read the clock again and again; gives the last time read, in s."""
        now_s = 0.0
        for _ in range(round(seconds / every_s)):
            step = int(every_s * SECOND)
            self.true += step
            self.steady += step
            self.wall += int(step * (1 + drift))
            now_s = self.clock.now_ms() / 1000
            self.reads.append((self.true / SECOND, now_s))
        return now_s

    def sleep(self, seconds: float, *, is_counted: bool) -> None:
        """Suspend the machine; not every clock that is never set counts that."""
        passed = int(seconds * SECOND)
        self.true += passed
        self.wall += passed
        self.steady += passed if is_counted else 0

    @property
    def error_s(self) -> float:
        """How far ahead of the truth the last reading was."""
        true_s, now_s = self.reads[-1]
        return now_s - true_s

    def paces(self) -> list[float]:
        """How fast the clock ran between readings."""
        return [
            (b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(self.reads, self.reads[1:], strict=False)
        ]


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 5, -5, 366 * 86_400])
def test_a_step_that_is_taken_back_moves_nothing(step_s):
    machine = Machine()
    machine.run(30)
    machine.set_by(step_s)
    machine.run(6)
    machine.set_by(-step_s)
    machine.run(600)
    assert all(abs(now_s - true_s) < 0.01 for true_s, now_s in machine.reads)


def test_a_step_forward_that_lasts_is_followed_after_a_minute_and_not_before():
    machine = Machine()
    machine.run(30)
    machine.set_by(HOUR_S)
    machine.run(DOUBT_S - 1)
    assert machine.error_s == pytest.approx(0, abs=0.01)
    machine.run(3)
    assert machine.error_s == pytest.approx(HOUR_S, abs=0.01)
    machine.run(600)
    assert machine.error_s == pytest.approx(HOUR_S, abs=0.01)


def test_of_two_steps_forward_that_is_followed_which_has_lasted():
    machine = Machine()
    machine.set_by(10)
    machine.run(40)
    machine.set_by(HOUR_S)
    machine.run(30)
    assert machine.error_s == pytest.approx(10, abs=0.01)
    machine.set_by(-HOUR_S)
    machine.run(300)
    assert machine.error_s == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("step_s", [2, 60, HOUR_S])
def test_a_step_back_that_lasts_is_given_back_within_twice_its_length(step_s):
    machine = Machine()
    machine.run(30)
    machine.set_by(-step_s)
    machine.run(DOUBT_S - 1)
    assert machine.error_s == pytest.approx(0, abs=0.01)
    machine.run(2 * step_s + 3)
    assert machine.error_s == pytest.approx(-step_s, abs=0.01)
    assert min(machine.paces()) >= 0.49  # reports without a time of their own stay apart
    machine.run(60)
    assert machine.error_s == pytest.approx(-step_s, abs=0.01)


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
@pytest.mark.parametrize("age_s", [5, 30, 55])
@pytest.mark.parametrize("drift", [1e-6, -1e-6])
def test_a_tiny_lead_of_before_is_no_minute_of_doubt(step_s, age_s, drift):
    """A quartz is never exact: it has led or trailed by some microseconds for most of a minute."""
    machine = Machine()
    machine.run(age_s, drift=drift)
    machine.set_by(step_s)
    machine.run(DOUBT_S - 1, drift=drift)
    assert machine.error_s == pytest.approx(0, abs=0.01)
    machine.run(DOUBT_S + 2 + (2 * HOUR_S if step_s < 0 else 0), drift=drift)
    assert machine.error_s == pytest.approx(step_s, abs=0.05)


def test_read_seldom_it_never_goes_back_either():
    machine = Machine()
    machine.run(600, every_s=300)
    machine.set_by(-HOUR_S)
    machine.run(4 * HOUR_S, every_s=300)
    assert machine.error_s == pytest.approx(-HOUR_S, abs=0.01)
    assert min(machine.paces()) >= 0.49


@pytest.mark.parametrize("drift", [1e-4, -1e-4])
def test_a_drift_is_followed(drift):
    """As of a machine whose clock is disciplined by a time server and whose quartz is not."""
    machine = Machine()
    machine.run(6 * HOUR_S, every_s=1.0, drift=drift)
    behind_s = (machine.wall - machine.true) / SECOND - machine.error_s
    assert abs(behind_s) <= abs(drift) * 2 * DOUBT_S + 0.01
    assert abs(machine.error_s) > 2  # it is the system's clock that is followed
    assert min(machine.paces()) >= 0.49


def test_a_machine_that_slept_is_right_at_once_where_the_steady_clock_counts_it():
    machine = Machine()
    machine.run(30)
    machine.sleep(8 * HOUR_S, is_counted=True)
    machine.run(0.25)
    assert machine.error_s == pytest.approx(0, abs=0.01)


def test_and_within_a_minute_where_it_does_not():
    machine = Machine()
    machine.run(30)
    machine.sleep(8 * HOUR_S, is_counted=False)
    machine.run(DOUBT_S + 1)
    assert machine.error_s == pytest.approx(0, abs=0.01)


def test_the_steady_clock_is_the_one_that_counts_sleep(monkeypatch):
    if hasattr(time, "CLOCK_BOOTTIME"):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        assert before <= steady_ns() <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 12_345, raising=False)  # this kernel has it not
    assert clock_module._best_steady() is time.monotonic_ns
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert clock_module._best_steady() is time.monotonic_ns


def test_by_the_machines_own_clocks_it_tells_the_time():
    before_ms = time.time_ns() // 1_000_000
    clock = ReceptionClock()
    read_ms = [clock.now_ms() for _ in range(1000)]
    after_ms = time.time_ns() // 1_000_000
    assert read_ms == sorted(read_ms)
    assert before_ms - 5 <= read_ms[0] <= read_ms[-1] <= after_ms + 5
