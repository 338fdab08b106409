// Which Alarms sound, and which of them a person has silenced: rules alone, without a loudspeaker.
import type { Line } from "../state/state.ts";
import { isSnoozed } from "../triage/triage.ts";
import type { Alert, Clock, Halt } from "../wire/types.ts";

/** Chosen: a call on the radio fits between two, and nobody forgets the Alarm meanwhile. */
export const REPEAT_MS = 25_000;
/** Long enough to speak on the phone; an Alarm that still waits then sounds again. */
export const SILENCE_MS = 120_000;
/** Chosen: the first five tries to connect fall into it, so a service that is started anew does not ring. */
export const GRACE_MS = 20_000;
/** Chosen: time to find who knows the password, and short enough that nobody gets used to it. */
export const ENDING_MS = 10 * 60_000;
/** A longer step between two ticks is a machine that slept or a tab that is hidden: no more of it counts. */
export const STEP_MS = 10_000;
/** What stood before this screen looked, by more than this of event time, is read and not sounded. */
export const FRESH_MS = 10 * 60_000;

/** Silenced until: local time (performance.now) by which it ends, and event time for the words. */
export interface Silence {
  until_ms: number;
  until_t_ms: number;
}

/** An Alarm that is raised again is a new one: what was silenced before does not count for it. */
export const soundKey = ({ id, triage }: Alert): string => `${id} ${triage.raised_again_ms ?? ""}`;

/** A watch that does not judge sounds as an Alarm does; it is none, and nobody can acknowledge it. */
export const haltKey = (halt: Halt | null): string => (halt?.until_ms === null ? `halt ${halt.since_ms}` : "");

/** How long a screen that was awake has been without the line, ms. */
export const awayFor = (away_ms: number, step_ms: number, line: Line): number => (line === "down" ? away_ms + Math.min(step_ms, STEP_MS) : 0);

/** Events as they happen; a replay at speed would sound the past. The watch goes on behind a screen that looks back. */
export const isLive = (clock: Clock | null): boolean => clock !== null && (clock.own || (clock.playing && (clock.live || clock.speed === 1)));

/** An Alarm that waits for somebody. Silence is not asked here: it never counts as an acknowledgement. */
export const rings = (alert: Alert, at_ms: number | null): boolean =>
  alert.priority === "P1"
  && alert.state === "open"
  && alert.triage.state === "unack"
  && alert.muted_by.length === 0
  && !isSnoozed(alert, at_ms);

/** When it last became news, event time. */
const news_ms = ({ t_detected, triage }: Alert): number => Math.max(Date.parse(t_detected), triage.raised_again_ms ?? 0);

/** Keys of those that stood already at a time, when a screen first looks or has gone elsewhere in time. */
export const stoodAt = (ringing: readonly Alert[], since_ms: number): Set<string> =>
  new Set(ringing.filter((alert) => news_ms(alert) < since_ms).map(soundKey));

export const isSilenced = (key: string, silenced: ReadonlyMap<string, Silence>, local_ms: number): boolean => (silenced.get(key)?.until_ms ?? 0) > local_ms;

/** Those of the ringing that sound now. */
export const heardNow = (
  ringing: readonly Alert[], stood: ReadonlySet<string>, silenced: ReadonlyMap<string, Silence>, local_ms: number,
): Alert[] => ringing.filter((alert) => !stood.has(soundKey(alert)) && !isSilenced(soundKey(alert), silenced, local_ms));
