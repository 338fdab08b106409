// The time bar's window and axis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axisMarks, DAY_MS, HOUR_MS, partOf, stack, windowOf } from "../src/playback/window.ts";

const MONDAY = Date.UTC(2024, 11, 23);
const span = { from_ms: MONDAY + 7 * HOUR_MS, to_ms: MONDAY + 4 * DAY_MS };

test("a window holds the clock in its middle half, and stands still while it does", () => {
  const seen = new Set<number>();
  for (let at_ms = span.from_ms; at_ms <= span.to_ms; at_ms += HOUR_MS / 4) {
    const shown = windowOf(span, at_ms, 6 * HOUR_MS);
    seen.add(shown.from_ms);
    assert.equal(shown.to_ms - shown.from_ms, 6 * HOUR_MS);
    assert.ok(shown.from_ms >= span.from_ms && shown.to_ms <= span.to_ms);
    const part = partOf(shown, at_ms);
    const isAtAnEnd = shown.from_ms === span.from_ms || shown.to_ms === span.to_ms;
    assert.ok(isAtAnEnd ? part >= 0 && part <= 1 : part >= 0.25 && part <= 0.75, String(part));
  }
  assert.ok(seen.size <= 31, `${seen.size} windows in 89 hours`);
});

test("what is no longer than the window is shown whole", () => {
  assert.deepEqual(windowOf(span, span.from_ms, null), span);
  assert.deepEqual(windowOf(span, span.from_ms, 5 * DAY_MS), span);
});

test("marks of the axis have room, stand on whole hours, and every midnight in it is a day", () => {
  for (const [hours, width_px] of [[6, 300], [6, 1100], [24, 1100], [90, 1100], [24 * 40, 1100], [0.2, 1100]] as const) {
    const shown = { from_ms: span.from_ms, to_ms: span.from_ms + hours * HOUR_MS };
    const marks = axisMarks(shown, width_px);
    assert.ok(marks.length >= 2, `${hours} h`);
    const px = marks.map(({ t_ms }) => partOf(shown, t_ms) * width_px);
    px.slice(1).forEach((at, index) => assert.ok(at - px[index]! >= 64));
    for (const { t_ms, text, isDay } of marks) {
      assert.equal(isDay, new Date(t_ms).toISOString().slice(11, 19) === "00:00:00");
      assert.equal(text, new Date(t_ms).toISOString().slice(...(isDay ? [5, 10] : [11, 16]) as [number, number]));
    }
  }
  const days = axisMarks(span, 1100).filter(({ isDay }) => isDay).map(({ text }) => text);
  assert.deepEqual(days, ["12-24", "12-25", "12-26", "12-27"]);
});

test("one alert is seen beside a hundred, and nothing stands for none", () => {
  const [notes, warnings, alarms] = stack([0, 100, 1], 101, 20) as [number, number, number];
  assert.equal(notes, 0);
  assert.ok(alarms >= 3);
  assert.ok(warnings > 15 && warnings <= 20);
});
