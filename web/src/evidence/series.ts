// A track as chart columns: gaps stay gaps, angles run on through north.
import type { Track } from "../wire/types.ts";

/** Reports farther apart than this, and than four usual intervals, are joined by no line. */
const LEAST_GAP_MS = 6 * 60_000;

export interface Series {
  t_s: number[];
  sog_kn: (number | null)[];
  heading_deg: (number | null)[];
  cog_deg: (number | null)[];
  /** Index in the track of each point; -1 for the breaks. */
  source: number[];
  gap_ms: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function gapLimit_ms(t_ms: readonly number[]): number {
  return Math.max(LEAST_GAP_MS, 4 * median(t_ms.slice(1).map((t, at) => t - t_ms[at]!)));
}

/**
 * Turns angles so that they stay within 180 degrees of a common middle: 350, 10 becomes 350, 370.
 * The middle is the circular mean of both columns, so that heading and course share one axis.
 */
export function circularMiddle(values: readonly (number | null)[]): number {
  let [east, north] = [0, 0];
  for (const value of values) {
    if (value === null || value === undefined) continue;
    east += Math.sin((value * Math.PI) / 180);
    north += Math.cos((value * Math.PI) / 180);
  }
  if (Math.hypot(east, north) < 1e-9) return 180;
  const middle = (Math.atan2(east, north) * 180) / Math.PI;
  return Math.round((middle + 360) % 360);
}

export const around = (value: number | null | undefined, middle: number): number | null =>
  value === null || value === undefined ? null : middle + ((((value - middle + 180) % 360) + 360) % 360) - 180;

/** Later than this it is another story, and would squeeze the one the alert tells. */
export const MOST_SINCE_MS = 90 * 60_000;

/** The evidence with what was received of the same vessel since: the chart goes on while the watch looks. */
export function extended(evidence: Track, live: Track | null): Track {
  const last_ms = evidence.t_ms.at(-1);
  const from = live && last_ms !== undefined ? live.t_ms.findIndex((t_ms) => t_ms > last_ms) : -1;
  if (!live || from < 0) return evidence;
  const to = live.t_ms.findLastIndex((t_ms) => t_ms <= last_ms! + MOST_SINCE_MS) + 1;
  const join = <T>(own: T[], more: T[]): T[] => [...own, ...more.slice(from, to)];
  return {
    t_ms: join(evidence.t_ms, live.t_ms),
    lon: join(evidence.lon, live.lon),
    lat: join(evidence.lat, live.lat),
    sog_kn: join(evidence.sog_kn, live.sog_kn),
    cog_deg: join(evidence.cog_deg, live.cog_deg),
    heading_deg: join(evidence.heading_deg, live.heading_deg),
  };
}

export function seriesOf(track: Track): Series {
  const gap_ms = gapLimit_ms(track.t_ms);
  const middle = circularMiddle([...track.heading_deg, ...track.cog_deg]);
  const series: Series = { t_s: [], sog_kn: [], heading_deg: [], cog_deg: [], source: [], gap_ms };
  track.t_ms.forEach((t_ms, at) => {
    const before = track.t_ms[at - 1];
    if (before !== undefined && t_ms - before > gap_ms) push(series, (before + t_ms) / 2000, null, null, null, -1);
    push(series, t_ms / 1000, track.sog_kn[at] ?? null, around(track.heading_deg[at], middle), around(track.cog_deg[at], middle), at);
  });
  return series;
}

function push(
  series: Series,
  t_s: number,
  sog_kn: number | null,
  heading_deg: number | null,
  cog_deg: number | null,
  source: number,
): void {
  series.t_s.push(t_s);
  series.sog_kn.push(sog_kn);
  series.heading_deg.push(heading_deg);
  series.cog_deg.push(cog_deg);
  series.source.push(source);
}

/** 370 -> "010", -20 -> "340". */
export const courseText = (value: number): string => String(((Math.round(value) % 360) + 360) % 360).padStart(3, "0");
