// One binary frame of vessels, version 1: docs/wire.md. Views into the buffer, nothing is copied.

export const HEAD_BYTES = 16;
export const ROW_BYTES = 19;
export const SNAPSHOT = 0;
export const DELTA = 1;
export const REMOVED = 2;

export const NO_COG = 3600;
export const NO_SOG = 1023;
export const OLD_AGE_S = 65535;
export const CLASS_MASK = 0b0001_1111;
export const EXERCISE_BIT = 0b1000_0000;
export const CLASS_STATION = 10;

/** Columns of n vessels; `removed` frames hold the MMSI column only, the others are empty. */
export interface Frame {
  kind: number;
  n: number;
  /** Event time of the picture, ms UTC. */
  t_ms: number;
  mmsi: Uint32Array;
  /** Interleaved: lon, lat, lon, lat, ... in degrees. */
  lonLat: Float32Array;
  cog_x10: Uint16Array;
  sog_x10: Uint16Array;
  age_s: Uint16Array;
  vesselClass: Uint8Array;
}

export class FrameError extends Error {}

/** Reads a frame. Throws FrameError when bytes and head do not agree; trusts nothing. */
export function decodeFrame(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < HEAD_BYTES) {
    throw new FrameError(`a frame of ${buffer.byteLength} bytes has no room for its head of ${HEAD_BYTES}`);
  }
  const head = new DataView(buffer);
  const n = head.getUint32(0, true);
  const version = head.getUint8(4);
  const kind = head.getUint8(5);
  const t_ms = head.getFloat64(8, true) * 1000;
  if (version !== 1) throw new FrameError(`frame version ${version}; this screen reads version 1`);
  if (kind > REMOVED) throw new FrameError(`frame kind ${kind} is not 0, 1 or 2`);
  if (!Number.isFinite(t_ms)) throw new FrameError("the frame has no time");
  const expected = HEAD_BYTES + n * (kind === REMOVED ? 4 : ROW_BYTES);
  if (buffer.byteLength !== expected) {
    throw new FrameError(`a frame of ${n} vessels has ${expected} bytes, this one ${buffer.byteLength}`);
  }
  const rows = kind === REMOVED ? 0 : n;
  const after = HEAD_BYTES + 4 * n;
  return {
    kind,
    n,
    t_ms,
    mmsi: new Uint32Array(buffer, HEAD_BYTES, n),
    lonLat: new Float32Array(buffer, rows ? after : 0, 2 * rows),
    cog_x10: new Uint16Array(buffer, rows ? after + 8 * n : 0, rows),
    sog_x10: new Uint16Array(buffer, rows ? after + 10 * n : 0, rows),
    age_s: new Uint16Array(buffer, rows ? after + 12 * n : 0, rows),
    vesselClass: new Uint8Array(buffer, rows ? after + 14 * n : 0, rows),
  };
}
