// The picture: snapshots replace, deltas change rows, removals leave no hole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { STALE_AT_REST_MS, STALE_UNDER_WAY_MS, VesselStore } from "../src/state/vessels.ts";
import { DELTA, type Frame, REMOVED, SNAPSHOT } from "../src/wire/frame.ts";

interface Row {
  mmsi: number;
  lon?: number;
  lat?: number;
  cog?: number;
  sog?: number;
  age?: number;
  flags?: number;
}

function frame(kind: number, rows: Row[], t_ms = 1_000_000_000): Frame {
  return {
    kind,
    n: rows.length,
    t_ms,
    mmsi: Uint32Array.from(rows, (row) => row.mmsi),
    lonLat: Float32Array.from(rows.flatMap((row) => [row.lon ?? 20, row.lat ?? 58])),
    cog_x10: Uint16Array.from(rows, (row) => row.cog ?? 900),
    sog_x10: Uint16Array.from(rows, (row) => row.sog ?? 100),
    age_s: Uint16Array.from(rows, (row) => row.age ?? 0),
    vesselClass: Uint8Array.from(rows, (row) => row.flags ?? 1),
  };
}

test("a snapshot replaces the picture, a delta changes its rows", () => {
  const store = new VesselStore();
  store.apply(frame(SNAPSHOT, [{ mmsi: 1 }, { mmsi: 2, lon: 21 }]));
  store.apply(frame(DELTA, [{ mmsi: 2, lon: 22 }, { mmsi: 3 }]));
  assert.equal(store.n, 3);
  assert.equal(store.row(2)!.lon, 22);
  store.apply(frame(SNAPSHOT, [{ mmsi: 9 }]));
  assert.equal(store.n, 1);
  assert.equal(store.row(1), null);
});

test("removing any row keeps all others findable", () => {
  for (let gone = 1; gone <= 5; gone += 1) {
    const store = new VesselStore();
    store.apply(frame(SNAPSHOT, [1, 2, 3, 4, 5].map((mmsi) => ({ mmsi, lon: 10 + mmsi }))));
    store.apply(frame(REMOVED, [{ mmsi: gone }, { mmsi: 77 }]));
    assert.equal(store.n, 4);
    for (const mmsi of [1, 2, 3, 4, 5]) assert.equal(store.row(mmsi)?.lon ?? null, mmsi === gone ? null : 10 + mmsi);
  }
});

test("grows beyond its first size without losing rows", () => {
  const store = new VesselStore();
  const rows = Array.from({ length: 9000 }, (_, at) => ({ mmsi: at + 1, lat: 54 + at / 1000 }));
  store.apply(frame(SNAPSHOT, rows.slice(0, 10)));
  store.apply(frame(DELTA, rows));
  assert.equal(store.n, 9000);
  assert.ok(Math.abs(store.row(8001)!.lat - 62) < 1e-5);
});

test("stale after 3 minutes under way, 12 at rest, at once when the age is not known", () => {
  const store = new VesselStore();
  const t_ms = 1_000_000_000;
  store.apply(frame(SNAPSHOT, [{ mmsi: 1, sog: 120, age: 60 }, { mmsi: 2, sog: 0, age: 60 }, { mmsi: 3, age: 65535 }], t_ms));
  assert.equal(store.staleAt_ms[0], t_ms - 60_000 + STALE_UNDER_WAY_MS);
  assert.equal(store.staleAt_ms[1], t_ms - 60_000 + STALE_AT_REST_MS);
  assert.equal(store.staleAt_ms[2], Number.NEGATIVE_INFINITY);
});

test("codes for not available come out as null, the exercise bit as a word", () => {
  const store = new VesselStore();
  store.apply(frame(SNAPSHOT, [{ mmsi: 1, cog: 3600, sog: 1023, flags: 0x82 }]));
  const row = store.row(1)!;
  assert.deepEqual([row.cog_deg, row.sog_kn, row.exercise, row.vesselClass], [null, null, true, 2]);
  assert.equal(store.isPointed(0), false);
});

test("a position off the map is not drawn", () => {
  const store = new VesselStore();
  store.apply(frame(SNAPSHOT, [{ mmsi: 1, lon: 181, lat: 91 }, { mmsi: 2, lon: Number.NaN }, { mmsi: 3 }]));
  assert.equal(store.n, 1);
  assert.ok(store.row(3));
});
