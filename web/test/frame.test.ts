// The frame of docs/wire.md, byte for byte, against a file that neither side's code has written.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeFrame, FrameError } from "../src/wire/frame.ts";

const data = "../tests/web/data";
const stored = readFileSync(`${data}/frame_v1.bin`);
const bytes = (): ArrayBuffer => stored.buffer.slice(stored.byteOffset, stored.byteOffset + stored.length) as ArrayBuffer;

test("a stored snapshot reads as what was written", () => {
  const expected = JSON.parse(readFileSync(`${data}/frame_v1.json`, "utf8"));
  const frame = decodeFrame(bytes());
  for (const [name, value] of Object.entries(expected)) {
    const got = frame[name as keyof typeof frame];
    assert.deepEqual(typeof got === "number" ? got : [...got], value, name);
  }
});

test("the columns are views, not copies", () => {
  const buffer = bytes();
  assert.equal(decodeFrame(buffer).mmsi.buffer, buffer);
});

test("a removed frame holds identities only", () => {
  const buffer = bytes().slice(0, 16 + 12);
  new DataView(buffer).setUint8(5, 2);
  const frame = decodeFrame(buffer);
  assert.deepEqual([...frame.mmsi], [999000101, 230000001, 4294967295]);
  assert.equal(frame.lonLat.length, 0);
});

test("an empty snapshot is a frame", () => {
  const buffer = bytes().slice(0, 16);
  new DataView(buffer).setUint32(0, 0, true);
  assert.equal(decodeFrame(buffer).n, 0);
});

const broken: [string, (view: DataView) => void][] = [
  ["another version", (view) => view.setUint8(4, 2)],
  ["an unknown kind", (view) => view.setUint8(5, 3)],
  ["more vessels than bytes", (view) => view.setUint32(0, 4, true)],
  ["four billion vessels", (view) => view.setUint32(0, 0xffffffff, true)],
  ["fewer vessels than bytes", (view) => view.setUint32(0, 2, true)],
  ["no time", (view) => view.setFloat64(8, Number.NaN, true)],
];
for (const [name, spoil] of broken) {
  test(`refuses ${name}`, () => {
    const buffer = bytes();
    spoil(new DataView(buffer));
    assert.throws(() => decodeFrame(buffer), FrameError);
  });
}

test("refuses every cut of a frame", () => {
  const whole = bytes();
  for (let length = 0; length < whole.byteLength; length += 1) {
    assert.throws(() => decodeFrame(whole.slice(0, length)), FrameError, `${length} bytes`);
  }
});
