// The one cursor of charts, map and positions: a moment of the track.
import { signal } from "@preact/signals";
import type { DossierTrack } from "./types.ts";

/** The time of the fix that is pointed at, ms; its own signal, as the map of the watch goes on behind this page. */
export const cursor_ms = signal<number | null>(null);

/** The row of the track under the cursor, -1 for none. */
export const rowAtCursor = ({ t_ms }: DossierTrack): number => (cursor_ms.value === null ? -1 : t_ms.indexOf(cursor_ms.value));
