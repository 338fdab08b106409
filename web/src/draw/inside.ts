// Whether a place lies in a polygon, as the service reckons it: edges are straight in degrees.

/** Holes are not part of it; a place on the edge may fall to either side. */
export function isWithin(geometry: GeoJSON.Geometry, lon: number, lat: number): boolean {
  if (geometry.type === "MultiPolygon") return geometry.coordinates.some((rings) => inRings(rings, lon, lat));
  return geometry.type === "Polygon" && inRings(geometry.coordinates, lon, lat);
}

/** A line from the place to the east crosses the rings an odd number of times. */
function inRings(rings: readonly GeoJSON.Position[][], lon: number, lat: number): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let at = 1; at < ring.length; at += 1) {
      const [[aLon, aLat], [bLon, bLat]] = [ring[at - 1] as [number, number], ring[at] as [number, number]];
      if (aLat > lat !== bLat > lat && lon < aLon + ((bLon - aLon) * (lat - aLat)) / (bLat - aLat)) inside = !inside;
    }
  }
  return inside;
}
