// Suspensions on the screen: which there are, what they mute, asking for one and ending one.
import { computed, signal } from "@preact/signals";
import { outside, utcDate, utcMinute, vesselName } from "../format/format.ts";
import { detectorTitle } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { alerts, minute_ms, now_ms, officer, suspensions } from "../state/state.ts";
import { postSuspension, type SuspendCommand } from "../wire/api.ts";
import type { Alert, LogLine, Suspension } from "../wire/types.ts";
import { announced, busy, offerUndo, refuse, refusedWith } from "./triage.ts";

/** The alert for which the dialog asks; null while it is closed. */
export const suspending = signal<Alert | null>(null);
export const listOpen = signal(false);

const LEAD = "suspension:";
export const isSuspension = (name: string): boolean => name.startsWith(LEAD);
export const suspensionOf = (name: string): Suspension | undefined =>
  suspensions.value.find((one) => LEAD + one.id === name);

export const isActive = (one: Suspension): boolean => one.ends_ms > (now_ms.value ?? 0);
export const activeCount = computed(() => suspensions.value.filter((one) => one.ends_ms > (minute_ms.value ?? 0)).length);

/** How many alerts each has muted by now, by its id. */
export const mutedCounts = computed(() => {
  const counts = new Map<string, number>();
  for (const { muted_by } of alerts.value.values()) {
    for (const name of muted_by) if (isSuspension(name)) counts.set(name.slice(LEAD.length), (counts.get(name.slice(LEAD.length)) ?? 0) + 1);
  }
  return counts;
});

/** "14:00Z", with its date where that is not today's. */
export const untilWord = (t_ms: number): string =>
  utcDate(t_ms) === utcDate(now_ms.value ?? t_ms) ? utcMinute(t_ms) : `${utcDate(t_ms)} ${utcMinute(t_ms)}`;

const nameOf = (mmsi: number): string => {
  const known = [...alerts.value.values()].find(({ subject }) => subject.mmsi === mmsi && subject.name);
  return known ? `${vesselName(known.subject.name)} ${mmsi}` : `MMSI ${mmsi}`;
};

/** For whom, which detectors, and where: text from outside is in it, for a <bdi>. */
export const whoseWord = (one: Pick<Suspension, "mmsis" | "imos" | "list">): string =>
  one.list ? say("list {name}", { name: outside(one.list) }) : [...one.mmsis.map(nameOf), ...one.imos.map((imo) => `IMO ${imo}`)].join(", ");
export const whatWord = (detectors: readonly string[]): string =>
  detectors.length === 0 ? say("all detectors") : detectors.map(detectorTitle).join(", ");
export const whereWord = (one: { area?: unknown; where: string | null }): string =>
  one.area ? outside(one.where ?? "") || say("in an area") : say("everywhere");

/** Why an alert is muted, as a sentence. */
export const mutedWord = (one: Suspension): string =>
  say("Suspended by {who} until {t}: {reason}", { who: outside(one.by), t: untilWord(one.ends_ms), reason: outside(one.reason) });

/** Active suspensions for the vessel and detector of an alert that stood before they began. */
export function begunAfter(alert: Alert): Suspension[] {
  const lists = alert.context.lists?.map((entry) => entry.list) ?? [];
  return suspensions.value.filter((one) =>
    isActive(one)
    && Date.parse(alert.t_detected) < one.from_ms
    && (one.list ? lists.includes(one.list) : one.mmsis.includes(alert.subject.mmsi ?? -1) || one.imos.includes(alert.subject.imo ?? -1))
    && (one.detectors.length === 0 || one.detectors.includes(alert.detector)));
}

/** Sends a command. True if it was done; else `refusedWith` says why not. */
async function send(command: SuspendCommand, done: (line: LogLine) => void): Promise<boolean> {
  if (busy.value) return false;
  busy.value = true;
  refusedWith.value = null;
  try {
    done(await postSuspension(command));
    return true;
  } catch (cause) {
    refuse(cause);
    return false;
  } finally {
    busy.value = false;
  }
}

/** How the log says that a suspension was not meant; it is read outside this screen too. */
const TAKEN_BACK = "taken back";

export const suspend = (said: Omit<SuspendCommand, "action" | "officer">): Promise<boolean> =>
  send({ ...said, action: "add", officer: officer.value }, ({ seq, suspension = "" }) =>
    offerUndo(seq, say("suspended"), () =>
      postSuspension({ action: "end", officer: officer.value, id: suspension, comment: TAKEN_BACK })));

export const endNow = (id: string): Promise<boolean> =>
  send({ action: "end", officer: officer.value, id }, () => { announced.value = say("suspension ended"); });
