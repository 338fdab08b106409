// A track in equal spans of time, the empty ones too.
import { stepOf, TIME_STEPS_MS } from "./scale.ts";

const MOST_ROWS = 36;

export interface Slot {
  from_ms: number;
  /** Rows of the track in it. */
  rows: number[];
}

export function slots(t_ms: readonly number[]): { step_ms: number; list: Slot[] } {
  const span = t_ms.at(-1)! - t_ms[0]!;
  const step_ms = stepOf(span, TIME_STEPS_MS, MOST_ROWS);
  const first = Math.floor(t_ms[0]! / step_ms);
  const list = Array.from({ length: Math.floor(t_ms.at(-1)! / step_ms) - first + 1 }, (_none, k): Slot => ({ from_ms: (first + k) * step_ms, rows: [] }));
  t_ms.forEach((t, row) => list[Math.floor(t / step_ms) - first]!.rows.push(row));
  return { step_ms, list };
}
