// The areas in which positions are lost or wrong, from the open alerts about them.
import type { Alert } from "../wire/types.ts";

/** Size of an area of the detector `gnss_area` (watch/detect/gnss_fold.py); an alert stands in its middle. */
const AREA_LON_DEG = 1 / 3;
const AREA_LAT_DEG = 1 / 6;

/** The area around an alert's place as a closed ring. */
function ring({ lon, lat }: Alert): GeoJSON.Position[] {
  const [west, east] = [lon - AREA_LON_DEG / 2, lon + AREA_LON_DEG / 2];
  const [south, north] = [lat - AREA_LAT_DEG / 2, lat + AREA_LAT_DEG / 2];
  return [[west, south], [east, south], [east, north], [west, north], [west, south]];
}

export function gnssAreas(alerts: Iterable<Alert>): GeoJSON.FeatureCollection {
  const open = [...alerts].filter(({ detector, state }) => detector === "gnss_area" && state === "open");
  return {
    type: "FeatureCollection",
    features: open.map((alert) => ({
      type: "Feature",
      properties: { id: alert.id },
      geometry: { type: "Polygon", coordinates: [ring(alert)] },
    })),
  };
}
