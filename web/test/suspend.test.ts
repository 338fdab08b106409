import assert from "node:assert/strict";
import { test } from "node:test";
import { circle, readTime } from "../src/triage/suspend-input.ts";

test("a circle is as far around as it says, and closed", () => {
  const [ring] = circle(20, 60, 5).coordinates;
  assert.deepEqual(ring!.at(0), ring!.at(-1));
  for (const [lon, lat] of ring!) {
    const nm = 60 * Math.hypot((lon! - 20) * Math.cos(Math.PI / 3), lat! - 60);
    assert.ok(Math.abs(nm - 5) < 0.001, `${nm}`);
  }
});

test("another time is a day and a minute in UTC, or none", () => {
  assert.equal(readTime(" 2024-12-26 14:00 "), Date.UTC(2024, 11, 26, 14));
  assert.equal(readTime("2024-12-26T14:00Z"), Date.UTC(2024, 11, 26, 14));
  for (const text of ["", "14:00", "26.12.2024 14:00", "2024-13-01 00:00", "2024-12-26 25:00"]) assert.equal(readTime(text), null);
});
