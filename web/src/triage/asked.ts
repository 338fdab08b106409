// What a key or a button asks for: the watch first, what must be said next, then the act.
import { effect } from "@preact/signals";
import { say } from "../lang/lang.ts";
import { step } from "../list/alert-list.tsx";
import { letGo, shownAlerts, stackOf, stacks } from "../list/filter.ts";
import { alerts, mayAct, myWatch, officer, onWatch, selectedAlertId } from "../state/state.ts";
import { selectAlert, tell } from "../state/session.ts";
import { ApiError } from "../wire/api.ts";
import type { Verb } from "../wire/types.ts";
import { act, can, dialog, marked, seeNow, subjectsOf, undoable } from "./triage.ts";

const SAYS: readonly Verb[] = ["dismiss", "escalate", "snooze", "comment", "group"];

/** The answer to an act may come before the word of it on the socket: waits for both. */
function whenHeard(id: string, then: () => void): void {
  const seq = undoable.value?.batch ?? 0;
  const stop = effect(() => {
    if ((alerts.value.get(id)?.triage.last_seq ?? seq) < seq) return;
    requestAnimationFrame(() => {
      stop();
      then();
    });
  });
}

/** After an act the row may be gone: the one in its place is next, so that a list is worked down. */
function selectNext(id: string, at: number): void {
  whenHeard(id, () => {
    if (selectedAlertId.value !== id) return; // gone on meanwhile
    letGo([id]);
    const rows = shownAlerts.value;
    if (at < 0 || rows.some((alert) => alert.id === id)) return;
    const own = alerts.value.get(id);
    const head = own && stacks.value.get(stackOf(own))?.[0]; // it stands behind another row now
    const next = head ?? rows[Math.min(at, rows.length - 1)];
    selectAlert(next?.id ?? null);
    if (next) step(0);
    document.querySelector<HTMLElement>(".rows")?.focus();
  });
}

/** Asks for the name first where this screen has no officer on watch, then goes on; tells a viewer why not. */
export function withWatch(then: () => void): void {
  if (!mayAct.value) return tell(new ApiError(403, say("You are a viewer: acting needs the role officer."), say("Ask an admin.")));
  const known = onWatch.value.some((one) => one.officer === officer.value);
  if (myWatch.value && known) then();
  else dialog.value = { kind: "watch", seen: [], then };
}

/** Does, or asks what must be said for doing, something with the selected alert. */
export function askFor(verb: Verb): void {
  const id = selectedAlertId.value;
  const alert = id === null ? undefined : alerts.value.get(id);
  if (id === null || !alert || !can(verb, alert)) return;
  withWatch(() => {
    const ids = verb === "group" ? [...new Set([...marked.value, id])] : subjectsOf(id, verb);
    const at = shownAlerts.value.findIndex((row) => row.id === id);
    const then = (): void => selectNext(id, at);
    if (SAYS.includes(verb)) dialog.value = { kind: verb as "dismiss", seen: seeNow(ids), then };
    else void act(verb, seeNow(ids)).then((done) => done && then());
  });
}

/** Does the first of two that can be done: a key has one meaning at a time. */
export function askEither(first: Verb, second: Verb): void {
  const alert = alerts.value.get(selectedAlertId.value ?? "");
  if (alert) askFor(can(first, alert) ? first : second);
}

/** Marks the selected row to be grouped, or unmarks it. */
export function toggleMark(): void {
  const id = selectedAlertId.value;
  if (id === null || !alerts.value.has(id)) return; // nor a partner's
  const next = new Set(marked.value);
  if (!next.delete(id)) next.add(id);
  marked.value = next;
}
