// Places in zones, and masks that are painted once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isWithin } from "../src/draw/inside.ts";
import { undrawn } from "../src/draw/zones.ts";
import { areaOf } from "../src/triage/suspend-input.ts";
import type { ZoneCollection } from "../src/wire/types.ts";

const square = (west: number, south: number, size: number): GeoJSON.Position[] =>
  [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]];

test("a place lies in a polygon, not in its hole, and in any part of several", () => {
  const holed: GeoJSON.Polygon = { type: "Polygon", coordinates: [square(20, 58, 2), square(20.5, 58.5, 1)] };
  assert.ok(isWithin(holed, 20.2, 58.2));
  for (const [lon, lat] of [[21, 59], [19.9, 58.2], [22.1, 58.2], [20.2, 57.9], [20.2, 60.1]] as const) assert.ok(!isWithin(holed, lon, lat), `${lon} ${lat}`);
  const parts: GeoJSON.MultiPolygon = { type: "MultiPolygon", coordinates: [[square(10, 50, 1)], [square(20, 58, 1)]] };
  assert.ok(isWithin(parts, 10.5, 50.5) && isWithin(parts, 20.5, 58.5) && !isWithin(parts, 15, 54));
  // A slanted edge: half of the square's places lie below its diagonal.
  const below: GeoJSON.Polygon = { type: "Polygon", coordinates: [[[0, 0], [10, 0], [10, 10], [0, 0]]] };
  assert.ok(isWithin(below, 6, 5) && !isWithin(below, 5, 6));
  assert.ok(!isWithin({ type: "Point", coordinates: [6, 5] }, 6, 5));
});

test("a drawn mask is no part of the layer of masks: it is painted as a zone", () => {
  const feature = (id: string): GeoJSON.Feature => ({ type: "Feature", properties: { id }, geometry: { type: "Polygon", coordinates: [square(0, 0, 1)] } });
  const layer: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [feature("port of Turku"), feature("z7")] };
  const drawn = { features: [feature("z7")], detectors: [], kinds: [] } as unknown as ZoneCollection;
  assert.deepEqual(undrawn(layer, drawn).features.map(({ properties }) => properties!.id), ["port of Turku"]);
});

test("a suspension names the zone, as far as its words may be long", () => {
  const area: GeoJSON.Polygon = { type: "Polygon", coordinates: [square(0, 0, 1)] };
  assert.deepEqual(areaOf("Estlink approach", area), { area, where: "Estlink approach" });
  assert.equal([...areaOf("🚢".repeat(90), area).where].length, 80);
});
