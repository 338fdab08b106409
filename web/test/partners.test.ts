// What partners send is read without belief: nothing of another kind gets through, and no key is one of our own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder, inTab } from "../src/list/filter.ts";
import { keptBack } from "../src/partners/tool-kept-back.ts";
import { feedsWithheld, isTold, mayWithdraw } from "../src/partners/tool-withheld.ts";
import { byKey, keyOf, readTheirs, splitKey } from "../src/partners/tool-read.ts";
import { linkOf, readLink } from "../src/views/link.ts";
import { filterText, readFilter } from "../src/views/filter-text.ts";
import { FIRST_FILTER } from "../src/list/filter.ts";

const ORIGIN = { instance: "6a3803d5f059902a", peer: "riga", name: "Riga", received: "2026-11-30T08:00:00Z", bundle: "ab" };
const SENT = {
  origin: ORIGIN, id: "0123456789abcdef", version: 2, detector: "gap", state: "open", priority: "P2", t_start: "2026-11-30T07:00:00Z",
  t_detected: "2026-11-30T07:10:00Z", t_end: null, exercise: null, release: { group: "nato", redacted: ["asset.kp_km"] },
  subject: { domain: "sea", mmsi: 230000001, imo: 9_999_993, name: "SHIP" }, lon: 20, lat: 58, text: "Not received.",
};

test("an alert of a partner keeps what was told", () => {
  const read = readTheirs({ ...SENT, why: [{ feature: "gap_s", value: 3, unit: "s", threshold: 1, margin: 2, passed: true }], versions: [SENT] })!;
  assert.equal(read.id, "6a3803d5f059902a~0123456789abcdef");
  assert.deepEqual(splitKey(read.id), { instance: ORIGIN.instance, id: SENT.id });
  assert.deepEqual([read.subject.mmsi, read.lon, read.lat, read.text], [230000001, 20, 58, "Not received."]);
  assert.deepEqual(read.release, SENT.release);
  assert.equal(read.exercise, null);
  assert.equal(read.why.length, 1);
  assert.deepEqual(read.versions.map(({ version }) => version), [2]);
});

test("what was kept back is absent, and nowhere is no place", () => {
  const read = readTheirs({ ...SENT, lon: undefined, lat: undefined, subject: { domain: "sea" }, text: undefined, asset: undefined })!;
  assert.ok(Number.isNaN(read.lon) && Number.isNaN(read.lat));
  assert.deepEqual([read.subject.mmsi, read.subject.name, read.asset, read.text], [null, null, null, ""]);
});

test("whatever kind a field is of, nothing but what was agreed gets through", () => {
  const odd: unknown[] = [null, undefined, true, 7, -1, 1e99, "x", [], [[]], [null], {}, { name: {} }, { mmsi: "1", name: 7 }, { mmsi: 1e12 }];
  for (const value of odd) {
    for (const field of Object.keys({ ...SENT, why: 0, against: 0, asset: 0, next_assets: 0, notes: 0, context: 0, versions: 0, muted_by: 0 })) {
      const read = readTheirs({ ...SENT, [field]: value });
      if (read === null) continue;
      assert.equal(typeof read.text, "string");
      assert.equal(typeof read.detector, "string");
      assert.ok(read.subject.mmsi === null || (Number.isInteger(read.subject.mmsi) && read.subject.mmsi <= 999_999_999));
      assert.ok(read.subject.name === null || typeof read.subject.name === "string");
      for (const list of [read.why, read.against, read.next_assets, read.versions, read.muted_by, read.release!.redacted]) assert.ok(Array.isArray(list));
      assert.ok(read.against.every((one) => typeof one === "string"));
      assert.ok(read.asset === null || typeof read.asset.name === "string");
      assert.ok(read.id.includes("~"), "no key of ours has that letter");
      assert.equal(typeof read.origin!.name, "string");
    }
    assert.equal(readTheirs(value), null);
  }
  assert.deepEqual([...byKey([null, SENT, { ...SENT, state: "gone" }, { ...SENT, priority: "P0" }, { ...SENT, origin: {} }]).keys()], [keyOf(ORIGIN.instance, SENT.id)]);
});

test("an exercise is one whatever it is called", () => {
  for (const exercise of ["drill", "", 0, 1, true, {}, []]) assert.ok(readTheirs({ ...SENT, exercise })!.exercise);
  for (const exercise of [null, undefined, false]) assert.equal(readTheirs({ ...SENT, exercise })!.exercise, null);
});

test("what is kept back is told in words, each once, the worst first", () => {
  const vessel = ["subject.mmsi", "subject.imo", "subject.name", "text", "against", "context", "notes", "track"];
  assert.deepEqual(keptBack([...vessel, "triage", "log", "subject.name"]), {
    main: ["who the vessel is", "the sentence", "the track"],
    rest: ["what speaks against it", "the circumstances", "what raised or lowered the priority", "what officers did"],
  });
  assert.deepEqual(keptBack(["lon", "lat", "asset.kp_km", "asset"]), { main: ["the place", "the asset"], rest: [] });
  assert.deepEqual(keptBack(["new.field\u202e"]), { main: [], rest: ["new.field\ufffd"] });
  assert.deepEqual(keptBack([]), { main: [], rest: [] });
});

test("theirs are open until they say otherwise, and stand behind our own of the same priority", () => {
  const theirs = readTheirs(SENT)!;
  const over = readTheirs({ ...SENT, state: "closed" })!;
  assert.deepEqual((["open", "mine", "snoozed", "done", "all"] as const).map((tab) => inTab(theirs, tab, 0)), [true, false, false, false, true]);
  assert.deepEqual((["open", "mine", "snoozed", "done", "all"] as const).map((tab) => inTab(over, tab, 0)), [false, false, false, true, true]);
  const { origin: _, ...own } = theirs;
  const worst = readTheirs({ ...SENT, id: "ff", priority: "P1" })!;
  assert.deepEqual(inOrder([theirs, own, worst], true), [worst, own, theirs]);
  assert.deepEqual(inOrder([theirs, own, worst], false), [theirs, own, worst]);
});

test("whose alerts are asked for stands in links and saved views", () => {
  const text = filterText({ ...FIRST_FILTER, origin: "all" }, FIRST_FILTER);
  assert.equal(readFilter(readLink(linkOf({ filter: text })).filter!, FIRST_FILTER).origin, "all");
  assert.equal(readFilter("", FIRST_FILTER).origin, "own");
});

test("a feed that may not go to a group is named, and a release that stands can be withdrawn", () => {
  const act = { officer: "a", at: "2026-11-30T08:00:00Z", t: "2026-11-30T08:00:00Z", version: 1, comment: "" };
  const reach = { versions: [] as number[], withheld: ["north", "?", "\u202Ex"], released: act, withdrawn: null, left_count: 0 };
  assert.match(feedsWithheld(reach), /^feed north, a feed without a name, feed [^\u202E]*x$/);
  assert.deepEqual([isTold(reach), mayWithdraw(reach)], [true, true]);
  assert.deepEqual([isTold({ ...reach, released: null }), mayWithdraw({ ...reach, released: null })], [false, false]);
  assert.deepEqual([isTold({ ...reach, released: null, withdrawn: act }), mayWithdraw({ ...reach, released: null })], [true, false]);
  assert.equal(feedsWithheld({ withheld: [] }), "");
});
