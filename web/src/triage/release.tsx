// Releasing an alert to a group of others: asking for it. What shows and does it is fetched when it is needed.
import { signal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { say } from "../lang/lang.ts";
import { later } from "../later.tsx";
import { tell } from "../state/session.ts";
import { alerts, selectedAlertId } from "../state/state.ts";
import { ApiError } from "../wire/api.ts";
import type { Reach } from "../partners/types.ts";
import type { Alert } from "../wire/types.ts";
import { withWatch } from "./asked.ts";

/** What the dialog is open for: releasing an alert, or withdrawing it from a group. */
export const releasing = signal<{ alert: Alert; from?: Reach } | null>(null);

/** Opens the dialog for the selected alert, once somebody has the watch; one alert at a time, as each is judged. */
export function askRelease(): void {
  const alert = alerts.value.get(selectedAlertId.value ?? "");
  if (alert) withWatch(() => { releasing.value = { alert }; });
}

const Wait = () => <p class="dim">{say("Reading to whom it is released…")}</p>;

/** To which groups an alert is released, and by whom. */
export const Reached = later<{ alert: Alert }>(async () => (await import("./tool-release.tsx")).Reached, Wait);

const fetched = signal<(() => JSX.Element) | null>(null);

export function ReleaseDialog() {
  useSignalEffect(() => {
    if (fetched.peek() || !releasing.value) return;
    import("./tool-release.tsx").then((made) => {
      fetched.value = made.Dialogs;
    }, () => {
      releasing.value = null;
      tell(new ApiError(0, say("The page could not be fetched."), say("Is sargas still running?")));
    });
  });
  const Dialogs = fetched.value;
  return Dialogs ? <Dialogs /> : null;
}
