// Places as they are typed, and outlines as text: a corner a line, longitude before latitude.
import { ahead } from "../map/mercator.ts";
import { isOnChart, parsePlace as parseAny } from "../map/place.ts";
import type { Place } from "./zones.ts";

export const NM_M = 1852;
export const POINTS_MOST = 500;
const CIRCLE_POINTS = 64;

const tidy = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

/** A place on the map, as people write one; null for anything else. */
export function parsePlace(text: string): Place | null {
  const place = parseAny(text);
  return place && isOnChart(place) ? [tidy(place[0]), tidy(place[1])] : null;
}

/** The corners of a text, or the number of the first line that is no place on the map. */
export function parseOutline(text: string): { places: Place[] } | { wrong: number } {
  const lines = text.split("\n");
  const places: Place[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (!lines[at]!.trim()) continue;
    const place = parsePlace(lines[at]!);
    if (!place) return { wrong: at + 1 };
    places.push(place);
  }
  return { places };
}

export const outlineText = (places: readonly Place[]): string =>
  places.map(([lon, lat]) => `${lon.toFixed(5)} ${lat.toFixed(5)}`).join("\n");

/** A circle as corners. */
export function circle(centre: Place, radius_nm: number): Place[] {
  return Array.from({ length: CIRCLE_POINTS }, (_, at) => {
    const [lon, lat] = ahead(centre[0], centre[1], (at * 360) / CIRCLE_POINTS, radius_nm * NM_M);
    return [tidy(lon), tidy(lat)];
  });
}

/** A closed ring as GeoJSON wants it. */
export const polygonOf = (places: readonly Place[]): GeoJSON.Polygon => ({
  type: "Polygon",
  coordinates: [[...places, places[0]!].map(([lon, lat]) => [tidy(lon), tidy(lat)])],
});

/** The corners of a plain polygon; null for one of several parts or with holes. */
export function placesOf(geometry: GeoJSON.Geometry): Place[] | null {
  if (geometry.type !== "Polygon" || geometry.coordinates.length !== 1) return null;
  return geometry.coordinates[0]!.slice(0, -1).map(([lon, lat]) => [tidy(lon!), tidy(lat!)]);
}

/** "2026-12-24 12:00" or "2026-12-24", UTC, in ms; null for anything else. */
export function parseDate(text: string): number | null {
  const found = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?Z?$/.exec(text.trim());
  if (!found) return null;
  const t_ms = Date.parse(`${found[1]}T${found[2] ?? "00:00"}:00Z`);
  return Number.isNaN(t_ms) ? null : t_ms;
}
