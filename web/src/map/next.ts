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

export function nextMarks(
  next: readonly NextAsset[],
  shapes: ReadonlyMap<string, AssetShape>,
  from: { lon: number; lat: number; cog_deg: number | null },
): NextMark[] {
  const [x, y] = [mercatorX(from.lon), mercatorY(from.lat)];
  return next.flatMap((asset): NextMark[] => {
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
