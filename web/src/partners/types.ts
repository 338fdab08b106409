// The words of /api/partners and /api/alerts/{id}/releases, and whose an alert is.
import type { Priority } from "../wire/types.ts";

/** Which partner an alert came from. `peer` is our name for it, `name` its own; times by the wall clock. */
export interface Origin {
  instance: string;
  peer: string | null;
  name: string;
  received: string;
  bundle: string;
  /** The alert's id as the partner has it. */
  id: string;
}

/** A partner, and how many of its alerts are open as it last told. */
export interface Partner {
  instance: string;
  peer: string | null;
  name: string | null;
  trusted: boolean;
  alerts: number;
  open: Record<Priority, number>;
  received: string | null;
}

/** How an alert stands with a release group. */
export interface Reach {
  group: string;
  label: string;
  /** What the group gets now; none where nothing is released. */
  versions: number[];
  /** "rule 1", or "line 7 of the log". */
  because: string | null;
  told_as: string | null;
  redacted: string[];
  /** Feeds that it may rest on and that may not go to the group: it gets nothing, whoever releases it. */
  withheld: string[];
  released: ReachAct | null;
  withdrawn: ReachAct | null;
  left: { at: string; officer: string; format: string; where: string }[];
  left_count: number;
}

export interface ReachAct {
  officer: string;
  at: string;
  t: string;
  version: number;
  comment: string;
}

export interface Releases {
  policy: string;
  version: number;
  groups: Reach[];
  preview?: { versions: number[]; alert: Record<string, unknown> } | null;
}
