// From values to pixels and to round marks, for the charts and the map.
import { gapLimit_ms } from "../evidence/series.ts";

export interface Scale {
  low: number;
  high: number;
  from_px: number;
  to_px: number;
}

export const at = ({ low, high, from_px, to_px }: Scale, value: number): number =>
  from_px + ((value - low) / (high - low || 1)) * (to_px - from_px);

export const valueAt = ({ low, high, from_px, to_px }: Scale, px: number): number =>
  low + ((px - from_px) / (to_px - from_px || 1)) * (high - low);

/** The smallest of `steps` that cuts the span into at most `most` parts; else the largest. */
export const stepOf = (span: number, steps: readonly number[], most: number): number =>
  steps.find((step) => span / step <= most) ?? steps.at(-1)!;

export function marks(low: number, high: number, step: number): number[] {
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(k * step + 0); // no minus zero
  return found;
}

/** Where a line must stop: runs of rows that have a value and no gap between them. */
export function runs(t_ms: readonly number[], known: (row: number) => boolean): number[][] {
  const gap_ms = gapLimit_ms(t_ms);
  const found: number[][] = [];
  let last_ms = Number.NEGATIVE_INFINITY;
  t_ms.forEach((t, row) => {
    if (!known(row)) return;
    if (found.length === 0 || t - last_ms > gap_ms) found.push([]);
    found.at(-1)!.push(row);
    last_ms = t;
  });
  return found;
}

/** The way through points; a lone one is a dot under a round cap. */
export const pathOf = (points: readonly (readonly [number, number])[]): string =>
  points.length === 1
    ? `M${points[0]![0].toFixed(1)} ${points[0]![1].toFixed(1)}h0`
    : `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

/** The row that is nearest in time. */
export function nearestRow(t_ms: readonly number[], wanted_ms: number): number {
  let [low, high] = [0, t_ms.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (t_ms[middle]! < wanted_ms) low = middle;
    else high = middle;
  }
  return wanted_ms - t_ms[low]! <= t_ms[high]! - wanted_ms ? low : high;
}

export const MINUTE_MS = 60_000;
export const TIME_STEPS_MS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE_MS);
