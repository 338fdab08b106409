"""Injection into real columns: a vessel that was heard is made to drag from a moment on.

The vessel goes on along its own real track, later than it did: its way is re-timed so that
positions, speed over ground and course tell one story. It is heard at the moments at which it was
really heard, so that a receiver's losses stay, less those reports that a ship of the new, lower
speed does not send (ITU-R M.1371-5). Everything else in the batch stays as it is.

What it cannot do: the track after the moment must be in the batch; a ship that really slowed or
turned into port after it will do so too, later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sargas.errors import InputError
from sargas.exercise.sea.hear import interval_s
from sargas.exercise.truth import CONTROL, Staged
from sargas.model.fixes import HEADING_NONE, PER_DEGREE, SOG_OVERFLOW, Batch, Fixes
from sargas.model.geodesy import DEG, KN_MS, metres_per_degree


@dataclass(frozen=True)
class Drag:
    """What is done to a vessel.

    Attributes:
        loss: share of speed lost; 0 makes a control twin, in which nothing changes.
        ramp_min: minutes until it is lost in full.
        minutes: how long the drag lasts, the ramp included; speed comes back within 10 minutes.
        pull_deg: heading pulled to one side, negative to port.
        hunt_deg, hunt_s: standard deviation and period of course hunting; 0 for none.
    """

    loss: float
    ramp_min: float = 8.0
    minutes: float = 240.0
    pull_deg: float = 0.0
    hunt_deg: float = 0.0
    hunt_s: float = 150.0


BACK_S = 600.0


def inject(batch: Batch, mmsi: int, t0_ms: int, drag: Drag) -> tuple[Batch, Staged]:
    """Make one vessel of a batch drag.

    Args:
        batch: rows in any order; not changed.
        mmsi: whose rows. t0_ms: start of the ramp, ms UTC.
        drag: what is done.

    Returns:
        (the batch with that vessel's rows changed, in order of time, what was staged).

    Raises:
        InputError: the vessel has fewer than two positions after `t0_ms`, or none before.
    """
    fixes = batch.fixes
    mine = (fixes.subject_id == mmsi) & (fixes.domain == 0) & fixes.has_position
    after = mine & (fixes.t_ms >= t0_ms)
    if after.sum() < 2 or not (mine & (fixes.t_ms < t0_ms)).any():
        raise InputError(
            f"The vessel {mmsi} is not heard on both sides of the moment.",
            hint="Choose a vessel and a moment in the midst of its track.",
        )
    track = fixes.take(np.flatnonzero(mine)[np.argsort(fixes.t_ms[mine], kind="stable")])
    staged = _told(track, mmsi, t0_ms, drag)
    if drag.loss <= 0.0:
        return batch, staged
    rows = np.flatnonzero(after)
    rows = rows[np.argsort(fixes.t_ms[rows], kind="stable")]
    changed = _changed(fixes.take(rows), track, t0_ms, drag)
    out = Fixes.concat([fixes.take(~after), changed])
    return Batch(out.take(np.argsort(out.t_ms, kind="stable")), batch.statics), staged


def _told(track: Fixes, mmsi: int, t0_ms: int, drag: Drag) -> Staged:
    """Say what is staged."""
    lon, lat = (float(np.interp(t0_ms, track.t_ms, x)) for x in (track.lon_deg, track.lat_deg))
    end_ms = min(int(t0_ms + drag.minutes * 60_000), int(track.t_ms[-1]))
    kind = "drag_onset" if drag.loss > 0.0 else CONTROL
    hunting = "hunting" if drag.hunt_deg > 0.0 else "no hunting"
    stratum = {"speed_loss": f"{drag.loss:.2f}", "hunting": hunting}
    return Staged(kind, mmsi, t0_ms, end_ms, lon, lat, stratum, "laid into a real track")


def weight(t_s: NDArray[np.float64], drag: Drag) -> NDArray[np.float64]:
    """Give how much of a drag is in force, 0 to 1, `t_s` seconds after its start."""
    rising = t_s / max(1.0, drag.ramp_min * 60.0)
    falling = 1.0 - (t_s - drag.minutes * 60.0) / BACK_S
    out: NDArray[np.float64] = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    return out


def _changed(rows: Fixes, track: Fixes, t0_ms: int, drag: Drag) -> Fixes:
    """Re-time a vessel's reports.

    Args:
        rows: its reports from the start on, in order of time. track: all its reports.
        t0_ms: the start. drag: what is done.
    """
    t_s = (rows.t_ms - t0_ms) / 1000.0
    # The moment of the real track at which the vessel was where it is now: way made good, second
    # by second, at the share of speed that is left.
    fine = np.arange(0.0, t_s[-1] + 1.0)
    share = 1.0 - drag.loss * weight(fine, drag)
    gone = np.concatenate([[0.0], np.cumsum(0.5 * (share[1:] + share[:-1]))])
    real_ms = t0_ms + 1000.0 * np.interp(t_s, fine, gone)
    left = 1.0 - drag.loss * weight(t_s, drag)
    lon, lat = (np.interp(real_ms, track.t_ms, x) for x in (track.lon_deg, track.lat_deg))
    speed = _between(track.sog_kn, track.t_ms, real_ms) * left
    course = np.degrees(np.unwrap(np.radians(_filled(track.cog_deg))))
    course = np.interp(real_ms, track.t_ms, course)
    off, aside = _hunting(t_s, speed, drag)
    scale = np.array([metres_per_degree(x) for x in lat])
    lon += aside * np.cos(course * DEG) / scale[:, 0]
    lat -= aside * np.sin(course * DEG) / scale[:, 1]
    heading = rows.heading_deg - rows.cog_deg + course + 0.8 * off
    heading = np.round(heading + drag.pull_deg * weight(t_s, drag)) % 360.0
    sent = rows.sog_raw < SOG_OVERFLOW
    sog = np.where(sent & ~np.isnan(speed), np.round(np.nan_to_num(speed) * 10.0), rows.sog_raw)
    cog = np.where(rows.cog_raw < 3600, np.round((course + off) * 10.0) % 3600, rows.cog_raw)
    keep = _still_sent(rows, speed)
    columns = rows.columns() | {
        "lon_raw": np.round(lon * PER_DEGREE).astype(np.int32),
        "lat_raw": np.round(lat * PER_DEGREE).astype(np.int32),
        "sog_raw": sog.astype(np.uint16), "cog_raw": cog.astype(np.uint16),
        "heading_raw": np.where(
            np.isnan(heading), HEADING_NONE, np.nan_to_num(heading)
        ).astype(np.uint16),
    }  # fmt: skip
    return Fixes(**columns).take(keep)


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace unknown values by the last known one, or the first where there is none before."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.zeros_like(values)
    at = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(at, 0)]]


def _between(
    values: NDArray[np.float64], t_ms: NDArray[np.int64], at_ms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate the known values; NaN where none is known at all."""
    known = ~np.isnan(values)
    if not known.any():
        return np.full(len(at_ms), np.nan)
    out: NDArray[np.float64] = np.interp(at_ms, t_ms[known], values[known])
    return out


def _hunting(
    t_s: NDArray[np.float64], speed_kn: NDArray[np.float64], drag: Drag
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the course off its way in degrees, and the place aside of it in metres."""
    rate = 2.0 * np.pi / drag.hunt_s
    amp = drag.hunt_deg * np.sqrt(2.0) * weight(t_s, drag)
    aside = np.nan_to_num(speed_kn) * KN_MS * amp * DEG / rate * np.sin(rate * t_s)
    return amp * np.cos(rate * t_s), aside


def _still_sent(rows: Fixes, speed_kn: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which reports a ship of the new speed sends.

    Only where the new speed has a longer interval than the old one are reports left out.
    """
    keep = np.ones(len(rows), bool)
    last_ms = int(rows.t_ms[0])
    for i in range(1, len(rows)):
        class_b = int(rows.msg_type[i]) in (18, 19)
        before = interval_s(class_b, float(np.nan_to_num(rows.sog_kn[i])), False, False)
        now = interval_s(class_b, float(np.nan_to_num(speed_kn[i])), False, False)
        copy = rows.payload_hash[i] == rows.payload_hash[i - 1]
        if now > before and rows.t_ms[i] - last_ms < 900.0 * now and not copy:
            keep[i] = False
            continue
        if copy:
            keep[i] = keep[i - 1]
        else:
            last_ms = int(rows.t_ms[i])
    return keep
