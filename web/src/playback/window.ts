// Which part of the span the time bar shows, and the marks of its axis. UTC.
import { utcDate } from "../format/format.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export interface Window {
  from_ms: number;
  to_ms: number;
}

/**
 * The window of a length that holds a time. Windows overlap by half: the clock stands in the middle
 * half of its window, and the window stands still until the clock leaves that.
 */
export function windowOf(span: Window, at_ms: number, length_ms: number | null): Window {
  const whole_ms = span.to_ms - span.from_ms;
  if (length_ms === null || whole_ms <= length_ms) return { from_ms: span.from_ms, to_ms: span.to_ms };
  const half_ms = length_ms / 2;
  const page = Math.round((at_ms - span.from_ms - half_ms) / half_ms);
  const from_ms = Math.min(span.to_ms - length_ms, Math.max(span.from_ms, span.from_ms + page * half_ms));
  return { from_ms, to_ms: from_ms + length_ms };
}

/** Where in a window a time lies, 0 to 1 within it. */
export const partOf = ({ from_ms, to_ms }: Window, t_ms: number): number => (t_ms - from_ms) / (to_ms - from_ms);

export interface AxisMark {
  t_ms: number;
  text: string;
  /** Midnight: the line of a new day. */
  isDay: boolean;
}

const MINUTE_MS = 60_000;
const STEPS_MS = [
  1, 5, 10, 15, 30, 60, 120, 180, 360, 720,
].map((minutes) => minutes * MINUTE_MS).concat([1, 2, 7, 14, 28, 91].map((days) => days * DAY_MS));
const ROOM_PX = 64;

/** Whole hours or days as close as their words have room. */
export function axisMarks({ from_ms, to_ms }: Window, width_px: number): AxisMark[] {
  const least_ms = ((to_ms - from_ms) * ROOM_PX) / Math.max(width_px, 1);
  const step_ms = STEPS_MS.find((step) => step >= least_ms) ?? STEPS_MS.at(-1)!;
  const marks: AxisMark[] = [];
  for (let t_ms = Math.ceil(from_ms / step_ms) * step_ms; t_ms <= to_ms; t_ms += step_ms) {
    const isDay = t_ms % DAY_MS === 0;
    const text = isDay ? utcDate(t_ms).slice(5) : new Date(t_ms).toISOString().slice(11, 16);
    marks.push({ t_ms, text, isDay });
  }
  return marks;
}

/** Heights of the stacked parts of a bar, px, bottom first; few stand out beside many. */
export function stack(counts: readonly number[], most: number, room_px: number): number[] {
  const least_px = 3;
  const height = (count: number): number => room_px * Math.sqrt(count / Math.max(most, 1));
  let below = 0;
  return counts.map((count) => {
    const tall = count === 0 ? 0 : Math.max(least_px, height(below + count) - height(below));
    below += count;
    return tall;
  });
}
