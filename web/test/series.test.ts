// The chart's columns, the words, the places.
import assert from "node:assert/strict";
import { test } from "node:test";
import { circularMiddle, courseText, extended, gapLimit_ms, seriesOf } from "../src/evidence/series.ts";
import { duration, measured, outside, placeDm, vesselName } from "../src/format/format.ts";
import { meets } from "../src/map/geometry.ts";
import { ahead, latOf, lonOf, mercatorX, mercatorY, metresPerPx } from "../src/map/mercator.ts";
import { stillAhead } from "../src/map/next.ts";
import { constrain } from "../src/map/view.ts";
import { mergeAlerts } from "../src/state/session.ts";
import type { Alert, Track } from "../src/wire/types.ts";

const track = (t_min: number[], heading: (number | null)[]): Track => ({
  t_ms: t_min.map((minute) => minute * 60_000),
  lon: t_min.map(() => 20),
  lat: t_min.map(() => 58),
  sog_kn: t_min.map(() => 10),
  cog_deg: heading,
  heading_deg: heading,
});

test("a gap is a break in all lines, at a point that is no fix", () => {
  const series = seriesOf(track([0, 1, 2, 30, 31], [90, 90, 90, 90, 90]));
  assert.equal(series.t_s.length, 6);
  assert.deepEqual(series.sog_kn, [10, 10, 10, null, 10, 10]);
  assert.deepEqual(series.source, [0, 1, 2, -1, 3, 4]);
  assert.deepEqual(series.t_s, [...series.t_s].sort((a, b) => a - b));
});

test("rare fixes are no gap: the limit follows the usual interval", () => {
  assert.equal(gapLimit_ms([0, 60_000, 120_000]), 6 * 60_000);
  assert.equal(gapLimit_ms([0, 600_000, 1_200_000, 1_800_000]), 2_400_000);
});

test("a course through north runs on instead of jumping", () => {
  const { heading_deg } = seriesOf(track([0, 1, 2, 3], [350, 358, 4, 12]));
  const steps = heading_deg.slice(1).map((value, at) => value! - heading_deg[at]!);
  assert.deepEqual(steps, [8, 6, 8]);
  assert.deepEqual(heading_deg.map((value) => courseText(value!)), ["350", "358", "004", "012"]);
});

test("the middle of opposite courses is defined, and nulls do not count", () => {
  assert.equal(circularMiddle([90, 270]), 180);
  assert.equal(circularMiddle([null, 80, 100, null]), 90);
});

test("text from outside cannot turn or break the line it stands in", () => {
  assert.equal(outside("A\u202eB\u0000C\nD\u200b"), "A\ufffdB\ufffdC\ufffdD\ufffd");
  assert.equal(vesselName(""), "name not received");
  assert.equal(outside("Žaliasis Ąžuolas Õie Łódź"), "Žaliasis Ąžuolas Õie Łódź");
});

test("places and numbers", () => {
  assert.equal(placeDm(24.5017, 59.692), "024°30.102′E 59°41.520′N");
  assert.equal(placeDm(-0.99999999, -59.9999999), "001°00.000′W 60°00.000′S");
  assert.deepEqual([40_000, 720_000, 11_100_000, 100_800_000].map(duration), ["40 s", "12 min", "3 h 05", "1 d 4 h"]);
  assert.deepEqual([0.62, 11.24, 310, 1852, -0.05].map(measured), ["0.62", "11.2", "310", "1,852", "-0.05"]);
});

test("Mercator there and back, and a mile is a mile", () => {
  assert.ok(Math.abs(lonOf(mercatorX(24.5)) - 24.5) < 1e-9);
  assert.ok(Math.abs(latOf(mercatorY(59.7)) - 59.7) < 1e-9);
  const [lon, lat] = ahead(24, 60, 0, 1852);
  assert.ok(Math.abs(lon - 24) < 1e-9 && Math.abs((lat - 60) * 60 - 0.9993) < 0.002);
  // One pixel as metres agrees with the step of the map in degrees.
  const px = (mercatorX(24.001) - mercatorX(24)) * 512 * 2 ** 10;
  assert.ok(Math.abs((px * metresPerPx(10, 60)) / (0.001 * 111_319.5 * 0.5) - 1) < 1e-3);
});

test("a held course meets the line ahead, and not the one behind", () => {
  const line = Float64Array.from([[25, 59], [25, 61]].flatMap(([lon, lat]) => [mercatorX(lon!), mercatorY(lat!)]));
  const [x, y] = [mercatorX(26), mercatorY(60)];
  const west = meets(line, x, y, 270, 0.1);
  assert.ok(west && Math.abs(lonOf(west[0]) - 25) < 1e-9 && Math.abs(latOf(west[1]) - 60) < 1e-9);
  assert.equal(meets(line, x, y, 90, 0.1), null);
  assert.equal(meets(line, x, y, 270, 0.0001), null);
});

test("no camera looks beyond the chart", () => {
  for (const camera of [{ x: 0, y: 0, zoom: 0 }, { x: 1, y: 1, zoom: 9 }, { x: 0.55, y: 0.3, zoom: 30 }]) {
    const { x, y, zoom } = constrain({ ...camera, width: 1200, height: 800 });
    const [halfX, halfY] = [600 / 512 / 2 ** zoom, 400 / 512 / 2 ** zoom];
    assert.ok(lonOf(x - halfX) >= 9 && lonOf(x + halfX) <= 31, `${lonOf(x - halfX)} ${lonOf(x + halfX)}`);
    assert.ok(latOf(y + halfY) >= 53 && latOf(y - halfY) <= 66.5);
  }
});

const alert = (id: string, version: number): Alert => ({ id, version, triage: { last_seq: 0 } }) as Alert;

test("new alerts come first, new versions stay in place, old versions are ignored", () => {
  const known = new Map([["a", alert("a", 1)], ["b", alert("b", 3)]]);
  const merged = mergeAlerts(known, [alert("b", 2), alert("a", 2), alert("c", 1)]);
  assert.deepEqual([...merged.values()].map(({ id, version }) => `${id}${version}`), ["c1", "a2", "b3"]);
});

test("the chart goes on with the fixes after the evidence, and with no others", () => {
  const evidence = track([0, 1, 2], [90, 90, 90]);
  assert.equal(extended(evidence, null), evidence);
  assert.equal(extended(evidence, track([0, 1], [80, 80])), evidence);
  const longer = extended(evidence, track([1, 2, 3, 4], [80, 80, 80, 80]));
  assert.deepEqual(longer.t_ms, [0, 1, 2, 3, 4].map((minute) => minute * 60_000));
  assert.deepEqual(longer.heading_deg, [90, 90, 90, 80, 80]);
  const late = extended(evidence, track([3, 92, 93], [80, 80, 80]));
  assert.deepEqual(late.t_ms.map((t_ms) => t_ms / 60_000), [0, 1, 2, 3, 92]);
});

test("what the clock has passed is next no more, and the soonest comes first", () => {
  const next = [["a", "12:00"], ["b", "10:00"], ["c", "11:00"], ["d", null]].map(([id, at]) => ({
    id: id!, name: id!, kind: "telecom_cable", distance_km: 1, eta: at ? `2024-12-25T${at}:00Z` : null,
  }));
  const ahead = stillAhead(next, Date.parse("2024-12-25T10:30:00Z"));
  assert.deepEqual(ahead.map(({ id }) => id), ["c", "a", "d"]);
});
