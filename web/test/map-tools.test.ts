// The arithmetic and the texts of the map's tools.
import assert from "node:assert/strict";
import { test } from "node:test";
import { layersText, readLayers, showsKind } from "../src/layers/layers.ts";
import { gnssAreas } from "../src/layers/gnss.ts";
import { type AssetShape, assetShapes } from "../src/map/geometry.ts";
import { near } from "../src/map/near.ts";
import { parsePlace } from "../src/map/place.ts";
import { between, geodesic, type Position } from "../src/map/wgs84.ts";
import type { VesselRow } from "../src/state/vessels.ts";
import { filterText, readFilter } from "../src/views/filter-text.ts";
import { linkOf, readLink } from "../src/views/link.ts";
import type { Alert, AssetCollection } from "../src/wire/types.ts";

test("distance and bearing are those of PROJ on WGS84", () => {
  // pyproj.Geod(ellps="WGS84").inv: metres, degrees.
  const known: [Position, Position, number, number][] = [
    [[20.4, 58.2], [24.75, 59.5], 289786.369, 58.1789],
    [[9.1, 53.1], [30.9, 66.4], 1902058.212, 30.4922],
    [[20, 58], [20, 59], 111386.413, 0.0000],
    [[24.9, 59.9], [24.901, 59.9001], 57.066, 78.7414],
    [[25, 60], [20, 60], 278933.603, 272.1654],
  ];
  for (const [from, to, distance_m, bearing_deg] of known) {
    const found = geodesic(from, to);
    assert.ok(Math.abs(found.distance_m - distance_m) < 0.002, `${found.distance_m} for ${distance_m}`);
    assert.ok(Math.abs(found.bearing_deg - bearing_deg) < 0.0002, `${found.bearing_deg} for ${bearing_deg}`);
  }
  assert.equal(geodesic([20, 58], [20, 58]).distance_m, 0);
});

test("a great circle bends north of the parallel and keeps its ends", () => {
  const way = between([10, 60], [30, 60], 4);
  assert.equal(way.length, 5);
  assert.ok(way[2]![1] > 60.3);
  assert.ok(Math.abs(way[2]![0] - 20) < 1e-9);
  assert.ok(Math.abs(way[4]![0] - 30) < 1e-9 && Math.abs(way[4]![1] - 60) < 1e-9);
});

test("places are read as people write them", () => {
  const at: Position = [20.4, 58.2];
  for (const text of [
    "58 12.0N 020 24.0E", "58.2, 20.4", "20.40000, 58.20000", "58.2 20.4", "58,2 20,4", "58,2; 20,4", "N58 12.0 E020 24.0",
    "020°24.000′E 58°12.000′N", "58°12'00\"N 20°24'00\"E", "020°24.000′E 58°12.000′N (20.40000, 58.20000)", "58 12,0N, 020 24,0e",
    "58 12 20 24",
  ]) {
    const found = parsePlace(text);
    assert.ok(found && Math.abs(found[0] - at[0]) < 1e-9 && Math.abs(found[1] - at[1]) < 1e-9, `${text}: ${found}`);
  }
  assert.deepEqual(parsePlace("33 30S 70 15W"), [-70.25, -33.5]);
  for (const text of ["", "bulker", "219000001", "58 72.0N 020 24.0E", "58N", "58N 60N", "99.5, 200.1", "1 2 3", "EAGLE S"]) {
    assert.equal(parsePlace(text), null, text);
  }
});

test("a filter goes into a link and back, whatever its fields", () => {
  const first = { onlyOpen: true, priorities: new Set(["P1", "P2", "P3"]), who: null as string | null, tab: "open", ages: [1, 2] };
  assert.equal(filterText(first, first), "");
  assert.equal(filterText({ ...first, priorities: new Set(["P3", "P2", "P1"]) }, first), "");
  const now = { ...first, onlyOpen: false, priorities: new Set(["P1"]), who: "V. P.", tab: "mine" };
  assert.deepEqual(readFilter(filterText(now, first), first), now);
  assert.deepEqual(readFilter('{"tab":"mine","gone":3,"onlyOpen":"yes","priorities":"P1","ages":{}}', first), { ...first, tab: "mine" });
  for (const text of ["{", "null", "3", "[]"]) assert.deepEqual(readFilter(text, first), first);
});

