"""Running an exercise: minute after minute of AIS sentences."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from sargas.errors import InputError, StoreError, UsageError
from sargas.exercise.backdrop import FIRST_MMSI, REPORT, Fleet, load_fleet, sail_minute
from sargas.exercise.encode import LINE, static_sentences, write_positions
from sargas.exercise.path import Path
from sargas.exercise.scenario import Scenario, ScenarioVessel
from sargas.model.time import MINUTE_MS, iso

STATIC_EVERY_MIN = 6
BACKDROP_STATIC_EVERY_MIN = 60


@dataclass(frozen=True)
class Minute:
    """One minute of an exercise.

    Attributes:
        t_ms: its first moment, UTC.
        sentences: AIS sentences with tag blocks, one a line.
    """

    t_ms: int
    sentences: bytes


def run(scenario: Scenario) -> Iterator[Minute]:
    r"""Play a scenario from its start to its end; the same scenario gives the same bytes.

    Example:
        >>> from sargas.exercise.scenario import load_scenario
        >>> first = next(run(load_scenario("eagle-s")))
        >>> first.sentences[:21]
        b'\\s:EXERCISE-eagle-s.1'
    """
    start_s = scenario.start_ms // 1000
    fleets, next_mmsi = [], FIRST_MMSI
    for k, backdrop in enumerate(scenario.backdrop):
        fleets.append(load_fleet(backdrop, start_s, next_mmsi, scenario.seed + k))
        next_mmsi += len(fleets[-1].ships)
    for v in scenario.vessel:
        if FIRST_MMSI <= v.mmsi < next_mmsi:
            raise InputError(
                f"{v.name}: the MMSI {v.mmsi} is that of a ship of the backdrop.",
                where=scenario.name,
                hint=f"Those of the backdrop are {FIRST_MMSI} to {next_mmsi - 1}.",
            )
    laid_in = [_vessel_reports(v, scenario) for v in scenario.vessel]
    for t_ms in range(scenario.start_ms, scenario.end_ms, MINUTE_MS):
        minute = (t_ms - scenario.start_ms) // MINUTE_MS
        until_s = t_ms // 1000 + 60
        said = _statics(scenario, fleets, minute, t_ms // 1000)
        parts = [_between(r, t_ms // 1000, until_s) for r in laid_in]
        for fleet in fleets:
            parts += [_between(fleet.real, t_ms // 1000, until_s), sail_minute(fleet, until_s)]
        rows = np.concatenate(parts) if parts else np.zeros(0, REPORT)
        rows = rows[np.lexsort((rows["copy"], rows["mmsi"], rows["t_s"]))]
        yield Minute(t_ms, said + sentences(rows, scenario.station))


def sentences(rows: NDArray[np.void], station: str) -> bytes:
    """Write reports as AIS sentences.

    Args:
        rows: (n,) `REPORT`.
        station: the station's name.
    """
    name = np.frombuffer(station.encode(), np.uint8).copy()
    out = np.empty(len(rows) * (LINE + len(name)) + 1, np.uint8)
    c = {column: np.ascontiguousarray(rows[column]) for column in REPORT.names or ()}
    n = write_positions(
        c["t_s"], c["class_b"], c["mmsi"], c["status"], c["sog"], c["lon"], c["lat"], c["cog"],
        c["heading"], c["copy"], name, np.empty(168, np.uint8), out,
    )  # fmt: skip
    return out[:n].tobytes()


def _between(rows: NDArray[np.void], from_s: int, until_s: int) -> NDArray[np.void]:
    """Pick the rows of a span; they are in order of time."""
    a, b = np.searchsorted(rows["t_s"], (from_s, until_s))
    return rows[a:b]


def _vessel_reports(vessel: ScenarioVessel, scenario: Scenario) -> NDArray[np.void]:
    """Give every report of a vessel laid in: noise, loss and copies drawn from the seed."""
    rng = np.random.default_rng((scenario.seed, vessel.mmsi))
    path = Path(vessel.waypoints)
    t_s = np.arange(np.ceil(path.t_s[0]), path.t_s[-1], vessel.every_s).round()
    t_s = t_s[rng.random(len(t_s)) >= vessel.loss]
    sailed = path.at(t_s)
    n = len(t_s)
    sog = np.clip(sailed.sog_kn + rng.normal(0, vessel.sog_noise_kn, n), 0, 102.1)
    cog = sailed.cog_deg + rng.normal(0, vessel.cog_noise_deg, n)
    rows = np.zeros(n, dtype=REPORT)
    rows["t_s"], rows["mmsi"], rows["status"] = t_s, vessel.mmsi, vessel.nav_status
    rows["lon"], rows["lat"] = np.round(sailed.lon * 6e5), np.round(sailed.lat * 6e5)
    rows["sog"], rows["cog"] = np.round(sog * 10), np.round(cog * 10) % 3600
    rows["heading"] = np.round(sailed.cog_deg + sailed.heading_off_deg) % 360
    copies = []
    for k in range(vessel.copies):
        heard = rows[rng.random(n) < 0.8] if k else rows
        copy = heard.copy()
        copy["copy"] = k
        copies.append(copy)
    out = np.concatenate(copies)
    return out[np.argsort(out["t_s"], kind="stable")]


def _statics(scenario: Scenario, fleets: list[Fleet], minute: int, t_s: int) -> bytes:
    """Write the statics that are due in a minute."""
    out = []
    if minute % STATIC_EVERY_MIN == 0:
        for k, v in enumerate(scenario.vessel):
            out.append(
                static_sentences(
                    t_s, v.mmsi, scenario.station, name=v.name, imo=v.imo, callsign=v.callsign,
                    ship_type=v.ship_type, length_m=v.length_m, beam_m=v.beam_m,
                    draught_dm=round(v.draught_m * 10), destination=v.destination, group=k,
                )
            )  # fmt: skip
    if minute % BACKDROP_STATIC_EVERY_MIN == 0:
        for fleet in fleets:
            out.extend(_backdrop_statics(fleet, scenario, t_s))
    return b"".join(out)


def _backdrop_statics(fleet: Fleet, scenario: Scenario, t_s: int) -> Iterator[bytes]:
    """Write the statics of a fleet: made-up names, real type and size."""
    for k, ship in enumerate(fleet.ships):
        yield static_sentences(
            t_s + k % 60, int(ship["mmsi"]), scenario.station,
            name=f"SIM {int(ship['mmsi']) - FIRST_MMSI + 1:05d}",
            ship_type=int(ship["ship_type"]), length_m=int(ship["length_m"]),
            beam_m=int(ship["beam_m"]), class_b=bool(ship["class_b"]), group=k,
        )  # fmt: skip


def export(
    scenario: Scenario, out: FilePath, progress: Callable[[int, int], None] | None = None
) -> int:
    """Write a whole exercise as an NMEA log that every command reads.

    Args:
        scenario: what to play.
        out: `.nmea` or `.nmea.gz`; it appears whole or not at all.
        progress: called with minutes written and minutes in all.

    Returns:
        Bytes written before compression.

    Raises:
        UsageError: another ending.
        StoreError: the file cannot be written.
    """
    if not out.name.endswith((".nmea", ".nmea.gz")):
        raise UsageError(f"'{out}' ends in neither .nmea nor .nmea.gz.")
    part = out.with_name(out.name + ".part")
    total = (scenario.end_ms - scenario.start_ms) // MINUTE_MS
    written = 0
    try:
        with part.open("wb") as raw:
            # A fixed time in the gzip head: the same scenario gives the same bytes.
            zipped = gzip.GzipFile("", "wb", 6, raw, mtime=0) if out.name.endswith(".gz") else None
            file = zipped or raw
            written += file.write(_header(scenario))
            for k, minute in enumerate(run(scenario)):
                written += file.write(minute.sentences)
                if progress is not None:
                    progress(k + 1, total)
            if zipped is not None:
                zipped.close()
        os.replace(part, out)
    except OSError as error:
        raise StoreError(
            f"The exercise cannot be written: {error.strerror}.",
            where=str(out),
            hint="Choose a directory with room that you may write to.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return written


def _header(scenario: Scenario) -> bytes:
    """Say at the top of a file what it is."""
    lines = (
        f"EXERCISE {scenario.name}: {scenario.title}",
        scenario.note,
        f"seed {scenario.seed}, {iso(scenario.start_ms)} to {iso(scenario.end_ms)}",
        "Danish sample: Danish Maritime Authority. Finnish sample: Fintraffic / digitraffic.fi, "
        "CC BY 4.0.",
    )
    # In one line each, whatever a title holds: what follows a line end would be read as data.
    return "".join(f"# {' '.join(line.split())}\n" for line in lines).encode()
