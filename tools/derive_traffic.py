"""Derive how large and how fast simulated ships are from the real samples in this repository.

Writes `src/sargas/exercise/data/traffic.toml`: quantiles, no ship's own values. Run it again
only when a sample changes; every simulated play changes with it.

The Danish sample says how steady reports are, the Finnish one what sails in winter, and the
world sample of 2012, the only one with types, lengths and speeds of many ships, how speed goes
with type and length.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from sargas.feeds import open_feed
from sargas.model.fixes import Batch, Fixes, Statics

ROOT = Path(__file__).parents[1]
AIS = ROOT / "tests" / "data" / "ais"
OUT = ROOT / "src" / "sargas" / "exercise" / "data" / "traffic.toml"
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
UNDER_WAY_KN = 6.0
KINDS = {
    "cargo": range(70, 80), "tanker": range(80, 90), "passenger": range(60, 70),
    "fishing": range(30, 31), "tug": (31, 32, 52), "dredger": range(33, 34), "pilot": range(50, 51),
}  # fmt: skip
LENGTHS_M = (0, 80, 120, 160, 200, 1000)
FEWEST = 12

HEAD = """# Simulated ships are drawn from these numbers, written by tools/derive_traffic.py.
# Quantiles at 5, 25, 50, 75 and 95 %. Sources: the world sample of 2012-03-14 (AISHub, as in
# gpsd, BSD-2-Clause) for length, beam and speed by type; the Danish sample of 2013-11-12 (Danish
# Maritime Authority) for noise and class B; the Finnish snapshot and pairs of 2025-12-11
# (Fintraffic / digitraffic.fi, CC BY 4.0) for types.
"""


def read(name: str, **options: object) -> Batch:
    """Read a sample whole."""
    with open_feed(AIS / name, **options) as feed:  # type: ignore[arg-type]
        parts = list(feed)
    return Batch(Fixes.concat([p.fixes for p in parts]), Statics.concat([p.statics for p in parts]))


def quantiles(values: np.ndarray, digits: int = 1) -> list[float]:
    """Give the quantiles as plain rounded numbers."""
    return [round(float(q), digits) for q in np.quantile(values, SHARES)]


def by_kind(batch: Batch) -> list[str]:
    """Give length, beam and speed by kind and length, from a sample with statics."""
    fixes, statics = batch.fixes, batch.statics
    ids, who = np.unique(fixes.subject_id, return_inverse=True)
    sog = np.full(len(ids), np.nan)
    sog[who] = fixes.sog_kn
    at = np.minimum(np.searchsorted(ids, statics.subject_id), len(ids) - 1)
    known = (ids[at] == statics.subject_id) & (statics.length_m > 8) & (statics.length_m < 400)
    _, first = np.unique(statics.subject_id[known], return_index=True)
    rows = np.flatnonzero(known)[first]
    speed = sog[at[rows]]
    length = statics.length_m[rows].astype(float)
    beam = statics.beam_m[rows].astype(float)
    out = []
    for kind, types in KINDS.items():
        mine = np.isin(statics.ship_type[rows], list(types))
        out += ["", f"[kind.{kind}]", f"ships = {int(mine.sum())}"]
        out += [f"length_m = {quantiles(length[mine], 0)}"]
        wide = mine & (beam > 3)
        out += [f"beam_share = {quantiles(beam[wide] / length[wide], 3)}"]
        out += [f"speed_kn = {quantiles(speed[mine & (speed >= 2.0)])}"]
        for low, high in itertools.pairwise(LENGTHS_M):
            part = mine & (length >= low) & (length < high) & (speed >= UNDER_WAY_KN)
            if part.sum() >= FEWEST:
                out += [
                    f"speed_from_{low}m_kn = {quantiles(speed[part])}  # {int(part.sum())} ships"
                ]
    return out


def steadiness(fixes: Fixes) -> list[str]:
    """Give what the Danish sample says of reports of ships under way."""
    fixes = fixes.take(np.isin(fixes.msg_type, (1, 2, 3, 18, 19)) & fixes.has_position)
    _, who = np.unique(fixes.subject_id, return_inverse=True)
    order = np.argsort(who, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(who[order])) + 1)
    sog_sd, cog_sd, beta, class_b, silent = [], [], [], [], []
    for run in runs:
        speeds = fixes.sog_kn[run]
        class_b.append(fixes.msg_type[run[0]] >= 18)
        if len(run) < 20 or np.isnan(speeds).all() or np.nanmedian(speeds) <= UNDER_WAY_KN:
            continue
        steps = np.diff(fixes.cog_deg[run])
        steps = (steps[np.isfinite(steps)] + 180.0) % 360.0 - 180.0
        if len(steps) < 10 or abs(steps.sum()) > 15.0:
            continue
        sog_sd.append(np.nanstd(speeds))
        cog_sd.append(np.std(steps) / np.sqrt(2.0))
        off = (fixes.heading_deg[run] - fixes.cog_deg[run] + 180.0) % 360.0 - 180.0
        silent.append(np.isnan(off).all())
        if np.isfinite(off).any():
            beta.append(np.nanmedian(off))
    return [
        "", "[noise]", f"ships = {len(sog_sd)}",
        f"sog_5min_sd_kn = {quantiles(np.array(sog_sd), 3)}",
        f"cog_step_sd_deg = {quantiles(np.array(cog_sd), 2)}",
        f"heading_off_deg = {quantiles(np.array(beta))}",
        f"no_heading_share = {np.mean(silent):.2f}",
        f"class_b_share = {np.mean(class_b):.2f}",
    ]  # fmt: skip


def winter(batch: Batch, live: Batch) -> list[str]:
    """Give which types the Finnish samples show live."""
    statics = batch.statics
    named = statics.take(np.isin(statics.subject_id, live.fixes.subject_id))
    out = ["", "[finnish]", f"ships = {len(named)}"]
    for kind, types in KINDS.items():
        out += [f"{kind} = {int(np.isin(named.ship_type, list(types)).sum())}"]
    return out


def main() -> None:
    """Write the file."""
    columns = {
        "t": "snapshot_utc", "mmsi": "mmsi", "lon": "lon", "lat": "lat", "sog": "sog", "cog": "cog",
        "heading": "heading", "ship_type": "ship_type",
    }  # fmt: skip
    live = read("digitraffic-live-pairs-2025-12-11.csv", format="csv", column_map=columns)
    snapshot = dict(columns, t="timestamp", lon="longitude", lat="latitude")
    lines = by_kind(read("aishub-3min-2012.nmea.gz"))
    lines += steadiness(read("dma-5min-2013-11-12.nmea.gz").fixes)
    lines += winter(
        read("digitraffic-snapshot-2025-12-11T2044Z.csv.gz", format="csv", column_map=snapshot),
        live,
    )
    OUT.write_text(HEAD + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