test("a view goes into a link and back; broken parts are left out", () => {
  const view = {
    camera: { lon: 20.4, lat: 58.2, zoom: 5.5 }, alert: "gap-0001", t_ms: 1_735_125_000_000,
    layers: "-ports.masks", filter: '{"priorities":["P1"],"text":"a&b=#ė"}',
  };
  assert.deepEqual(readLink(`#${linkOf(view)}`), view);
  assert.deepEqual(readLink(linkOf({ mmsi: 219000001 })), { mmsi: 219000001 });
  assert.match(linkOf(view), /^map=20\.4000,58\.2000,5\.50&alert=gap-0001&t=2024-12-25T/);
  assert.deepEqual(readLink("#map=20,x,5&vessel=-3&t=never&nobody=1"), {});
  assert.deepEqual(readLink("#map=20,58,5,9&vessel=12345678901"), {});
});

test("layers are kept as what differs from the first setting", () => {
  const first = readLayers("");
  assert.equal(layersText(first), "");
  const other = readLayers("masks.-ports.-nonsense.toString");
  assert.equal(other.masks, true);
  assert.equal(other.ports, false);
  assert.equal(layersText(other), "-ports.masks");
  assert.equal(showsKind("gas_pipeline", readLayers("-pipeline")), false);
  assert.equal(showsKind("telecom_cable", readLayers("-pipeline")), true);
  assert.equal(showsKind("a kind of the user's own", readLayers("-pipeline.-wind")), true);
});

test("open GNSS alerts are areas around their place", () => {
  const one = (detector: string, state: string): Alert => ({ id: detector + state, detector, state, lon: 20 + 1 / 6, lat: 57 + 1 / 12 }) as Alert;
  const { features } = gnssAreas([one("gnss_area", "open"), one("gnss_area", "closed"), one("gap", "open")]);
  assert.equal(features.length, 1);
  const ring = (features[0]!.geometry as GeoJSON.Polygon).coordinates[0]!;
  const lons = ring.map(([lon]) => lon!);
  const lats = ring.map(([, lat]) => lat!);
  const ends = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  [20, 20 + 1 / 3, 57, 57 + 1 / 6].forEach((value, at) => assert.ok(Math.abs(ends[at]! - value) < 1e-9));
});

const MERIDIAN: GeoJSON.Geometry = { type: "LineString", coordinates: [[21, 57], [21, 59]] };
const BOX: GeoJSON.Geometry = { type: "Polygon", coordinates: [[[23, 57.9], [24, 57.9], [24, 58.1], [23, 58.1], [23, 57.9]]] };

function shapes(): AssetShape[] {
  const properties = (id: string, status: string) => ({ id, name: id, kind: "x", status, operator: null, accuracy_m: 100, length_km: 1 });
  return assetShapes({
    type: "FeatureCollection",
    features: [
      { type: "Feature", geometry: MERIDIAN, properties: properties("cable", "in_service") },
      { type: "Feature", geometry: BOX, properties: properties("farm", "in_service") },
      { type: "Feature", geometry: { type: "Point", coordinates: [20.01, 58] }, properties: properties("never built", "planned") },
    ],
  } as AssetCollection);
}

const vessel = (lon: number, cog_deg: number | null, sog_kn: number | null): VesselRow => ({
  mmsi: 1, lon, lat: 58, cog_deg, sog_kn, fix_ms: 0, ageIsFloor: false, vesselClass: 1, exercise: false,
});

test("a vessel's nearest asset, its approach and what it meets", () => {
  const one_nm = geodesic([20.9, 58], [21, 58]).distance_m / 1852;
  const east = near(vessel(20.9, 90, one_nm * 2), shapes());
  assert.equal(east.nearest!.shape.properties.id, "cable");
  assert.ok(Math.abs(east.nearest!.distance_m / 1852 - one_nm) < 0.001);
  assert.equal(east.cpa!.distance_m, 0);
  assert.ok(Math.abs(east.cpa!.after_ms - 1_800_000) < 5000, String(east.cpa!.after_ms));
  assert.deepEqual(east.next.map(({ shape }) => shape.properties.id), ["cable"]);
  const west = near(vessel(20.9, 270, 10), shapes());
  assert.equal(west.cpa!.after_ms, 0);
  assert.ok(Math.abs(west.cpa!.distance_m - west.nearest!.distance_m) < 1);
  assert.deepEqual(west.next, []);
  const north = near(vessel(20.9, 0, 10), shapes(), "farm");
  assert.equal(north.cpa!.shape.properties.id, "farm");
  assert.ok(north.cpa!.distance_m > 60_000);
  for (const still of [vessel(20.9, 90, 0.2), vessel(20.9, null, 10), vessel(20.9, 90, null)]) {
    assert.equal(near(still, shapes()).cpa, null);
    assert.ok(near(still, shapes()).nearest);
  }
  const inside = near(vessel(23.5, 90, 10), shapes());
  assert.equal(inside.nearest!.shape.properties.id, "farm");
  assert.equal(inside.nearest!.distance_m, 0);
  assert.equal(near(vessel(20.9, 90, 10), []).nearest, null);
});
