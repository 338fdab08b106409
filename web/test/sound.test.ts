// Which Alarms sound: those that wait, that are new, and that nobody silenced here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awayFor, FRESH_MS, GRACE_MS, haltKey, heardNow, isLive, rings, SILENCE_MS, soundKey, STEP_MS, stoodAt } from "../src/sound/rings.ts";
import type { Alert, Clock, Halt, Triage } from "../src/wire/types.ts";

const NOW = Date.UTC(2024, 11, 25, 12);

function alarm(id: string, detected_ms = NOW, triage: Partial<Triage> = {}, more: Partial<Alert> = {}): Alert {
  const full = { state: "unack", raised_again_ms: null, snoozed_until_ms: null, ...triage };
  return { id, priority: "P1", state: "open", muted_by: [], t_detected: new Date(detected_ms).toISOString(), ...more, triage: full } as unknown as Alert;
}

test("an Alarm rings while it waits; nothing less does", () => {
  assert.ok(rings(alarm("a"), NOW));
  const silent = [
    alarm("b", NOW, {}, { priority: "P2" }), alarm("c", NOW, {}, { muted_by: ["port"] }), alarm("d", NOW, {}, { state: "closed" }),
    alarm("e", NOW, { state: "ack" }), alarm("f", NOW, { state: "escalated" }), alarm("g", NOW, { snoozed_until_ms: NOW + 1 }),
  ];
  assert.deepEqual(silent.filter((one) => rings(one, NOW)), []);
  assert.ok(rings(alarm("h", NOW, { snoozed_until_ms: NOW - 1 }), NOW));
});

test("a replay at speed and a clock that stands are not live", () => {
  const clock = { playing: true, speed: 1, live: false } as Clock;
  assert.ok(isLive(clock) && isLive({ ...clock, speed: 60, live: true }));
  assert.ok(!isLive({ ...clock, speed: 60 }) && !isLive({ ...clock, playing: false }) && !isLive(null));
  // Behind a screen that looks back the watch goes on, whatever that screen's own clock does.
  assert.ok(isLive({ ...clock, own: true, playing: false }) && isLive({ ...clock, own: true, speed: 60 }));
});

test("what stood before is no news, unless it is raised again", () => {
  const old = alarm("old", NOW - FRESH_MS - 1);
  const stood = stoodAt([old, alarm("new", NOW - FRESH_MS + 1)], NOW - FRESH_MS);
  assert.deepEqual([...stood], [soundKey(old)]);
  const again = alarm("old", NOW - FRESH_MS - 1, { raised_again_ms: NOW });
  assert.deepEqual(heardNow([old, again], stood, new Map(), 0), [again]);
});

test("silence ends by itself, and covers nothing new", () => {
  const [one, other] = [alarm("one"), alarm("other")];
  const silenced = new Map([[soundKey(one), { until_ms: SILENCE_MS, until_t_ms: NOW }]]);
  assert.deepEqual(heardNow([one, other], new Set(), silenced, SILENCE_MS - 1), [other]);
  assert.deepEqual(heardNow([one, other], new Set(), silenced, SILENCE_MS), [one, other]);
});

test("a watch that does not judge sounds as long as that lasts; one that begins anew is not silenced", () => {
  const halt = { cause: "store", since_ms: 7, until_ms: null } as Halt;
  assert.equal(haltKey(halt), haltKey({ ...halt, cause: "folding" }));
  assert.notEqual(haltKey(halt), haltKey({ ...halt, since_ms: 8 }));
  assert.ok(haltKey(halt) !== "" && haltKey({ ...halt, until_ms: 9 }) === "" && haltKey(null) === "");
});

test("a lost line counts while the screen is awake, and from nothing once it is back", () => {
  let away_ms = 0;
  for (let tick = 0; tick < 40; tick += 1) away_ms = awayFor(away_ms, 250, "down");
  assert.equal(away_ms, 10_000);
  assert.equal(awayFor(away_ms, 250, "up"), 0);
  assert.equal(awayFor(0, GRACE_MS, "connecting"), 0);
  // An hour of sleep does not make it ring at once; a hidden tab, told once a minute, comes to it all the same.
  assert.ok(awayFor(0, 3_600_000, "down") < GRACE_MS);
  assert.ok(awayFor(awayFor(0, 60_000, "down"), 60_000, "down") >= GRACE_MS && STEP_MS < GRACE_MS);
});
