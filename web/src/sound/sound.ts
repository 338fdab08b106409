// The sound of a new Alarm on this screen: switched on by its officer, silenced for two minutes, never acknowledged by it.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { say } from "../lang/lang.ts";
import { alertsRead, clock, clockHeard_ms, halt, line, lineDownAt_ms, sessionEnds_ms, tick_ms, watch_ms, watched } from "../state/state.ts";
import { announced } from "../triage/triage.ts";
import type { Alert } from "../wire/types.ts";
import { awayFor, ENDING_MS, FRESH_MS, GRACE_MS, haltKey, heardNow, isLive, isSilenced, REPEAT_MS, rings, type Silence, SILENCE_MS, soundKey, stoodAt } from "./rings.ts";
import { closeTone, openTone, playTone } from "./tone.ts";

const KEY = "sargas.sound";

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false; // storage may be forbidden; it is switched on anew
  }
}

export const soundOn = signal(stored());
/** The browser lets nothing sound before a click or a key. */
export const soundWaits = signal(false);

const silenced = signal<ReadonlyMap<string, Silence>>(new Map());
/** What is no news; null until the screen has looked. */
const stood = signal<ReadonlySet<string> | null>(null);

const minute_ms = computed(() => (watch_ms.value === null ? null : Math.floor(watch_ms.value / 60_000) * 60_000));
const ringing = computed(() => [...watched.value.values()].filter((alert) => rings(alert, minute_ms.value)));
const live = computed(() => isLive(clock.value));
const isPresent = computed(() => clock.value?.live || clock.value?.own);
const heard = computed<readonly Alert[]>(() =>
  soundOn.value && live.value && stood.value && ringing.value.length > 0
    ? heardNow(ringing.value, stood.value, silenced.value, tick_ms.value)
    : []);
/** The line is down for longer than a service takes to start: nothing that arises reaches this screen. */
export const lineLost = signal(false);
/** The session is about to end, and the screen with it. */
export const sessionEnding = computed(() => sessionEnds_ms.value !== null && sessionEnds_ms.value - tick_ms.value < ENDING_MS);
/** A watch that does not judge, or is not heard (soon): that sounds whenever it began, and whatever this screen shows. */
const faults = computed(() =>
  [haltKey(halt.value), lineLost.value ? `line ${lineDownAt_ms.value}` : "", sessionEnding.value ? "session" : ""].filter(Boolean));
const heardFaults = computed(() => (soundOn.value ? faults.value.filter((key) => !isSilenced(key, silenced.value, tick_ms.value)) : []));
/** Keys of what sounds now, as one text, so that what follows it is not told four times a second. */
const heardKeys = computed(() => [...heardFaults.value, ...heard.value.map(soundKey)].join("\n"));
const keysNow = (): string[] => heardKeys.value.split("\n").filter(Boolean);
export const isSounding = computed(() => heardKeys.value !== "");

const silenceEnd = (key: string): number | null =>
  (soundOn.value && isSilenced(key, silenced.value, tick_ms.value) ? silenced.value.get(key)!.until_t_ms : null);

/** Until when an Alarm is silent here, event time; null where it is not silenced. */
export const silencedUntil = (alert: Alert): number | null => (rings(alert, minute_ms.value) ? silenceEnd(soundKey(alert)) : null);

/** The latest end of what is silenced now, event time; null where nothing is. */
export const silentUntil = computed<number | null>(() => {
  const ends = silenced.value.size > 0 ? [...faults.value, ...ringing.value.map(soundKey)].flatMap((key) => silenceEnd(key) ?? []) : [];
  return ends.length > 0 ? Math.max(...ends) : null;
});

/** Silences what sounds now, on this screen, for a while. */
export function silence(): void {
  const keys = keysNow();
  if (keys.length === 0) return;
  const local_ms = performance.now();
  // Without the line the watch's time stands here, and goes on there.
  const now_ms = watch_ms.value === null ? Date.now() : watch_ms.value + (line.value === "down" ? local_ms - clockHeard_ms.value : 0);
  const until = { until_ms: local_ms + SILENCE_MS, until_t_ms: now_ms + SILENCE_MS };
  batch(() => {
    silenced.value = new Map([...silenced.value, ...keys.map((key) => [key, until] as const)]);
    announced.value = say("silenced for two minutes, not acknowledged");
  });
}

const open = (): void => openTone((allowed) => { soundWaits.value = !allowed; });

export function toggleSound(): void {
  if (soundOn.value && soundWaits.value) return open(); // this is the click that it waited for
  soundOn.value = !soundOn.value;
  announced.value = soundOn.value ? say("Sound on") : say("Sound off");
  try {
    localStorage.setItem(KEY, soundOn.value ? "on" : "off");
  } catch {
    // not remembered, but switched
  }
}

/** What stands when the screen first looks, comes out of a replay or is moved to another time, is no news. */
function followTime(): void {
  const begun = new Set<string>();
  let lastLive_ms = Number.POSITIVE_INFINITY;
  const begin = (): void => {
    const now = watch_ms.value ?? 0;
    // Back at the newest: what came while the screen was in the past is news too.
    const since_ms = isPresent.value ? Math.min(lastLive_ms, now - FRESH_MS) : now - FRESH_MS;
    // A look at the past ends no sound that has begun.
    stood.value = new Set([...stoodAt(ringing.value, since_ms)].filter((key) => !begun.has(key)));
  };
  effect(() => {
    if (!(alertsRead.value || clock.value?.own) || !live.value) {
      // After a lost line the alerts are kept: what came meanwhile is news.
      if (!live.value || watched.value.size === 0) stood.value = null;
      return;
    }
    if (stood.value === null) untracked(begin);
    for (const alert of heard.value) begun.add(soundKey(alert));
    if (isPresent.value) lastLive_ms = watch_ms.value ?? lastLive_ms;
  });
}

/** A page that is left has no more ticks: its closed socket never counts as a lost line. */
function followLine(): void {
  let [away_ms, last_ms] = [0, 0];
  effect(() => {
    away_ms = awayFor(away_ms, tick_ms.value - last_ms, line.value);
    last_ms = tick_ms.value;
    lineLost.value = away_ms >= GRACE_MS;
  });
}

/** Sounds when something new does, and again while anything does. */
function followHeard(): void {
  let known: readonly string[] = [];
  let due_ms = 0;
  effect(() => {
    const keys = keysNow();
    if (keys.some((key) => !known.includes(key))) due_ms = 0;
    known = keys;
  });
  effect(() => {
    if (isSounding.value && tick_ms.value >= due_ms && playTone()) due_ms = tick_ms.value + REPEAT_MS;
  });
}

export function startSound(): void {
  effect(() => {
    if (soundOn.value) untracked(open);
    else closeTone();
  });
  const asked = ({ target }: Event): void => {
    // Its own button asks by itself, when it is clicked.
    if (soundOn.value && soundWaits.value && !(target as Element).closest?.(".sound")) open();
  };
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, asked, true);
  followTime();
  followLine();
  followHeard();
}
