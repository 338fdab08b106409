// Where the selected vessel's course meets the assets that an alert names as next.
import type { NextAsset } from "../wire/types.ts";
import { type AssetShape, meets, nearestOnPath } from "./geometry.ts";
import { mercatorX, mercatorY } from "./mercator.ts";

/** About 200 NM at 59 N: beyond that the straight course says nothing. */
const REACH = 0.018;

export interface NextMark {
  asset: NextAsset;
  x: number;
  y: number;
  /** True where the course meets it; false: its nearest point. */
  met: boolean;
}

/** So many are marked: more would hide the map, and the evidence lists them all. */
const MOST = 4;

/** The next ones in time: what the clock has passed is next no more. */
export function stillAhead(next: readonly NextAsset[], now_ms: number): NextAsset[] {
  const eta_ms = (asset: NextAsset): number => (asset.eta ? Date.parse(asset.eta) : Number.POSITIVE_INFINITY);
  return next.filter((asset) => !(eta_ms(asset) < now_ms)).sort((a, b) => eta_ms(a) - eta_ms(b));
}

export function nextMarks(
  next: readonly NextAsset[],
  shapes: ReadonlyMap<string, AssetShape>,
  from: { lon: number; lat: number; cog_deg: number | null },
): NextMark[] {
  const [x, y] = [mercatorX(from.lon), mercatorY(from.lat)];
  return next.slice(0, MOST).flatMap((asset): NextMark[] => {
    const shape = shapes.get(asset.id);
    if (!shape) return [];
    const crossings = from.cog_deg === null ? [] : shape.paths.flatMap((path) => {
      const point = meets(path, x, y, from.cog_deg!, REACH);
      return point ? [point] : [];
    });
    const distance = ([px, py]: [number, number]): number => (px - x) ** 2 + (py - y) ** 2;
    const first = crossings.sort((a, b) => distance(a) - distance(b))[0];
    if (first) return [{ asset, x: first[0], y: first[1], met: true }];
    const nearest = shape.paths.map((path) => nearestOnPath(path, x, y)).sort((a, b) => a.d2 - b.d2)[0];
    return nearest ? [{ asset, x: nearest.x, y: nearest.y, met: false }] : [];
  });
}
