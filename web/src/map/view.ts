// What both renderers are: a camera over the unit square, north up, and layers below the overlay.
import { CHART_BOUNDS, latOf, lonOf, mercatorX, mercatorY, worldPx } from "./mercator.ts";

/** Centre in the unit square, MapLibre zoom, size in CSS pixels. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
  width: number;
  height: number;
}

/** Labels come as points with `text`, `kind` and `minZoom`; see names.ts. */
export type GeoLayer = "land" | "territory" | "ports" | "places" | "assets" | "masks" | "coverage" | "gnss";

export interface MapView {
  readonly kind: "gl" | "canvas";
  /** Takes the pointer's events. */
  readonly surface: HTMLElement;
  camera(): Camera;
  /** Lets the pointer move the map or not, while it draws. */
  allow(what: "drag" | "double-click", allowed: boolean): void;
  setData(layer: GeoLayer, data: GeoJSON.GeoJSON): void;
  /** Moves there; without `zoom` keeps it. Jumps under reduced motion. */
  goTo(lon: number, lat: number, zoom?: number): void;
  zoomBy(steps: number): void;
  /** The traffic picture, the event clock or the theme has changed. */
  refresh(): void;
  destroy(): void;
}

export interface MapEvents {
  /** After each drawn frame in which the camera or the content moved. */
  drawn(camera: Camera): void;
}

export const MAX_ZOOM = 15;
export const START = { lon: 20.4, lat: 58.2, zoom: 5.5 };

export const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function toScreen(camera: Camera, x: number, y: number): [number, number] {
  const world = worldPx(camera.zoom);
  return [(x - camera.x) * world + camera.width / 2, (y - camera.y) * world + camera.height / 2];
}

export const project = (camera: Camera, lon: number, lat: number): [number, number] =>
  toScreen(camera, mercatorX(lon), mercatorY(lat));

export function unproject(camera: Camera, px: number, py: number): [number, number] {
  const world = worldPx(camera.zoom);
  const [x, y] = [camera.x + (px - camera.width / 2) / world, camera.y + (py - camera.height / 2) / world];
  return [lonOf(x), latOf(y)];
}

const WEST = mercatorX(CHART_BOUNDS.west);
const EAST = mercatorX(CHART_BOUNDS.east);
const NORTH = mercatorY(CHART_BOUNDS.north);
const SOUTH = mercatorY(CHART_BOUNDS.south);

/** The nearest camera that shows nothing beyond the chart. */
export function constrain(camera: Camera): Camera {
  const least = Math.max(
    Math.log2(camera.width / (EAST - WEST) / 512),
    Math.log2(camera.height / (SOUTH - NORTH) / 512),
  );
  const zoom = Math.min(MAX_ZOOM, Math.max(least, camera.zoom));
  const world = worldPx(zoom);
  const [halfX, halfY] = [camera.width / 2 / world, camera.height / 2 / world];
  return {
    ...camera,
    zoom,
    x: Math.min(EAST - halfX, Math.max(WEST + halfX, camera.x)),
    y: Math.min(SOUTH - halfY, Math.max(NORTH + halfY, camera.y)),
  };
}

/** Size in px and opacity of a vessel mark: small and faint far out, so that cables stay readable. */
export function markSize(zoom: number): { size_px: number; faint: number; arrows: boolean } {
  if (zoom < 6) return { size_px: 3, faint: 0.72, arrows: false };
  const size_px = Math.min(15, 8 + (zoom - 6) * 1.6);
  // Close in, marks stand apart and may be stronger; further out they overlap and add up.
  return { size_px, faint: Math.min(1.3, zoom < 8 ? 0.75 + (zoom - 6) * 0.125 : 1 + (zoom - 8) * 0.15), arrows: true };
}
