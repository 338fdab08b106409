// What lies under the pointer: alerts before vessels before assets. Plain arithmetic in both renderers.
import type { VesselStore } from "../state/vessels.ts";
import type { Alert } from "../wire/types.ts";
import { type AssetShape, nearestOnPath } from "./geometry.ts";
import { worldPx } from "./mercator.ts";
import { alertPlace } from "./overlay.ts";
import { type Camera, project } from "./view.ts";

const ALERT_PX = 16;
const VESSEL_PX = 10;
const ASSET_PX = 6;

export type Picked =
  | { kind: "alert"; alert: Alert }
  | { kind: "vessel"; mmsi: number }
  | { kind: "asset"; shape: AssetShape }
  | null;

export interface Pickable {
  alerts: readonly Alert[];
  vessels: VesselStore;
  shapes: readonly AssetShape[];
  /** Vessels that are stale by this time are not drawn, nor picked; null: all are. */
  staleBefore_ms: number | null;
}

export function pick(camera: Camera, px: number, py: number, from: Pickable): Picked {
  let alert: Alert | null = null;
  let best = ALERT_PX ** 2;
  for (const one of from.alerts) {
    const [x, y] = project(camera, ...alertPlace(one, from.vessels));
    const d2 = (x - px) ** 2 + (y - py) ** 2;
    if (d2 < best || (d2 === best && alert?.origin && !one.origin)) [alert, best] = [one, d2]; // ours lies above
  }
  if (alert) return { kind: "alert", alert };

  const world = worldPx(camera.zoom);
  const x = camera.x + (px - camera.width / 2) / world;
  const y = camera.y + (py - camera.height / 2) / world;
  const slot = nearestVessel(from.vessels, x, y, VESSEL_PX / world, from.staleBefore_ms);
  if (slot !== null) return { kind: "vessel", mmsi: from.vessels.mmsi[slot]! };

  const shape = nearestAsset(from.shapes, x, y, ASSET_PX / world);
  return shape ? { kind: "asset", shape } : null;
}

export function nearestVessel(vessels: VesselStore, x: number, y: number, within: number, staleBefore_ms: number | null): number | null {
  let slot: number | null = null;
  let best = within * within;
  for (let one = 0; one < vessels.n; one += 1) {
    const dx = vessels.x[one]! - x;
    if (dx > within || dx < -within) continue;
    if (staleBefore_ms !== null && staleBefore_ms > vessels.staleAt_ms[one]!) continue;
    const d2 = dx * dx + (vessels.y[one]! - y) ** 2;
    if (d2 < best) [slot, best] = [one, d2];
  }
  return slot;
}

function nearestAsset(shapes: readonly AssetShape[], x: number, y: number, within: number): AssetShape | null {
  let found: AssetShape | null = null;
  let best = within * within;
  for (const shape of shapes) {
    const [west, north, east, south] = shape.box;
    if (x < west - within || x > east + within || y < north - within || y > south + within) continue;
    for (const path of shape.paths) {
      const { d2 } = nearestOnPath(path, x, y);
      if (d2 < best) [found, best] = [shape, d2];
    }
  }
  return found;
}
