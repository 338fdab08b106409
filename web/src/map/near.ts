// Where a vessel stands to the assets now: the nearest, the closest approach on its course, what it meets next.
import type { VesselRow } from "../state/vessels.ts";
import { type AssetShape, nearestOnPath, type Path } from "./geometry.ts";
import { ahead, latOf, lonOf, mercatorX, mercatorY } from "./mercator.ts";
import { geodesic, type Position } from "./wgs84.ts";

/** So far ahead a held course and speed are worth reckoning with (chosen). */
export const AHEAD_H = 2;
/** Slower than this a course is no course. */
const UNDER_WAY_KN = 0.5;
const NM_M = 1852;
/** Assets in these states lie on the ground. */
const LAID = new Set(["in_service", "out_of_service", "unknown", "operational", "operating", ""]);

export interface Nearest {
  shape: AssetShape;
  distance_m: number;
  /** The asset's point. */
  place: Position;
}

export interface Approach extends Nearest {
  after_ms: number;
  /** Where the vessel would be then. */
  at: Position;
}

export interface Near {
  nearest: Nearest | null;
  /** Closest approach to the nearest asset, or to the one asked for; null without course and speed. */
  cpa: Approach | null;
  /** Assets that the held course meets, the first one first. */
  next: Approach[];
}

const place = (x: number, y: number): Position => [lonOf(x), latOf(y)];

/** Whether a point lies within rings, holes not counted. */
function isInside(paths: readonly Path[], x: number, y: number): boolean {
  let inside = false;
  for (const path of paths) {
    for (let at = 0, last = path.length - 2; at < path.length; last = at, at += 2) {
      const [ax, ay, bx, by] = [path[at]!, path[at + 1]!, path[last]!, path[last + 1]!];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

function nearestOf(shapes: readonly AssetShape[], x: number, y: number): Nearest | null {
  let best: { d2: number; x: number; y: number; shape: AssetShape } | null = null;
  for (const shape of shapes) {
    const [west, north, east, south] = shape.box;
    const [dx, dy] = [Math.max(west - x, 0, x - east), Math.max(north - y, 0, y - south)];
    if (best && dx * dx + dy * dy >= best.d2) continue;
    if (shape.closed && isInside(shape.paths, x, y)) return { shape, distance_m: 0, place: place(x, y) };
    for (const path of shape.paths) {
      const found = nearestOnPath(path, x, y);
      if (!best || found.d2 < best.d2) best = { ...found, shape };
    }
  }
  if (!best) return null;
  const at = place(best.x, best.y);
  return { shape: best.shape, place: at, distance_m: geodesic(place(x, y), at).distance_m };
}

interface Closest {
  d2: number;
  /** Share of the way. */
  part: number;
  x: number;
  y: number;
}

/** Where the straight way a-b comes closest to a path; crossings have distance 0. */
function closest(path: Path, ax: number, ay: number, bx: number, by: number): Closest {
  const way = new Float64Array([ax, ay, bx, by]);
  const [wx, wy] = [bx - ax, by - ay];
  const length2 = wx * wx + wy * wy;
  const partOf = (x: number, y: number): number => (length2 === 0 ? 0 : ((x - ax) * wx + (y - ay) * wy) / length2);
  let best: Closest = { d2: Infinity, part: 0, x: path[0]!, y: path[1]! };
  const take = (d2: number, part: number, x: number, y: number): void => {
    if (d2 < best.d2 || (d2 === best.d2 && part < best.part)) best = { d2, part, x, y };
  };
  for (const [part, x, y] of [[0, ax, ay], [1, bx, by]] as const) {
    const found = nearestOnPath(path, x, y);
    take(found.d2, part, found.x, found.y);
  }
  for (let at = 0; at < path.length; at += 2) {
    const [px, py] = [path[at]!, path[at + 1]!];
    const found = nearestOnPath(way, px, py);
    take(found.d2, partOf(found.x, found.y), px, py);
    if (at + 3 >= path.length) continue;
    const [dx, dy] = [path[at + 2]! - px, path[at + 3]! - py];
    const cross = wx * dy - wy * dx;
    if (cross === 0) continue;
    const [onWay, onPath] = [((px - ax) * dy - (py - ay) * dx) / cross, ((px - ax) * wy - (py - ay) * wx) / cross];
    if (onWay >= 0 && onWay <= 1 && onPath >= 0 && onPath <= 1) take(0, onWay, ax + wx * onWay, ay + wy * onWay);
  }
  return best;
}

/**
 * Reckons with the vessel's last course and speed, held for AHEAD_H. A constant course is a straight
 * line in Mercator, and within two hours' sailing the scale changes by less than 2 %.
 *
 * @param about the asset whose closest approach is wanted; the nearest one without it.
 */
export function near(row: VesselRow, all: readonly AssetShape[], about?: string): Near {
  const shapes = all.filter(({ properties }) => LAID.has(properties.status ?? ""));
  const [x, y] = [mercatorX(row.lon), mercatorY(row.lat)];
  const nearest = nearestOf(shapes, x, y);
  const { sog_kn, cog_deg } = row;
  if (sog_kn === null || cog_deg === null || sog_kn < UNDER_WAY_KN) return { nearest, cpa: null, next: [] };
  const end = ahead(row.lon, row.lat, cog_deg, sog_kn * NM_M * AHEAD_H);
  const [ex, ey] = [mercatorX(end[0]), mercatorY(end[1])];
  const approach = (shape: AssetShape): Approach => {
    const found = shape.paths.map((path) => closest(path, x, y, ex, ey)).sort((a, b) => a.d2 - b.d2 || a.part - b.part)[0]!;
    const at = place(x + (ex - x) * found.part, y + (ey - y) * found.part);
    const other = place(found.x, found.y);
    const isIn = shape.closed && isInside(shape.paths, x, y);
    return {
      shape, at, place: other, after_ms: isIn ? 0 : found.part * AHEAD_H * 3_600_000,
      distance_m: isIn || found.d2 === 0 ? 0 : geodesic(at, other).distance_m,
    };
  };
  const [west, east, north, south] = [Math.min(x, ex), Math.max(x, ex), Math.min(y, ey), Math.max(y, ey)];
  const inReach = shapes.filter(({ box }) => box[0] <= east && box[2] >= west && box[1] <= south && box[3] >= north);
  const next = inReach.map(approach).filter(({ distance_m }) => distance_m === 0).sort((a, b) => a.after_ms - b.after_ms);
  const asked = (about && all.find(({ properties }) => properties.id === about)) || nearest?.shape;
  return { nearest, cpa: asked ? approach(asked) : null, next };
}
