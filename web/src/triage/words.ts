// The words of triage: those of bridge alert management where it has one (docs/wire.md).
import { say } from "../lang/lang.ts";
import type { TriageState } from "../wire/types.ts";

export const REASONS = [
  "gnss_interference", "data_fault", "known_activity", "permitted", "duplicate", "too_eager", "other",
] as const;
export type Reason = (typeof REASONS)[number];

export function reasonWord(reason: string): string {
  switch (reason) {
    case "gnss_interference": return say("GNSS interference");
    case "data_fault": return say("receiver or data fault");
    case "known_activity": return say("known activity (pilot, SAR, survey, cable ship, fishing, dredging)");
    case "permitted": return say("permitted");
    case "duplicate": return say("duplicate");
    case "too_eager": return say("detector too eager");
    case "other": return say("other, say which");
    default: return reason;
  }
}

export function stateWord(state: TriageState): string {
  switch (state) {
    case "unack": return say("unacknowledged");
    case "ack": return say("acknowledged");
    case "rectified_unack": return say("over, unacknowledged");
    case "escalated": return say("escalated");
    case "resolved": return say("resolved");
    case "dismissed": return say("dismissed");
  }
}

/** What was done, as a line of the log says it. */
export function doneWord(verb: string): string {
  switch (verb) {
    case "acknowledge": return say("acknowledged");
    case "claim": return say("claimed");
    case "release": return say("released");
    case "comment": return say("commented");
    case "snooze": return say("snoozed");
    case "wake": return say("woken");
    case "escalate": return say("escalated");
    case "resolve": return say("resolved");
    case "dismiss": return say("dismissed");
    case "reopen": return say("reopened");
    case "group": return say("grouped");
    case "ungroup": return say("taken out of its incident");
    case "undo": return say("taken back");
    case "suspend": return say("suspended");
    case "end_suspension": return say("ended a suspension");
    case "start_watch": return say("took the watch");
    case "end_watch": return say("handed the watch over");
    case "release_to": return say("released to a group");
    case "withdraw": return say("withdrew a release");
    case "share": return say("shared with a group");
    default: return verb;
  }
}
