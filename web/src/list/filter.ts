// Which alerts are listed, and which rows stand still.
import { computed, effect, signal, untracked } from "@preact/signals";
import type { Alert, Priority } from "../wire/types.ts";
import { alerts } from "../state/state.ts";

export interface Filter {
  onlyOpen: boolean;
  priorities: ReadonlySet<Priority>;
  muted: boolean;
  /** Alarms before Warnings before Notes, and the newest first among equals; else by time alone. */
  worstFirst: boolean;
}

export const filter = signal<Filter>({
  onlyOpen: true,
  priorities: new Set(["P1", "P2", "P3"]),
  muted: false,
  worstFirst: true,
});

export const passes = (alert: Alert, by: Filter): boolean =>
  (!by.onlyOpen || alert.state === "open") &&
  by.priorities.has(alert.priority) &&
  (by.muted || alert.muted_by.length === 0);

/** The service's order is newest first; sorting by priority keeps it among equals. */
export function inOrder(list: Alert[], worstFirst: boolean): Alert[] {
  return worstFirst ? list.sort((a, b) => (a.priority < b.priority ? -1 : a.priority > b.priority ? 1 : 0)) : list;
}

/** All that the filter lets through: what the map shows, whatever the list holds back. */
export const wanted = computed(() =>
  inOrder([...alerts.value.values()].filter((alert) => passes(alert, filter.value)), filter.value.worstFirst),
);

/** True while rows must not move: the pointer is over the list, or it is scrolled down. */
export const held = signal(false);

/** Identifiers of the rows on screen, in order. */
const rowIds = signal<readonly string[]>([]);

/** What waits outside a held list. */
export const waiting = computed(() => {
  const rows = new Set(rowIds.value);
  return wanted.value.filter((alert) => !rows.has(alert.id));
});

/** The rows. A held row that no longer passes the filter stays, with its new state, until let go. */
export const shownAlerts = computed(() =>
  rowIds.value.flatMap((id) => {
    const alert = alerts.value.get(id);
    return alert ? [alert] : [];
  }),
);

export function letIn(): void {
  rowIds.value = untracked(() => wanted.value.map((alert) => alert.id));
}

export function startList(): void {
  let lastFilter = filter.value;
  effect(() => {
    const ids = wanted.value.map((alert) => alert.id);
    const own = filter.value !== lastFilter; // the user's own act is not a jump
    lastFilter = filter.value;
    const before = untracked(() => rowIds.value);
    const emptied = before.every((id) => !alerts.value.has(id));
    if (held.value && !own && !emptied) return;
    if (ids.length !== before.length || ids.some((id, at) => id !== before[at])) rowIds.value = ids;
  });
}

export interface Counts {
  open: number;
  all: number;
  muted: number;
  byPriority: Record<Priority, number>;
}

export const counts = computed<Counts>(() => {
  const result: Counts = { open: 0, all: 0, muted: 0, byPriority: { P1: 0, P2: 0, P3: 0 } };
  const { onlyOpen, muted } = filter.value;
  for (const alert of alerts.value.values()) {
    if (alert.muted_by.length > 0) result.muted += 1;
    if (alert.muted_by.length > 0 && !muted) continue;
    result.all += 1;
    if (alert.state === "open") result.open += 1;
    if (!onlyOpen || alert.state === "open") result.byPriority[alert.priority] += 1;
  }
  return result;
});
