// What is chosen or typed for a suspension, as the service takes it.
const CORNERS = 36;

/** A circle as a GeoJSON polygon; at sea scales the earth is flat enough for it. */
export function circle(lon: number, lat: number, radius_nm: number): GeoJSON.Polygon {
  const high = radius_nm / 60;
  const wide = high / Math.cos((lat * Math.PI) / 180);
  const ring = Array.from({ length: CORNERS }, (_, at) => {
    const angle = (at / CORNERS) * 2 * Math.PI;
    return [Number((lon + wide * Math.cos(angle)).toFixed(6)), Number((lat + high * Math.sin(angle)).toFixed(6))];
  });
  return { type: "Polygon", coordinates: [[...ring, ring[0]!]] };
}

/** The words that go with an area may be so long. */
const WHERE_MOST = 80;

/** An area as a suspension names it: by the zone it was taken from. */
export const areaOf = (name: string, area: GeoJSON.Polygon | GeoJSON.MultiPolygon): { area: typeof area; where: string } =>
  ({ area, where: [...name].slice(0, WHERE_MOST).join("") });

/** "2024-12-26 14:00" in UTC; null for anything else. */
export function readTime(text: string): number | null {
  const found = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})Z?$/.exec(text.trim());
  const t_ms = found ? Date.parse(`${found[1]}T${found[2]}:00Z`) : Number.NaN;
  return Number.isNaN(t_ms) ? null : t_ms;
}
