// What a camera sees: vessels nearest to its centre first, and assets by their boxes.
import { assetShapes } from "../map/geometry.ts";
import { worldPx } from "../map/mercator.ts";
import type { Camera } from "../map/view.ts";
import type { VesselStore } from "../state/vessels.ts";
import type { AssetCollection, AssetProperties } from "../wire/types.ts";

/** Half the view's width and height in the unit square. */
export function halfView(camera: Camera): [number, number] {
  const world = worldPx(camera.zoom);
  return [camera.width / 2 / world, camera.height / 2 / world];
}

export function nearestFirst(store: VesselStore, camera: Camera, most: number): { slots: number[]; total: number } {
  const [dx, dy] = halfView(camera);
  const slots: number[] = [];
  for (let slot = 0; slot < store.n; slot += 1) {
    if (Math.abs(store.x[slot]! - camera.x) <= dx && Math.abs(store.y[slot]! - camera.y) <= dy) slots.push(slot);
  }
  const d2 = (slot: number): number => (store.x[slot]! - camera.x) ** 2 + (store.y[slot]! - camera.y) ** 2;
  slots.sort((a, b) => d2(a) - d2(b));
  return { slots: slots.slice(0, most), total: slots.length };
}

export function inView(collection: AssetCollection | null, camera: Camera): AssetProperties[] {
  if (!collection) return [];
  const [dx, dy] = halfView(camera);
  return assetShapes(collection)
    .filter(({ box: [west, north, east, south] }) =>
      west <= camera.x + dx && east >= camera.x - dx && north <= camera.y + dy && south >= camera.y - dy)
    .map(({ properties }) => properties);
}
