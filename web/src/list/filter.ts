// Which alerts are listed, how they are stacked, and which rows stand still.
import { computed, effect, signal, untracked } from "@preact/signals";
import { isWithin } from "../draw/inside.ts";
import { namedZones } from "../draw/zones.ts";
import { alertOf, alerts, minute_ms, myWatch, officer, partnerAlerts, selectedAlertId } from "../state/state.ts";
import { isDone, isSnoozed, waits } from "../triage/triage.ts";
import type { Alert, Priority } from "../wire/types.ts";

export const TABS = ["open", "mine", "snoozed", "done", "all"] as const;
export type Tab = (typeof TABS)[number];

/** Whose alerts are listed and on the map. Our own at first: they are what the officer answers for, and the
 *  others' must not stand between them at 3 a.m.; how many others are open is beside the switch all the same. */
export const ORIGINS = ["own", "partners", "all"] as const;

export interface Filter {
  origin: (typeof ORIGINS)[number];
  tab: Tab;
  priorities: ReadonlySet<Priority>;
  muted: boolean;
  /** Only what was detected since this officer took the watch. */
  sinceWatch: boolean;
  /** Alarms before Warnings before Notes, and the newest first among equals; else by time alone. */
  worstFirst: boolean;
  /** Alerts of one vessel that belong together, or of one incident, are one row. */
  stacked: boolean;
  /** Only what lies in this zone, by its id; empty for everywhere. */
  zone: string;
}

/** Notes never ring: they are listed when they are asked for. */
export const FIRST_FILTER: Filter = {
  origin: "own",
  tab: "open",
  priorities: new Set(["P1", "P2"]),
  muted: false,
  sinceWatch: false,
  worstFirst: true,
  stacked: true,
  zone: "",
};
export const filter = signal<Filter>(FIRST_FILTER);

export function inTab(alert: Alert, tab: Tab, at_ms: number | null): boolean {
  // A partner's has no triage here: it is open until they say otherwise.
  if (alert.origin) return tab === "all" || tab === (alert.state === "open" ? "open" : "done");
  const asleep = isSnoozed(alert, at_ms);
  switch (tab) {
    case "open": return waits(alert) && !asleep;
    case "mine": return waits(alert) && !asleep && officer.value !== "" && alert.triage.owner === officer.value;
    case "snoozed": return asleep && !isDone(alert);
    case "done": return isDone(alert) || !waits(alert);
    case "all": return true;
  }
}

/** The zone asked for; one that is not there at the time shown hides nothing. */
export const filterZone = computed(() => namedZones.value.find(({ properties }) => properties.id === filter.value.zone) ?? null);

const passesRest = (alert: Alert, by: Filter, since_ms: number): boolean =>
  (by.muted || alert.muted_by.length === 0)
  && (!by.sinceWatch || Date.parse(alert.t_detected) >= since_ms)
  && (filterZone.value === null || isWithin(filterZone.value.geometry, alert.lon, alert.lat));

/** The service's order is newest first; sorting by priority keeps it among equals, our own before a partner's. */
export function inOrder(list: Alert[], worstFirst: boolean): Alert[] {
  const rank = (alert: Alert): string => alert.priority + (alert.origin ? 1 : 0);
  return worstFirst ? list.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0)) : list;
}

/** All alerts of those asked for, newest first. */
export const asked = computed<Alert[]>(() => {
  const { origin } = filter.value;
  const own = origin === "partners" ? [] : [...alerts.value.values()];
  if (origin !== "partners" && origin !== "all") return own;
  return [...own, ...partnerAlerts.value.values()].sort((a, b) => Date.parse(b.t_detected) - Date.parse(a.t_detected));
});

const sinceWatch_ms = computed(() => myWatch.value?.since_ms ?? Number.NEGATIVE_INFINITY);

/** All that the filter lets through: what the map shows, whatever the list holds back. */
export const wanted = computed(() => {
  const by = filter.value;
  const passing = asked.value.filter(
    (alert) =>
      by.priorities.has(alert.priority) && passesRest(alert, by, sinceWatch_ms.value) && inTab(alert, by.tab, minute_ms.value),
  );
  return inOrder(passing, by.worstFirst);
});

/** What an alert is stacked by: the incident people made of it, or the vessel's own group. */
export const stackOf = (alert: Alert): string => alert.triage.incident ?? alert.group ?? alert.id;

