// The ways to a dossier, from one to the next, and back to the row it was opened from.
import { rowDomId } from "../list/alert-row.tsx";
import { shownAlerts } from "../list/filter.ts";
import { go, route } from "../route.ts";
import { selectAlert } from "../state/session.ts";
import { alertOf, selectedAlertId, selectedMmsi } from "../state/state.ts";

export const dossierPath = (id: string): string => `/alert/${encodeURIComponent(id)}`;

/** Opens the dossier of the selected alert. */
export function openDossier(): void {
  if (selectedAlertId.value !== null) go(dossierPath(selectedAlertId.value));
}

/** The alerts before and after this one in the list, as it is filtered and ordered. */
export function neighbours(id: string): { before: string | null; after: string | null } {
  const ids = shownAlerts.value.map((alert) => alert.id);
  const at = ids.indexOf(id);
  if (at < 0) return { before: null, after: ids[0] ?? null };
  return { before: ids[at - 1] ?? null, after: ids[at + 1] ?? null };
}

export function stepDossier(by: 1 | -1): void {
  const { before, after } = neighbours(route.value.id);
  const to = by > 0 ? after : before;
  if (to !== null) go(dossierPath(to));
}

export const backToWatch = (): void => go("/");

/** The watch is shown again: the alert is selected in its list, and its row has the focus, unless something else was chosen. */
export function focusRow(id: string): void {
  if (selectedAlertId.value !== id && selectedMmsi.value !== null) return;
  if (alertOf(id)) selectAlert(id);
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(".rows")?.focus();
    document.getElementById(rowDomId(id))?.scrollIntoView({ block: "nearest" });
  });
}
