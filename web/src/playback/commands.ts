// What the watch asks of the clock, by button, slider or key.
import { signal } from "@preact/signals";
import { say } from "../lang/lang.ts";
import { heardClock, tell } from "../state/session.ts";
import { clock, now_ms } from "../state/state.ts";
import { ApiError, getHistogram, postPlayback, type PlaybackCommand } from "../wire/api.ts";

/** Where the hand or a key holds the clock, ms UTC, until it is let go; null when none does. */
export const dragged_ms = signal<number | null>(null);
/** Why the service refused the last command, or what it did not find. */
export const refusal = signal("");

/** Keys send no release: a pause in pressing them counts as one. */
const SLIDER_PAUSE_MS = 700;
const STEP_PAUSE_MS = 250;
let letGo = 0;
/** What the service was asked for and has not answered yet: the next step is from there. */
let sought_ms: number | null = null;

export async function command(body: PlaybackCommand): Promise<void> {
  try {
    heardClock(await postPlayback(body));
    refusal.value = "";
  } catch (cause) {
    refuse(cause);
  }
}

async function seek(t_ms: number): Promise<void> {
  sought_ms = t_ms;
  await command({ action: "seek", t_ms });
  if (sought_ms === t_ms) sought_ms = null;
}

function refuse(cause: unknown): void {
  if (cause instanceof ApiError && cause.status !== 0) refusal.value = `${cause.message} ${cause.hint}`;
  else tell(cause);
}

export const togglePlay = (): void => void command({ action: clock.value?.playing ? "pause" : "play" });
export const goLive = (): void => void command({ action: "live" });

/** Holds the clock's hand at a time; the clock follows when it is released. */
export function hold(t_ms: number, pause_ms = SLIDER_PAUSE_MS): void {
  dragged_ms.value = t_ms;
  window.clearTimeout(letGo);
  letGo = window.setTimeout(release, pause_ms);
}

/** Keeps holding as long as the pointer is down. */
export const keepHold = (): void => window.clearTimeout(letGo);

export function release(): void {
  window.clearTimeout(letGo);
  if (dragged_ms.value === null) return;
  void seek(Math.round(dragged_ms.value));
  dragged_ms.value = null;
}

const hand_ms = (): number | null => dragged_ms.value ?? sought_ms ?? now_ms.value;

/** Goes on or back by a length; several in a row are one seek. */
export function stepTime(by_ms: number): void {
  const [at_ms, span] = [hand_ms(), clock.value?.span];
  if (at_ms === null || !span) return;
  const end_ms = clock.value?.analysed_to_ms ?? span.to_ms;
  hold(Math.max(span.from_ms, Math.min(at_ms + by_ms, end_ms)), STEP_PAUSE_MS);
}

/** Goes to the nearest time at which an alert arose. */
export async function toAlert(way: "previous" | "next"): Promise<void> {
  const [at_ms, span] = [hand_ms(), clock.value?.span];
  if (at_ms === null || !span) return;
  try {
    const found = await getHistogram(span.from_ms, span.to_ms, 1, Math.round(at_ms));
    const t_ms = way === "previous" ? found.previous_ms : found.next_ms;
    if (t_ms !== null) await seek(t_ms);
    else refusal.value = way === "previous" ? say("No alert before this time.") : say("No alert after this time.");
  } catch (cause) {
    refuse(cause);
  }
}
