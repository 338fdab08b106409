// Places as they are typed, and outlines as text: a corner a line, longitude before latitude.
import { ahead, CHART_BOUNDS } from "../map/mercator.ts";
import type { Place } from "./zones.ts";

export const NM_M = 1852;
export const POINTS_MOST = 500;
const CIRCLE_POINTS = 64;
const WITH_LETTER = /(\d{1,3}(?:\.\d+)?)(?:\s*[°\s]\s*(\d{1,2}(?:\.\d+)?)\s*['′]?)?\s*([NSEW])/gi;
const DECIMAL = /^(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,2}(?:\.\d+)?)$/;

const tidy = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

/** "24.5017 59.6920", "024°30.1′E 59°41.5′N" or "59 41.5 N, 24 30.1 E"; null for anything else. */
export function parsePlace(text: string): Place | null {
  const decimal = DECIMAL.exec(text.trim());
  if (decimal) return within(Number(decimal[1]), Number(decimal[2]));
  const parts = new Map<string, number>();
  for (const [, degrees, minutes = "0", letter] of text.matchAll(WITH_LETTER)) {
    const value = Number(degrees) + Number(minutes) / 60;
    const way = letter!.toUpperCase();
    if (Number(minutes) >= 60) return null;
    parts.set(way === "N" || way === "S" ? "lat" : "lon", way === "S" || way === "W" ? -value : value);
  }
  const [lon, lat] = [parts.get("lon"), parts.get("lat")];
  return lon === undefined || lat === undefined ? null : within(lon, lat);
}

function within(lon: number, lat: number): Place | null {
  const { west, south, east, north } = CHART_BOUNDS;
  return lon >= west && lon <= east && lat >= south && lat <= north ? [tidy(lon), tidy(lat)] : null;
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
