"""Scenario files: who sails where and when, over which backdrop. TOML, one file a scenario."""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from sargas.errors import InputError, NotFoundError, UsageError
from sargas.model.time import DAY_MS, parse_iso

STATION_PREFIX = "EXERCISE-"
"""Names of receiving stations begin so in every exercise."""
BACKDROP_CREDIT = ("Danish Maritime Authority", "Fintraffic / digitraffic.fi, CC BY 4.0")
"""Whom to credit for the traffic behind an exercise, wherever it is shown; see data/NOTICE.md."""


NAME = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
LONGEST_DAYS = 31
VESSEL_LIMITS = {
    "mmsi": (1, 999_999_999), "imo": (0, 2**30 - 1), "ship_type": (0, 255), "length_m": (0, 1022),
    "beam_m": (0, 126), "draught_m": (0.0, 25.5), "nav_status": (0, 15), "every_s": (1.0, 86_400.0),
    "loss": (0.0, 0.999), "copies": (1, 20), "sog_noise_kn": (0.0, 10.0),
    "cog_noise_deg": (0.0, 180.0),
}  # fmt: skip
"""What fits into AIS messages (ITU-R M.1371-5), or makes sense."""
WAYPOINT_LIMITS = {
    "lon": (-180.0, 180.0), "lat": (-89.0, 89.0), "sog_kn": (0.0, 102.2),
    "heading_off_deg": (-180.0, 180.0),
}  # fmt: skip
BACKDROP_LIMITS = {"still_every_s": (1.0, 86_400.0), "moving_every_s": (1.0, 86_400.0)}


class Waypoint(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where a vessel is at a time; speed is a wish, time and place are binding."""

    t: str
    lon: float
    lat: float
    sog_kn: float
    heading_off_deg: float = 0.0
    note: str = ""


class ScenarioVessel(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A vessel laid in by the scenario."""

    mmsi: int
    name: str
    waypoints: list[Waypoint]
    imo: int = 0
    callsign: str = ""
    ship_type: int = 0
    length_m: int = 0
    beam_m: int = 0
    draught_m: float = 0.0
    destination: str = ""
    nav_status: int = 0
    every_s: float = 10.0
    loss: float = 0.0
    copies: int = 1
    sog_noise_kn: float = 0.1
    cog_noise_deg: float = 1.0


class Backdrop(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A sample of real traffic that the scenario is laid over."""

    file: str
    kind: str
    still_every_s: float = 360.0
    moving_every_s: float = 30.0


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A whole exercise."""

    name: str
    title: str
    note: str
    seed: int
    start: str
    end: str
    vessel: list[ScenarioVessel]
    play_from: str | None = None
    backdrop: list[Backdrop] = []

    @property
    def start_ms(self) -> int:
        """First moment of the exercise, ms UTC."""
        return parse_iso(self.start)

    @property
    def end_ms(self) -> int:
        """Moment after the last, ms UTC."""
        return parse_iso(self.end)

    @property
    def play_from_ms(self) -> int:
        """Where a demonstration begins to play, ms UTC: shortly before something happens."""
        return parse_iso(self.play_from) if self.play_from else self.start_ms

    @property
    def station(self) -> str:
        """Name of the receiving station that marks every sentence."""
        return f"{STATION_PREFIX}{self.name}"


@dataclass(frozen=True)
class Listed:
    """A line of `sargas exercise list`."""

    name: str
    title: str
    start: str
    end: str
    vessels: int


def list_scenarios() -> list[Listed]:
    """List the shipped scenarios by name."""
    out = []
    for file in sorted(_folder().iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            s = load_scenario(file.name.removesuffix(".toml"))
            out.append(Listed(s.name, s.title, s.start, s.end, len(s.vessel)))
    return out


def load_scenario(name: str) -> Scenario:
    """Read a shipped scenario by name, or a user's by path (it must end in `.toml`).

    Raises:
        NotFoundError: no such scenario.
        InputError: the file does not say what a scenario must say.

    Example:
        >>> load_scenario("eagle-s").vessel[0].name
        'EAGLE S EXERCISE'
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise NotFoundError("There is no such scenario file.", where=name)
        return parse_scenario(path.read_bytes(), name)
    file = _folder().joinpath(f"{name}.toml")
    if not name.replace("-", "").isalnum() or not file.is_file():
        known = ", ".join(sorted(f.name[:-5] for f in _folder().iterdir() if ".toml" in f.name))
        raise NotFoundError(f"There is no scenario '{name}'.", hint=f"There are: {known}.")
    return parse_scenario(file.read_bytes(), name)


def parse_scenario(content: bytes, where: str) -> Scenario:
    """Read and check a scenario's text.

    Raises:
        InputError: it is not TOML, lacks something, its times do not run forward, or a number is
            out of its limits.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(content.decode()), Scenario)
    # A number of thousands of digits is a plain ValueError; so are the errors of TOML and UTF-8.
    except (ValueError, RecursionError) as error:
        raise InputError(f"This is not a scenario: {error}.", where=where) from error
    try:
        _check(scenario)
    except (InputError, UsageError) as error:
        raise InputError(error.what, where=where, hint=error.hint) from error
    return scenario


def _check(scenario: Scenario) -> None:
    """Refuse what cannot be sailed or written as AIS.

    Raises:
        InputError: what is wrong. UsageError: a time is.
    """
    if not NAME.fullmatch(scenario.name):
        raise InputError("The scenario's name has more than letters, digits and hyphens, or none.")
    if scenario.seed < 0:
        raise InputError("The seed is below 0.")
    _check_span("The scenario", scenario.start_ms, scenario.end_ms)
    if not scenario.start_ms <= scenario.play_from_ms < scenario.end_ms:
        raise InputError("The scenario is to be played from a time outside it.")
    for backdrop in scenario.backdrop:
        _check_limits(f"The backdrop {backdrop.file}", backdrop, BACKDROP_LIMITS)
    numbers = [vessel.mmsi for vessel in scenario.vessel]
    if len(set(numbers)) < len(numbers):
        raise InputError("Two vessels have one MMSI.")
    for vessel in scenario.vessel:
        _check_limits(vessel.name, vessel, VESSEL_LIMITS)
        if len(vessel.waypoints) < 2:
            raise InputError(f"{vessel.name} has fewer than two waypoints.")
        for waypoint in vessel.waypoints:
            _check_limits(f"A waypoint of {vessel.name}", waypoint, WAYPOINT_LIMITS)
        times = [parse_iso(w.t) for w in vessel.waypoints]
        if any(b <= a for a, b in itertools.pairwise(times)):
            raise InputError(f"The waypoints of {vessel.name} do not run forward.")
        _check_span(f"The way of {vessel.name}", times[0], times[-1])


def _check_span(what: str, from_ms: int, to_ms: int) -> None:
    """Refuse a span that is empty or would fill the memory."""
    if not 0 < to_ms - from_ms <= LONGEST_DAYS * DAY_MS:
        raise InputError(f"{what} ends before it starts, or lasts longer than {LONGEST_DAYS} days.")


def _check_limits(
    who: str, of: ScenarioVessel | Waypoint | Backdrop, limits: dict[str, tuple[float, float]]
) -> None:
    """Refuse a number that is out of its limits, or none at all."""
    for name, (low, high) in limits.items():
        value = getattr(of, name)
        if not low <= value <= high:
            raise InputError(f"{who}: {name} is {value}, wanted {low} to {high}.")


def _folder() -> Any:  # noqa: ANN401 - a Traversable
    """Give the folder of the shipped scenarios."""
    return resources.files("sargas.exercise").joinpath("scenarios")
