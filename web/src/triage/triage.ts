// Triage on the screen: who has the watch, what can be done, and doing it. The service decides.
import { batch, signal } from "@preact/signals";
import { say } from "../lang/lang.ts";
import { mergeAlerts } from "../state/session.ts";
import { alerts, now_ms, OFFICER_KEY, officer, onWatch, presence } from "../state/state.ts";
import { ApiError, getWatches, postAct, postUndo, postWatch } from "../wire/api.ts";
import type { Alert, LogLine, TriageState, Verb } from "../wire/types.ts";
import { doneWord } from "./words.ts";

export const UNDO_MS = 10_000;

/** Rows marked to be grouped. */
export const marked = signal<ReadonlySet<string>>(new Set());

export interface Said {
  comment?: string;
  reason?: string;
  to?: string;
  ref?: string;
  until_ms?: number;
  incident?: string;
  title?: string;
  group?: string;
}

export interface Seen {
  id: string;
  version: number;
  last_seq: number;
}

/** Alerts as this screen shows them now. */
export const seeNow = (ids: readonly string[]): Seen[] =>
  ids.flatMap((id) => {
    const alert = alerts.value.get(id);
    return alert ? [{ id, version: alert.version, last_seq: alert.triage.last_seq }] : [];
  });

export type DialogKind = "watch" | "dismiss" | "escalate" | "snooze" | "comment" | "group";
export interface Dialog {
  kind: DialogKind;
  /** The alerts as they were when it was opened: what was before the officer's eyes. */
  seen: Seen[];
  then?: () => void;
}
export const dialog = signal<Dialog | null>(null);
/** What the service refused while a dialog was open or an act was asked for. */
export const refusedWith = signal<{ what: string; hint: string; conflict: boolean } | null>(null);
export const busy = signal(false);
/** The last command, while it can be taken back. */
export const undoable = signal<{ batch: number; text: string; until_ms: number; back(): Promise<unknown>; word?: string } | null>(null);
/** Said to screen readers, politely. */
export const announced = signal("");

const DONE: readonly TriageState[] = ["resolved", "dismissed"];
export const isDone = (alert: Alert): boolean => DONE.includes(alert.triage.state);
export const isSnoozed = (alert: Alert, at_ms: number | null): boolean =>
  alert.triage.snoozed_until_ms !== null && (at_ms === null || alert.triage.snoozed_until_ms > at_ms);

/** An Alarm or a Warning waits for a person; a Note is only ever shown while it lasts. */
export const waits = (alert: Alert): boolean => !isDone(alert) && (alert.priority !== "P3" || alert.state === "open");

const OPEN_STATES: readonly TriageState[] = ["unack", "ack", "rectified_unack", "escalated"];
const FROM: Readonly<Record<Verb, readonly TriageState[]>> = {
  acknowledge: ["unack", "rectified_unack"],
  claim: OPEN_STATES,
  release: OPEN_STATES,
  comment: [...OPEN_STATES, ...DONE],
  snooze: OPEN_STATES,
  wake: OPEN_STATES,
  escalate: OPEN_STATES,
  resolve: ["ack", "escalated"],
  dismiss: OPEN_STATES,
  reopen: DONE,
  group: [...OPEN_STATES, ...DONE],
  ungroup: [...OPEN_STATES, ...DONE],
  release_to: [...OPEN_STATES, ...DONE],
  withdraw: [...OPEN_STATES, ...DONE],
};

/** Whether the service would take it; it has the last word. */
export function can(verb: Verb, alert: Alert): boolean {
  const { triage } = alert;
  if (!FROM[verb].includes(triage.state)) return false;
  if (verb === "claim") return triage.owner !== officer.value || officer.value === "";
  if (verb === "release") return triage.owner !== null && triage.owner === officer.value;
  if (verb === "wake") return isSnoozed(alert, now_ms.value);
  if (verb === "snooze") return !isSnoozed(alert, now_ms.value);
  return verb !== "ungroup" || triage.incident !== null;
}

/** The alerts an act on one of them is about: an incident is acted on as one. */
export function subjectsOf(id: string, verb: Verb): string[] {
  const alert = alerts.value.get(id);
  if (!alert) return [];
  const { incident } = alert.triage;
  if (incident === null || verb === "claim" || verb === "release" || verb === "ungroup") return [id];
  const members = [...alerts.value.values()].filter((one) => one.triage.incident === incident && can(verb, one));
  return members.length > 0 ? members.map((one) => one.id) : [id];
}

