// The traffic picture: one slot a vessel, columns that the renderers read directly.
import { mercatorX, mercatorY } from "../map/mercator.ts";
import {
  CLASS_MASK,
  CLASS_STATION,
  DELTA,
  EXERCISE_BIT,
  type Frame,
  NO_COG,
  NO_SOG,
  OLD_AGE_S,
  REMOVED,
  SNAPSHOT,
} from "../wire/frame.ts";

/** A class A ship under way reports every 2-10 s, one at anchor or moored every 3 min (ITU-R M.1371). */
const UNDER_WAY_KN = 3;
export const STALE_UNDER_WAY_MS = 3 * 60_000;
export const STALE_AT_REST_MS = 12 * 60_000;

export interface VesselRow {
  mmsi: number;
  lon: number;
  lat: number;
  cog_deg: number | null;
  sog_kn: number | null;
  /** Event time of the fix, ms UTC. */
  fix_ms: number;
  ageIsFloor: boolean;
  vesselClass: number;
  exercise: boolean;
}

export class VesselStore {
  n = 0;
  /** Event time of the newest frame, ms UTC. */
  t_ms = Number.NaN;
  /** Grows with every change: renderers compare it to know whether to upload again. */
  revision = 0;
  mmsi = new Uint32Array(0);
  lon = new Float32Array(0);
  lat = new Float32Array(0);
  /** Position in the unit square; f64, so that a local origin can be taken off without loss. */
  x = new Float64Array(0);
  y = new Float64Array(0);
  cog_x10 = new Uint16Array(0);
  sog_x10 = new Uint16Array(0);
  /** Event time after which the mark is hollow, ms UTC. */
  staleAt_ms = new Float64Array(0);
  fix_ms = new Float64Array(0);
  vesselClass = new Uint8Array(0);
  private slots = new Map<number, number>();

  slotOf(mmsi: number): number | undefined {
    return this.slots.get(mmsi);
  }

  row(mmsi: number): VesselRow | null {
    const slot = this.slots.get(mmsi);
    return slot === undefined ? null : this.rowAt(slot);
  }

  rowAt(slot: number): VesselRow {
    const [cog, sog, flags] = [this.cog_x10[slot]!, this.sog_x10[slot]!, this.vesselClass[slot]!];
    return {
      mmsi: this.mmsi[slot]!,
      lon: this.lon[slot]!,
      lat: this.lat[slot]!,
      cog_deg: cog >= NO_COG ? null : cog / 10,
      sog_kn: sog >= NO_SOG ? null : sog / 10,
      fix_ms: this.fix_ms[slot]!,
      ageIsFloor: Number.isNaN(this.fix_ms[slot]!),
      vesselClass: flags & CLASS_MASK,
      exercise: (flags & EXERCISE_BIT) !== 0,
    };
  }

  /** A moving, pointed mark: it has a course and is no buoy or base station. */
  isPointed(slot: number): boolean {
    return this.cog_x10[slot]! < NO_COG && (this.vesselClass[slot]! & CLASS_MASK) !== CLASS_STATION;
  }

  clear(): void {
    this.n = 0;
    this.slots.clear();
    this.revision += 1;
  }

  apply(frame: Frame): void {
    if (frame.kind === SNAPSHOT) {
      this.n = 0;
      this.slots.clear();
    }
    if (frame.kind === SNAPSHOT || frame.kind === DELTA) this.put(frame);
    if (frame.kind === REMOVED) for (const mmsi of frame.mmsi) this.remove(mmsi);
    this.t_ms = frame.t_ms;
    this.revision += 1;
  }

  private put(frame: Frame): void {
    this.reserve(this.n + frame.n);
    for (let row = 0; row < frame.n; row += 1) {
      const [lon, lat] = [frame.lonLat[2 * row]!, frame.lonLat[2 * row + 1]!];
      if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 85)) continue; // no place on the map
      const mmsi = frame.mmsi[row]!;
      let slot = this.slots.get(mmsi);
      if (slot === undefined) {
        slot = this.n;
        this.n += 1;
        this.slots.set(mmsi, slot);
      }
      const [sog, age_s] = [frame.sog_x10[row]!, frame.age_s[row]!];
      const fix_ms = age_s === OLD_AGE_S ? Number.NaN : frame.t_ms - age_s * 1000;
      const underWay = sog < NO_SOG && sog >= UNDER_WAY_KN * 10;
      this.mmsi[slot] = mmsi;
      this.lon[slot] = lon;
      this.lat[slot] = lat;
      this.x[slot] = mercatorX(lon);
      this.y[slot] = mercatorY(lat);
      this.cog_x10[slot] = frame.cog_x10[row]!;
      this.sog_x10[slot] = sog;
      this.fix_ms[slot] = fix_ms;
      this.staleAt_ms[slot] = Number.isNaN(fix_ms)
        ? Number.NEGATIVE_INFINITY
        : fix_ms + (underWay ? STALE_UNDER_WAY_MS : STALE_AT_REST_MS);
      this.vesselClass[slot] = frame.vesselClass[row]!;
    }
  }

  private remove(mmsi: number): void {
    const slot = this.slots.get(mmsi);
    if (slot === undefined) return;
    const last = this.n - 1;
    if (slot !== last) {
      for (const column of this.columns()) column[slot] = column[last]!;
      this.slots.set(this.mmsi[slot]!, slot);
    }
    this.slots.delete(mmsi);
    this.n = last;
  }

  private columns(): (Float32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array)[] {
    return [
      this.mmsi, this.lon, this.lat, this.x, this.y, this.cog_x10,
      this.sog_x10, this.staleAt_ms, this.fix_ms, this.vesselClass,
    ];
  }

  private reserve(count: number): void {
    if (count <= this.mmsi.length) return;
    const size = Math.max(4096, 2 ** Math.ceil(Math.log2(count)));
    const grow = <T extends { set(from: T): void }>(fresh: T, old: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.mmsi = grow(new Uint32Array(size), this.mmsi);
    this.lon = grow(new Float32Array(size), this.lon);
    this.lat = grow(new Float32Array(size), this.lat);
    this.x = grow(new Float64Array(size), this.x);
    this.y = grow(new Float64Array(size), this.y);
    this.cog_x10 = grow(new Uint16Array(size), this.cog_x10);
    this.sog_x10 = grow(new Uint16Array(size), this.sog_x10);
    this.staleAt_ms = grow(new Float64Array(size), this.staleAt_ms);
    this.fix_ms = grow(new Float64Array(size), this.fix_ms);
    this.vesselClass = grow(new Uint8Array(size), this.vesselClass);
  }
}
