// Web Mercator: the world is the unit square, x east from 180 W, y south from 85 N.

export const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
/** MapLibre's convention: at zoom z the world is 512 * 2^z CSS pixels wide. */
export const TILE_PX = 512;

export const mercatorX = (lon: number): number => (lon + 180) / 360;

export const mercatorY = (lat: number): number =>
  0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);

export const lonOf = (x: number): number => x * 360 - 180;

export const latOf = (y: number): number => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;

export const worldPx = (zoom: number): number => TILE_PX * 2 ** zoom;

/** Ground metres under one CSS pixel at a latitude. */
export const metresPerPx = (zoom: number, lat: number): number =>
  (EARTH_CIRCUMFERENCE_M * Math.cos((lat * Math.PI) / 180)) / worldPx(zoom);

export interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** The shipped land ends at 9-31 E, 53-66.5 N; a little inside it no clip edge comes into view. */
export const CHART_BOUNDS: Bounds = { west: 9.05, south: 53.05, east: 30.95, north: 66.45 };

/** A great-circle step, for vectors of a few miles: degrees in, degrees out. */
export function ahead(lon: number, lat: number, course_deg: number, distance_m: number): [number, number] {
  const angle = (distance_m / EARTH_CIRCUMFERENCE_M) * 2 * Math.PI;
  const [phi, theta] = [(lat * Math.PI) / 180, (course_deg * Math.PI) / 180];
  const sinPhi2 = Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(theta);
  const dLon = Math.atan2(Math.sin(theta) * Math.sin(angle) * Math.cos(phi), Math.cos(angle) - Math.sin(phi) * sinPhi2);
  return [lon + (dLon * 180) / Math.PI, (Math.asin(sinPhi2) * 180) / Math.PI];
}
