// The one outline in hand: its corners, and the sketch on the map that gives or shows them.
import { signal } from "@preact/signals";
import { mapView } from "../map/map-pane.tsx";
import type { Zone } from "../wire/types.ts";
import { outlineText } from "./places.ts";
import { Sketch, type ShapeMode } from "./sketch.ts";
import { outline, type Place } from "./zones.ts";

export type Doing = { action: "draw" | "change" | "expire"; zone: Zone | null };

/** What the form is about; null shows the list. */
export const doing = signal<Doing | null>(null);
/** What was done last, in words. */
export const said = signal("");
/** What stands in the field of corners. */
export const cornersText = signal("");
/** The shape that the pointer draws; null while none is under way. */
export const drawingAs = signal<ShapeMode | null>(null);
let sketch: Sketch | null = null;

function take(places: readonly Place[]): void {
  outline.value = places;
  cornersText.value = outlineText(places);
}

function started(): Sketch | null {
  const view = mapView();
  sketch ??= view && new Sketch(view, (places, done) => {
    take(places);
    // After this event: terra-draw is still in the mode that it is asked to leave.
    if (done) queueMicrotask(() => putOutline(places));
  });
  return sketch;
}

/** Draws a shape with the pointer, in place of the outline there was. */
export function drawAs(mode: ShapeMode): void {
  take([]);
  drawingAs.value = mode;
  started()?.begin(mode);
}

/** Takes corners that were typed or computed, and shows them where they can be moved. */
export function putOutline(places: readonly Place[], text = outlineText(places)): void {
  drawingAs.value = null;
  outline.value = places;
  cornersText.value = text;
  started()?.edit(places);
}

export const sketching = (): boolean => drawingAs.value !== null;

export function undoPoint(): boolean {
  return sketching() && (sketch?.undo() ?? false);
}

/** Gives a shape under way up; what else was filled in stays. */
export function cancelSketch(): void {
  putOutline([]);
}

/** Takes everything off the map that was not saved. */
export function endSketch(): void {
  sketch?.stop();
  sketch = null;
  drawingAs.value = null;
  take([]);
}

export function backToList(): void {
  endSketch();
  doing.value = null;
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".draw-new")?.focus());
}
