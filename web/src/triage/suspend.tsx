// Suspending what is ordinary for a while: asking for it, and what it says of an alert.
import { signal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { tell } from "../state/session.ts";
import { alerts, selectedAlertId } from "../state/state.ts";
import { ApiError } from "../wire/api.ts";
import type { Alert } from "../wire/types.ts";
import { withWatch } from "./asked.ts";
import { begunAfter, isSuspension, listOpen, mutedWord, suspending, suspensionOf, untilWord } from "./suspensions.ts";

/** Opens the dialog for the selected alert, once somebody has the watch. */
export function askSuspend(): void {
  const alert = alerts.value.get(selectedAlertId.value ?? "");
  if (alert && alert.subject.mmsi !== null) withWatch(() => { suspending.value = alert; });
}

const fetched = signal<(() => JSX.Element) | null>(null);

/** The dialogs, fetched when one is first asked for. */
export function SuspendDialogs() {
  useSignalEffect(() => {
    if (fetched.peek() || (!suspending.value && !listOpen.value)) return;
    import("./tool-suspend.tsx").then(({ Dialogs }) => {
      fetched.value = Dialogs;
    }, () => {
      suspending.value = null;
      listOpen.value = false;
      tell(new ApiError(0, say("The page could not be fetched."), say("Is sargas still running?")));
    });
  });
  const Dialogs = fetched.value;
  return Dialogs ? <Dialogs /> : null;
}

/** Who has muted an alert, until when and why; or that others like it are suspended since. */
export function SuspendedWords({ alert }: { alert: Alert }) {
  const lines = [
    ...alert.muted_by.filter(isSuspension).map((name) => {
      const one = suspensionOf(name);
      return one ? mutedWord(one) : say("Suspended.");
    }),
    ...begunAfter(alert).map((one) =>
      say("It stood before {who} suspended alerts like it, until {t}.", { who: outside(one.by), t: untilWord(one.ends_ms) })),
  ];
  return <>{lines.map((text) => <p key={text} class="standing suspended"><bdi>{text}</bdi></p>)}</>;
}
