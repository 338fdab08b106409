// What other parts of the screen put on the map, between the assets and the marks of alerts.
import { signal } from "@preact/signals";
import type { Camera } from "./view.ts";

export type Painter = (context: CanvasRenderingContext2D, camera: Camera) => void;

export const painters = new Set<Painter>();
/** A shape is being drawn or changed: a click on the map is a corner and selects nothing. */
export const drawing = signal(false);
