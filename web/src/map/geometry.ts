// GeoJSON as flat rings of Mercator positions, with boxes: for drawing on canvas, picking, crossing.
import type { AssetCollection, AssetProperties } from "../wire/types.ts";
import { mercatorX, mercatorY } from "./mercator.ts";

/** x0, y0, x1, y1, ... in the unit square. */
export type Path = Float64Array;
export type Box = [number, number, number, number];
export type AssetClass = "cable" | "pipeline" | "wind" | "point";

export interface Shape {
  paths: Path[];
  box: Box;
}

export interface AssetShape extends Shape {
  properties: AssetProperties;
  class: AssetClass;
  closed: boolean;
  inService: boolean;
}

const IN_SERVICE = new Set(["in_service", "operational", "operating", ""]);

function pathOf(positions: GeoJSON.Position[]): Path {
  const path = new Float64Array(positions.length * 2);
  positions.forEach(([lon, lat], index) => {
    path[2 * index] = mercatorX(lon!);
    path[2 * index + 1] = mercatorY(lat!);
  });
  return path;
}

/** All lines, rings or points of a geometry, holes included. */
export function pathsOf(geometry: GeoJSON.Geometry): Path[] {
  switch (geometry.type) {
    case "Point":
      return [pathOf([geometry.coordinates])];
    case "MultiPoint":
      return geometry.coordinates.map((position) => pathOf([position]));
    case "LineString":
      return [pathOf(geometry.coordinates)];
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates.map(pathOf);
    case "MultiPolygon":
      return geometry.coordinates.flatMap((rings) => rings.map(pathOf));
    case "GeometryCollection":
      return geometry.geometries.flatMap(pathsOf);
  }
}

export function boxOf(paths: readonly Path[]): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const path of paths) {
    for (let at = 0; at < path.length; at += 2) {
      box[0] = Math.min(box[0], path[at]!);
      box[1] = Math.min(box[1], path[at + 1]!);
      box[2] = Math.max(box[2], path[at]!);
      box[3] = Math.max(box[3], path[at + 1]!);
    }
  }
  return box;
}

/** Polygons one by one, each with its holes, so that each can be culled by its own box. */
export function shapesOf(data: GeoJSON.GeoJSON): Shape[] {
  const shape = (paths: Path[]): Shape => ({ paths, box: boxOf(paths) });
  if (data.type === "FeatureCollection") return data.features.flatMap((feature) => shapesOf(feature));
  if (data.type === "Feature") return data.geometry ? shapesOf(data.geometry) : [];
  if (data.type === "MultiPolygon") return data.coordinates.map((rings) => shape(rings.map(pathOf)));
  return [shape(pathsOf(data))];
}

function classOf(kind: string, geometry: GeoJSON.Geometry): AssetClass {
  if (geometry.type.endsWith("Point")) return "point";
  if (geometry.type.endsWith("Polygon")) return "wind";
  return kind.includes("pipeline") ? "pipeline" : "cable";
}

export function assetShapes(assets: AssetCollection): AssetShape[] {
  return assets.features
    .filter((feature) => feature.geometry)
    .map(({ geometry, properties }) => {
      const paths = pathsOf(geometry);
      return {
        paths,
        box: boxOf(paths),
        properties,
        class: classOf(properties.kind ?? "", geometry),
        closed: geometry.type.endsWith("Polygon"),
        inService: IN_SERVICE.has(properties.status ?? ""),
      };
    });
}

/** Squared distance from a point to the nearest segment of a path, and where on it. */
export function nearestOnPath(path: Path, x: number, y: number): { d2: number; x: number; y: number } {
  let best = { d2: Infinity, x: path[0]!, y: path[1]! };
  if (path.length === 2) return { d2: (path[0]! - x) ** 2 + (path[1]! - y) ** 2, x: path[0]!, y: path[1]! };
  for (let at = 0; at + 3 < path.length; at += 2) {
    const [ax, ay, dx, dy] = [path[at]!, path[at + 1]!, path[at + 2]! - path[at]!, path[at + 3]! - path[at + 1]!];
    const length2 = dx * dx + dy * dy;
    const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2));
    const [px, py] = [ax + along * dx, ay + along * dy];
    const d2 = (px - x) ** 2 + (py - y) ** 2;
    if (d2 < best.d2) best = { d2, x: px, y: py };
  }
  return best;
}

/**
 * Where a course, held from (x, y), first meets a path. A constant course is a straight line in
 * Mercator, so the test is plain 2-D. Null when it never does within `reach` (unit square).
 */
export function meets(path: Path, x: number, y: number, course_deg: number, reach: number): [number, number] | null {
  const [ux, uy] = [Math.sin((course_deg * Math.PI) / 180), -Math.cos((course_deg * Math.PI) / 180)];
  let nearest = reach;
  let found = false;
  for (let at = 0; at + 3 < path.length; at += 2) {
    const [ax, ay, dx, dy] = [path[at]! - x, path[at + 1]! - y, path[at + 2]! - path[at]!, path[at + 3]! - path[at + 1]!];
    const cross = ux * dy - uy * dx;
    if (cross === 0) continue;
    const along = (ax * dy - ay * dx) / cross;
    const onSegment = (ax * uy - ay * ux) / cross;
    if (along >= 0 && along < nearest && onSegment >= 0 && onSegment <= 1) {
      nearest = along;
      found = true;
    }
  }
  return found ? [x + ux * nearest, y + uy * nearest] : null;
}
