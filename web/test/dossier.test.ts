import assert from "node:assert/strict";
import { test } from "node:test";
import { marks, nearestRow, runs } from "../src/dossier/scale.ts";
import { slots } from "../src/dossier/slots.ts";
import { speedClass, speedEdges, speedPieces } from "../src/dossier/speed.ts";
import type { DossierTrack } from "../src/dossier/types.ts";

const MINUTE = 60_000;

function track(minutes: number[], sog_kn: (number | null)[]): DossierTrack {
  const nulls = minutes.map(() => null);
  const ones = minutes.map(() => 1);
  return {
    t_ms: minutes.map((minute) => minute * MINUTE), lon: ones, lat: ones, sog_kn, cog_deg: nulls, heading_deg: nulls,
    distance_m: nulls, msg_type: ones, station: ones, source: minutes.map(String),
  };
}

test("speed classes are round, cover the track, and have no more than five", () => {
  assert.deepEqual(speedEdges([6.2, 10.9]), [7, 8, 9, 10, 11]);
  assert.deepEqual(speedEdges([null]), []);
  const edges = speedEdges([0, 24]);
  assert.ok(edges.length <= 5 && edges.at(-1)! >= 24, String(edges));
  for (const value of [0, 3.3, 9.9, 24]) {
    const k = speedClass(edges, value);
    assert.ok(value <= edges[k]! && (k === 0 || value >= edges[k - 1]!), `${value} in class ${k} of ${edges}`);
  }
  assert.equal(speedClass(edges, null), -1);
});

test("every known speed lies within the last edge", () => {
  for (let low = 0; low < 12; low += 0.7)
    for (let high = low; high < 30; high += 0.9) {
      const edges = speedEdges([low, high]);
      assert.ok(edges.length >= 1 && edges.length <= 5, `${low} ${high}: ${edges}`);
      assert.ok(edges.at(-1)! >= high - 1e-9, `${low} ${high}: ${edges}`);
    }
});

test("pieces of one speed join each other, and never cross a gap", () => {
  const pieces = speedPieces(track([0, 1, 2, 3, 60, 61], [9.5, 9.4, 7.2, 7.1, 7.0, 7.2]), [8, 10]);
  assert.deepEqual(pieces.map(({ speed, rows }) => [speed, rows]), [[1, [0, 1, 2]], [0, [2, 3]], [0, [4, 5]]]);
});

test("spans of time hold every report once, and gaps are empty spans", () => {
  const minutes = [0, 1, 2, 40, 41, 130];
  const { list } = slots(minutes.map((minute) => minute * MINUTE));
  assert.deepEqual(list.flatMap(({ rows }) => rows), [0, 1, 2, 3, 4, 5]);
  assert.ok(list.some(({ rows }) => rows.length === 0));
  assert.ok(list.length <= 37);
  assert.equal(slots([5 * MINUTE]).list.length, 1);
});

test("the nearest row, the marks of a scale, and runs", () => {
  assert.deepEqual([nearestRow([0, 10, 20], 4), nearestRow([0, 10, 20], 16), nearestRow([7], 99)], [0, 2, 0]);
  assert.deepEqual(marks(-3, 7, 5), [0, 5]);
  assert.deepEqual(runs([0, 1, 2, 30, 31].map((m) => m * MINUTE), (row) => row !== 1), [[0, 2], [3, 4]]);
});