/** Does something with alerts as they were seen. True if it was done; else `refusedWith` says why not. */
export async function act(verb: Verb, seen: readonly Seen[], said: Said = {}): Promise<boolean> {
  if (seen.length === 0 || busy.value) return false;
  busy.value = true;
  refusedWith.value = null;
  try {
    const lines = await postAct({ verb, officer: officer.value, alerts: [...seen], ...said });
    heardDone(verb, lines, said.group);
    return true;
  } catch (cause) {
    refuse(cause, seen);
    return false;
  } finally {
    busy.value = false;
  }
}

function heardDone(verb: Verb, lines: readonly LogLine[], group?: string): void {
  const [first] = lines;
  if (!first) return;
  const count = lines.length > 1 ? ` (${lines.length})` : "";
  // What may have left within the ten seconds is not undone: a release is withdrawn, and the log says so.
  const withdraw = (): Promise<unknown> => postAct({
    verb: "withdraw", officer: officer.value, group: group!, alerts: lines.map(({ alert, version, seq }) => ({ id: alert!, version, last_seq: seq })),
  });
  const isRelease = verb === "release_to";
  batch(() => {
    offerUndo(first.batch, `${doneWord(verb)}${group ? `: ${group}` : ""}${count}`, isRelease ? withdraw : () => postUndo(officer.value, first.batch), isRelease ? say("Withdraw it") : undefined);
    if (verb === "group") marked.value = new Set();
  });
}

/** Says what was done, and lets it be taken back for ten seconds. */
export function offerUndo(seq: number, text: string, back: () => Promise<unknown>, word?: string): void {
  batch(() => {
    undoable.value = { batch: seq, text, until_ms: performance.now() + UNDO_MS, back, ...(word ? { word } : {}) };
    announced.value = text;
  });
}

export function refuse(cause: unknown, seen: readonly Seen[] = []): void {
  if (!(cause instanceof ApiError)) throw cause;
  refusedWith.value = { what: cause.message, hint: cause.hint, conflict: cause.status === 409 };
  if (cause.status === 403 && !cause.needs) {
    // The service knows of no such watch, as after a restart: the name is asked for again.
    onWatch.value = onWatch.value.filter((one) => one.officer !== officer.value);
    if (dialog.value === null) dialog.value = { kind: "watch", seen: [] };
  }
  if (cause.status !== 409) return;
  // Now it has been seen: sent again, it is meant.
  const now = new Map(cause.alerts.map((alert) => [alert.id, alert]));
  alerts.value = mergeAlerts(alerts.value, cause.alerts);
  if (!dialog.value) return;
  const known = seen.map((one) => {
    const alert = now.get(one.id);
    return alert ? { id: one.id, version: alert.version, last_seq: alert.triage.last_seq } : one;
  });
  dialog.value = { ...dialog.value, seen: known };
}

/** Takes the last command back, while its ten seconds last. */
export async function undo(): Promise<void> {
  const last = undoable.value;
  if (!last || busy.value) return;
  undoable.value = null;
  try {
    await last.back();
    announced.value = last.word ? doneWord("withdraw") : say("taken back");
  } catch (cause) {
    refuse(cause);
  }
}

export async function takeWatch(name: string, until_ms: number | null): Promise<boolean> {
  try {
    const line = await postWatch({ action: "start", officer: name, ...(until_ms === null ? {} : { until_ms }) });
    officer.value = line.officer;
    onWatch.value = (await getWatches()).on_watch;
    try {
      sessionStorage.setItem(OFFICER_KEY, line.officer);
    } catch {
      // asked for again after a reload
    }
    return true;
  } catch (cause) {
    refuse(cause);
    return false;
  }
}

export async function handOver(comment: string): Promise<boolean> {
  try {
    await postWatch({ action: "end", officer: officer.value, comment });
    onWatch.value = (await getWatches()).on_watch;
    return true;
  } catch (cause) {
    refuse(cause);
    return false;
  }
}

/** Who else looks at an alert. */
export const othersAt = (id: string): string[] =>
  presence.value.filter((one) => one.alert === id && one.officer !== officer.value).map((one) => one.officer);
