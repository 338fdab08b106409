"""Scenario files: who sails where and when, over which backdrop. TOML, one file a scenario."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from sargas.errors import InputError, NotFoundError
from sargas.model.time import parse_iso

STATION_PREFIX = "EXERCISE-"
"""Names of receiving stations begin so in every exercise."""


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
        InputError: it is not TOML, lacks something, or its times do not run forward.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(content.decode()), Scenario)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"This is not a scenario: {error}.", where=where) from error
    if scenario.start_ms >= scenario.end_ms:
        raise InputError("The scenario ends before it starts.", where=where)
    for vessel in scenario.vessel:
        _check(vessel, where)
    return scenario


def _check(vessel: ScenarioVessel, where: str) -> None:
    """Refuse a vessel whose waypoints cannot be sailed."""
    times = [parse_iso(w.t) for w in vessel.waypoints]
    if len(times) < 2:
        raise InputError(f"{vessel.name} has fewer than two waypoints.", where=where)
    if any(b <= a for a, b in itertools.pairwise(times)):
        raise InputError(f"The waypoints of {vessel.name} do not run forward.", where=where)
    if not 0 < vessel.mmsi < 1_000_000_000:
        raise InputError(f"{vessel.name} has no MMSI of nine digits.", where=where)
    if not 0.0 <= vessel.loss < 1.0 or vessel.every_s <= 0 or vessel.copies < 1:
        raise InputError(f"{vessel.name}: loss, every_s or copies is out of range.", where=where)


def _folder() -> Any:  # noqa: ANN401 - a Traversable
    """Give the folder of the shipped scenarios."""
    return resources.files("sargas.exercise").joinpath("scenarios")
