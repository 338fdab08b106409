// What can be done with an alert, as buttons with their keys; and how it stands.
import { duration, outside, utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { mayAct, now_ms } from "../state/state.ts";
import type { Alert, Verb } from "../wire/types.ts";
import { askFor } from "./asked.ts";
import { askRelease } from "./release.tsx";
import { askSuspend } from "./suspend.tsx";
import { busy, can, isSnoozed, othersAt, refusedWith, subjectsOf } from "./triage.ts";
import { reasonWord, stateWord } from "./words.ts";

interface Button {
  verb: Verb;
  label: string;
  /** The key that does the same. */
  cap: string;
  /** Not what an alert is usually answered with: smaller, on a line of its own. */
  minor?: true;
}

const buttons = (): Button[] => [
  { verb: "acknowledge", label: say("Acknowledge"), cap: "A" },
  { verb: "dismiss", label: say("Dismiss…"), cap: "D" },
  { verb: "escalate", label: say("Escalate…"), cap: "E" },
  { verb: "resolve", label: say("Resolve"), cap: "R" },
  { verb: "reopen", label: say("Reopen"), cap: "R" },
  { verb: "claim", label: say("Claim"), cap: "C", minor: true },
  { verb: "release", label: say("Release"), cap: "C", minor: true },
  { verb: "snooze", label: say("Snooze…"), cap: "S", minor: true },
  { verb: "wake", label: say("Wake"), cap: "S", minor: true },
  { verb: "comment", label: say("Comment…"), cap: "N", minor: true },
  { verb: "ungroup", label: say("Ungroup"), cap: "U", minor: true },
];

function ActButton({ verb, label, cap, minor }: Button) {
  return (
    <button type="button" class={minor ? "small-button minor" : "small-button"} disabled={busy.value} onClick={() => askFor(verb)}>
      {label} <kbd>{cap}</kbd>
    </button>
  );
}

export function ActsBar({ alert }: { alert: Alert }) {
  if (!mayAct.value) return <p class="acts dim small">{say("You are a viewer: acting needs the role officer.")}</p>;
  const members = subjectsOf(alert.id, "comment").length;
  const possible = buttons().filter(({ verb }) => can(verb, alert));
  return (
    <div class="acts" role="toolbar" aria-label={say("What can be done")}>
      {possible.filter(({ minor }) => !minor).map((one) => <ActButton key={one.verb} {...one} />)}
      <span class="minors">
        {possible.filter(({ minor }) => minor).map((one) => <ActButton key={one.verb} {...one} />)}
        {alert.subject.mmsi === null ? null : (
          <button type="button" class="small-button minor" disabled={busy.value} onClick={askSuspend}>{say("Suspend…")} <kbd>P</kbd></button>
        )}
        <button type="button" class="small-button minor" disabled={busy.value} onClick={askRelease}>{say("Release to…")} <kbd>&gt;</kbd></button>
      </span>
      {members > 1 ? <p class="dim small">{say("Acts on all {n} alerts of this incident.", { n: members })}</p> : null}
      {refusedWith.value ? (
        <p class="dialog-refused" role="alert">
          <b>{outside(refusedWith.value.what)}</b> {outside(refusedWith.value.hint)}{" "}
          <button type="button" class="link" onClick={() => { refusedWith.value = null; }}>{say("Close")}</button>
        </p>
      ) : null}
    </div>
  );
}

/** In one or two sentences: the state, since when, by whom, why; and who else looks. */
export function Standing({ alert }: { alert: Alert }) {
  const { triage } = alert;
  const at_ms = now_ms.value;
  const parts = [stateWord(triage.state) + (at_ms === null ? "" : `, ${duration(at_ms - triage.since_ms)}`)];
  if (triage.raised_again_ms !== null) parts.push(say("raised again at {t}", { t: utcMinute(triage.raised_again_ms) }));
  if (triage.reason) parts.push(reasonWord(triage.reason));
  if (triage.to) parts.push(say("to {to}", { to: outside(triage.to) }) + (triage.ref ? ` (${outside(triage.ref)})` : ""));
  if (triage.owner) parts.push(say("claimed by {who}", { who: outside(triage.owner) }));
  if (isSnoozed(alert, at_ms)) parts.push(say("snoozed until {t}", { t: utcMinute(triage.snoozed_until_ms!) }));
  const others = othersAt(alert.id);
  return (
    <p class="standing">
      <bdi>{parts.join(" · ")}</bdi>
      {others.length > 0 ? <span class="looking"> · {say("also looking: {who}", { who: outside(others.join(", ")) })}</span> : null}
    </p>
  );
}
