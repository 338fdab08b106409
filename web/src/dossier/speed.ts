// The track in classes of speed: round edges, and pieces of one class each.
import { runs } from "./scale.ts";
import type { DossierTrack } from "./types.ts";

export const CLASSES = 5;
const STEPS_KN = [0.5, 1, 2, 3, 5, 10, 20, 50];

/** Upper edges of the speed classes, kn: round, and from the slowest to the fastest of this track. */
export function speedEdges(sog_kn: readonly (number | null)[]): number[] {
  const known = sog_kn.filter((value) => value !== null);
  if (known.length === 0) return [];
  const [low, high] = known.reduce(([a, b], value) => [Math.min(a!, value), Math.max(b!, value)], [Infinity, -Infinity]) as [number, number];
  const floor = (step: number): number => Math.floor(low / step) * step;
  const step = STEPS_KN.find((one) => floor(one) + CLASSES * one >= high) ?? STEPS_KN.at(-1)!;
  const n = Math.max(1, Math.ceil((high - floor(step)) / step - 1e-9));
  return Array.from({ length: n }, (_none, k) => floor(step) + (k + 1) * step);
}

export function speedClass(edges: readonly number[], value: number | null | undefined): number {
  if (value == null) return -1;
  const found = edges.findIndex((edge) => value < edge);
  return found < 0 ? edges.length - 1 : found;
}

/** Pieces of the way of one speed class each; no piece crosses a gap. */
export function speedPieces(track: DossierTrack, edges: readonly number[]): { speed: number; rows: number[] }[] {
  const pieces: { speed: number; rows: number[] }[] = [];
  for (const run of runs(track.t_ms, (row) => track.lon[row] != null && track.lat[row] != null)) {
    pieces.push({ speed: speedClass(edges, track.sog_kn[run[0]!]), rows: [run[0]!] });
    for (const row of run.slice(1)) {
      const speed = speedClass(edges, track.sog_kn[row]);
      const last = pieces.at(-1)!;
      last.rows.push(row);
      if (speed !== last.speed) pieces.push({ speed, rows: [row] });
    }
  }
  return pieces.filter(({ rows }, k) => rows.length > 1 || pieces[k - 1]?.rows.at(-1) !== rows[0]);
}