/** Stacks that are laid open. */
export const laidOpen = signal<ReadonlySet<string>>(new Set());

/** The alerts of each stack, in the order of the list; the first is its row. */
export const stacks = computed(() => {
  const result = new Map<string, Alert[]>();
  for (const alert of wanted.value) {
    const key = filter.value.stacked ? stackOf(alert) : alert.id;
    const stack = result.get(key);
    if (stack) stack.push(alert);
    else result.set(key, [alert]);
  }
  return result;
});

/** How many more stand behind a row, and whether they are laid open. */
export function behind(alert: Alert): { more: number; open: boolean; head: boolean } {
  const stack = filter.value.stacked ? stacks.value.get(stackOf(alert)) : undefined;
  if (!stack || stack.length < 2) return { more: 0, open: false, head: true };
  return { more: stack.length - 1, open: laidOpen.value.has(stackOf(alert)), head: stack[0]?.id === alert.id };
}

/** The row of the selected alert, or of the stack behind which it stands. */
export const selectedRow = computed<string | null>(() => {
  const id = selectedAlertId.value;
  for (const [key, stack] of id === null ? [] : stacks.value) {
    if (stack.some((alert) => alert.id === id)) return laidOpen.value.has(key) ? id : stack[0]!.id;
  }
  return null;
});

const wantedRows = computed(() =>
  [...stacks.value].flatMap(([key, stack]) => (laidOpen.value.has(key) ? stack : stack.slice(0, 1))),
);

/** True while rows must not move: the pointer is over the list, or it is scrolled down. */
export const held = signal(false);

/** Identifiers of the rows on screen, in order. */
const rowIds = signal<readonly string[]>([]);

/** What waits outside a held list. */
export const waiting = computed(() => {
  const rows = new Set(rowIds.value);
  return wantedRows.value.filter((alert) => !rows.has(alert.id));
});

/** The rows. A held row that no longer passes the filter stays, with its new state, until let go. */
export const shownAlerts = computed(() =>
  rowIds.value.flatMap((id) => {
    const alert = alertOf(id);
    return alert ? [alert] : [];
  }),
);

export function letIn(): void {
  rowIds.value = untracked(() => wantedRows.value.map((alert) => alert.id));
}

/** Lays a stack open, or closes it. */
export function layOpen(alert: Alert, open: boolean): void {
  const next = new Set(laidOpen.value);
  if (open) next.add(stackOf(alert));
  else next.delete(stackOf(alert));
  laidOpen.value = next;
}

/** The user's own act on a row that is held: it leaves at once, that is no jump. */
export function letGo(ids: readonly string[]): void {
  const stays = new Set(wantedRows.value.map((alert) => alert.id));
  rowIds.value = rowIds.value.filter((id) => stays.has(id) || !ids.includes(id));
}

export function startList(): void {
  let lastOwn: readonly unknown[] = [];
  effect(() => {
    const ids = wantedRows.value.map((alert) => alert.id);
    const now = [filter.value, laidOpen.value];
    const own = now.some((value, at) => value !== lastOwn[at]); // the user's own act is not a jump
    lastOwn = now;
    const before = untracked(() => rowIds.value);
    const emptied = before.every((id) => !alertOf(id));
    if (held.value && !own && !emptied) return;
    if (ids.length !== before.length || ids.some((id, at) => id !== before[at])) rowIds.value = ids;
  });
}

export interface Counts {
  byTab: Record<Tab, number>;
  byPriority: Record<Priority, number>;
  muted: number;
}

/** Numbers beside the filters: each as if its own switch alone were turned. */
export const counts = computed<Counts>(() => {
  const result: Counts = {
    byTab: { open: 0, mine: 0, snoozed: 0, done: 0, all: 0 },
    byPriority: { P1: 0, P2: 0, P3: 0 },
    muted: 0,
  };
  const by = filter.value;
  for (const alert of asked.value) {
    if (alert.muted_by.length > 0) result.muted += 1;
    if (!passesRest(alert, by, sinceWatch_ms.value)) continue;
    const listed = by.priorities.has(alert.priority);
    for (const tab of TABS) if (listed && inTab(alert, tab, minute_ms.value)) result.byTab[tab] += 1;
    if (inTab(alert, by.tab, minute_ms.value)) result.byPriority[alert.priority] += 1;
  }
  return result;
});
