import assert from "node:assert/strict";
import { test } from "node:test";
import { circle, NM_M, outlineText, parseDate, parseOutline, parsePlace, placesOf, polygonOf } from "../src/draw/places.ts";

test("a place is read as decimals, or as degrees and minutes in either order", () => {
  const want = [24.5, 59.691667];
  for (const text of ["24.5, 59.691667", "24.5 59.691667", "024°30.0′E 59°41.5′N", "59 41.5N 24 30E"]) {
    assert.deepEqual(parsePlace(text), want, text);
  }
  for (const text of ["", "24.5", "59.69 24.5 1", "124 59", "24 30 E", "24°70′E 59°41′N", "24.5; drop"]) {
    assert.equal(parsePlace(text), null, text);
  }
});

test("an outline is a corner a line, and the first wrong line is named", () => {
  assert.deepEqual(parseOutline("20 58\n\n21 58\n21 59\n"), { places: [[20, 58], [21, 58], [21, 59]] });
  assert.deepEqual(parseOutline("20 58\n2158\n21 59"), { wrong: 2 });
  const places = circle([20, 58], 3);
  assert.deepEqual(parseOutline(outlineText(places)), { places: places.map((place) => place.map((n) => Number(n.toFixed(5)))) });
});

test("a circle has its radius all round and closes as GeoJSON", () => {
  const places = circle([20, 58], 3);
  const metre = Math.PI * 6_378_137 / 180;
  for (const [lon, lat] of places) {
    const distance_m = Math.hypot((lon - 20) * metre * Math.cos((58 * Math.PI) / 180), (lat - 58) * metre);
    assert.ok(Math.abs(distance_m - 3 * NM_M) < 30, String(distance_m));
  }
  const polygon = polygonOf(places);
  assert.deepEqual(polygon.coordinates[0]![0], polygon.coordinates[0]!.at(-1));
  assert.deepEqual(placesOf(polygon), places);
  assert.equal(placesOf({ type: "Polygon", coordinates: [...polygon.coordinates, ...polygon.coordinates] }), null);
});

test("a date is UTC", () => {
  assert.equal(parseDate("2026-12-24 12:00"), Date.UTC(2026, 11, 24, 12));
  assert.equal(parseDate("2026-12-24"), Date.UTC(2026, 11, 24));
  assert.equal(parseDate("24.12.2026"), null);
});
