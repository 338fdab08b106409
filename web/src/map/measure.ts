// The measure tool: points set one after the other, and a cursor that the pointer or the arrow keys move.
import { computed, signal } from "@preact/signals";
import { placeDm } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { geodesic, type Position } from "./wgs84.ts";

const NM_M = 1852;

export interface Measure {
  points: readonly Position[];
  /** Where the next point would be set. */
  cursor: Position | null;
  /** True while the arrow keys hold the cursor: then it is drawn, and told to a screen reader. */
  byKeys: boolean;
}

export const measure = signal<Measure | null>(null);

export interface Leg {
  from: Position;
  to: Position;
  distance_m: number;
  bearing_deg: number;
}

export const legsOf = (points: readonly Position[]): Leg[] =>
  points.slice(1).map((to, at) => ({ from: points[at]!, to, ...geodesic(points[at]!, to) }));

export const totalOf = (legs: readonly Leg[]): number => legs.reduce((sum, leg) => sum + leg.distance_m, 0);

/** What has been set. */
export const legs = computed(() => legsOf(measure.value?.points ?? []));

/** From the last point to the cursor. */
export const openLeg = computed<Leg | null>(() => {
  const { points = [], cursor = null } = measure.value ?? {};
  const last = points.at(-1);
  return last && cursor ? legsOf([last, cursor])[0]! : null;
});

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
export const miles = (distance_m: number): string => `${digits(distance_m / NM_M)} NM`;
export const kilometres = (distance_m: number): string => `${digits(distance_m / 1000)} km`;
export const bearing = (degrees: number): string => `${String(Math.round(degrees) % 360).padStart(3, "0")}°`;

export function setPoint(at: Position | null = measure.value?.cursor ?? null): void {
  if (measure.value && at) measure.value = { ...measure.value, points: [...measure.value.points, at] };
}

export function dropPoint(): void {
  if (measure.value) measure.value = { ...measure.value, points: measure.value.points.slice(0, -1) };
}

export function moveCursor(cursor: Position | null, byKeys: boolean): void {
  // A resting pointer says nothing while the keys hold the cursor.
  if (measure.value) measure.value = { ...measure.value, cursor, byKeys };
}

/** What a screen reader is told: the newest leg and the total, or where the keys have led the cursor. */
export function spoken({ points, cursor, byKeys }: Measure, set: readonly Leg[], open: Leg | null): string {
  const told: string[] = [];
  const leg = set.at(-1);
  if (byKeys && cursor) told.push(say("Cursor at {place}.", { place: placeDm(...cursor) }));
  if (byKeys && open) {
    told.push(say("From the last point {nm}, {km}, bearing {bearing}.", {
      nm: miles(open.distance_m), km: kilometres(open.distance_m), bearing: bearing(open.bearing_deg),
    }));
  }
  if (leg) {
    told.push(say("Leg {n}: {nm}, {km}, bearing {bearing}.", {
      n: set.length, nm: miles(leg.distance_m), km: kilometres(leg.distance_m), bearing: bearing(leg.bearing_deg),
    }));
  }
  if (set.length > 1) told.push(say("Total {nm}, {km}.", { nm: miles(totalOf(set)), km: kilometres(totalOf(set)) }));
  if (points.length === 0 && !byKeys) told.push(say("Measuring. Click, or move the cursor with the arrow keys and set points with Enter."));
  return told.join(" ");
}
