// The words of docs/wire.md. Times in JSON are ISO 8601 with Z; names ending in _ms are UTC ms.

import type { Origin } from "../partners/types.ts";

export type Priority = "P1" | "P2" | "P3";
export type AlertState = "open" | "closed" | "retracted";

export interface Clock {
  t_ms: number;
  t: string;
  playing: boolean;
  speed: number;
  /** It stands at the end of what is analysed and goes on with it. */
  live: boolean;
  /** In a live watch: the clock of this screen alone, which looks back. */
  own: boolean;
  span: { from_ms: number; to_ms: number } | null;
  analysed_to_ms: number | null;
}

/** When alerts arose: their number in equal parts of a span, and the nearest to a time. */
export interface Histogram extends Record<Priority, number[]> {
  from_ms: number;
  to_ms: number;
  previous_ms: number | null;
  next_ms: number | null;
}

export interface Feed {
  name: string;
  kind: string;
  /** How a live feed is, by its own idle time; others have none. */
  state?: string;
  last_ms: number | null;
  fixes: number;
  rejected: number;
  note: string | null;
}

/** What keeps the watch from judging, or did within the last hour; times by its own clock. */
export interface Halt {
  cause: "store" | "journal" | "folding" | "backlog";
  what: string;
  since_ms: number;
  /** Null while it lasts. */
  until_ms: number | null;
  judged_to_ms: number | null;
  /** The worst of the Alarms and Warnings that the store has not taken. */
  unstored: { id: string; priority: Priority; t_detected: string; text: string }[];
  unstored_count: number;
}

export interface Status {
  version: string;
  mode: "demo" | "serve" | "watch";
  exercise: { name: string; title: string; note: string } | null;
  clock: Clock | null;
  feeds: Feed[];
  attribution: string[];
  vessels: number;
  fixes: number;
  /** Who is logged in, and how long the session lasts at most (null with a token); null where the home has no users. */
  user?: { name: string; role: string; session_left_ms: number | null } | null;
  halt: Halt | null;
}

export interface Track {
  t_ms: number[];
  lon: (number | null)[];
  lat: (number | null)[];
  sog_kn: (number | null)[];
  cog_deg: (number | null)[];
  heading_deg: (number | null)[];
}

export interface Subject {
  domain: string;
  mmsi: number | null;
  imo: number | null;
  name: string | null;
  ship_type: number | string | null;
  length_m: number | null;
}

export interface AlertAsset {
  id: string;
  name: string;
  kind: string;
  distance_m: number | null;
  kp_km: number | null;
  accuracy_m: number | null;
}

export interface NextAsset {
  id: string;
  name: string;
  kind: string;
  distance_km: number;
  eta: string | null;
}

export interface Why {
  feature: string;
  value: number | string | null;
  unit: string | null;
  threshold: number | string | null;
  margin: number | null;
  passed: boolean;
}

/** An alert as the list has it; what only the selected one shows is in `AlertDetail`. */
export interface Alert {
  id: string;
  detector: string;
  version: number;
  state: AlertState;
  priority: Priority;
  t_start: string;
  t_detected: string;
  subject: Subject;
  lon: number;
  lat: number;
  asset: AlertAsset | null;
  /** `lists` only where a scan was given vessel lists. */
  context: { lists?: ListEntry[] };
  text: string;
  exercise: boolean | string | null;
  muted_by: string[];
  group: string | null;
  triage: Triage;
  /** Of whom it is; an alert of our own has none. */
  origin?: Origin;
  release?: { group: string; redacted: string[] };
  /** Sent beyond the contract's fields; the screen does without. */
  t_end?: string | null;
}

/** What one entry of a user's list says of the vessel. */
export interface ListEntry {
  list: string;
  entry: string;
  date: string;
  kind: string;
  matched_by: string;
}

export type TriageState = "unack" | "ack" | "rectified_unack" | "escalated" | "resolved" | "dismissed";
export type Verb =
  | "acknowledge" | "claim" | "release" | "comment" | "snooze" | "wake" | "escalate" | "resolve" | "dismiss"
  | "reopen" | "group" | "ungroup" | "release_to" | "withdraw";

/** How an alert stands with the people of the watch. */
export interface Triage {
  state: TriageState;
  since_ms: number;
  owner: string | null;
  raised_again_ms: number | null;
  snoozed_until_ms: number | null;
  reason: string | null;
  comment: string | null;
  to: string | null;
  ref: string | null;
  incident: string | null;
  taken_ms: number | null;
  taken_by: string | null;
  last_seq: number;
  acts: number;
}

/** A line of the audit log. */
export interface LogLine {
  seq: number;
  at: string;
  t: string;
  officer: string;
  verb: string;
  alert: string | null;
  version: number;
  batch: number;
  old: string;
  new: string;
  comment?: string;
  reason?: string;
  to?: string;
  ref?: string;
  until_ms?: number;
  incident?: string;
  title?: string;
  group?: string;
  undoes?: number;
  suspension?: string;
}

/** Alerts of a vessel or a list that are muted for a time; times are event times. */
export interface Suspension {
  id: string;
  mmsis: number[];
  imos: number[];
  list: string;
  /** Empty for all. */
  detectors: string[];
  /** Null for everywhere. */
  area: GeoJSON.Polygon | GeoJSON.MultiPolygon | null;
  where: string;
  from_ms: number;
  until_ms: number;
  /** `until_ms`, or when somebody ended it. */
  ends_ms: number;
  reason: string;
  by: string;
  ended_ms: number | null;
  ended_by: string | null;
}

/** A suspension that ends in the next watch. */
export interface HandoverSuspension {
  id: string;
  vessels: { mmsi: number; name: string | null }[];
  imos: number[];
  list: string;
  detectors: string[];
  where: string | null;
  from: string;
  until: string;
  by: string;
  reason: string;
  muted: number;
}

export interface OnWatch {
  officer: string;
  since_ms: number;
  seq: number;
  until_ms?: number;
}

export interface Presence {
  officer: string;
  alert: string;
}

export interface HandoverRow {
  id: string;
  priority: Priority;
  detector: string;
  vessel: string | null;
  mmsi: number | null;
  asset: string | null;
  detected: string;
  rang_ms: number;
  age_ms: number;
  text: string;
  state: TriageState;
  is_open: boolean;
  owner: string | null;
  taken_by: string | null;
  taken_after_ms: number | null;
  reason: string | null;
  to: string | null;
  ref: string | null;
  snoozed_until: string | null;
  comment: string | null;
  exercise: string | null;
}

/** What the next watch must know. */
export interface Handover {
  watch: { seq: number; officer: string; from: string; to: string; from_ms: number; to_ms: number; ended: boolean; comment: string };
  counts: {
    by_priority: { P1: number; P2: number };
    notes: number;
    by_state: Partial<Record<TriageState, number>>;
    by_reason: Record<string, number>;
    median_taken_after_ms: number | null;
    slowest_taken_after_ms: number | null;
    acts_by_officer: Record<string, number>;
  };
  rang: HandoverRow[];
  open: HandoverRow[];
  snoozed: HandoverRow[];
  suspensions: HandoverSuspension[];
  feeds: { name: string | null; since: string; until: string | null; state: string; text: string }[];
  log: { lines: number; head: string };
  watches: { seq: number; officer: string; from: string; to: string | null }[];
}

export interface QualityStation {
  source: number;
  station: number | string | null;
  fixes_per_min: number;
  vessels: number;
  last: string;
  silent_s: number;
}

export interface QualityDetector {
  detector: string;
  raised: Record<Priority, number>;
  muted: number;
  open: number;
  handled: number;
  dismissed: number;
  dismissed_share: number | null;
  reasons: Record<string, number>;
}

export interface BudgetLine {
  name: string;
  count: number;
  most: number;
}

/** How good the picture is. */
export interface Quality {
  t: string;
  since: string;
  since_watch: boolean;
  feeds: Feed[];
  stations: QualityStation[];
  rejected: Record<string, number>;
  detectors: QualityDetector[];
  budget: BudgetLine[];
}

/** An alert whole, as `/api/alerts/{id}` gives it. */
export interface AlertDetail extends Alert {
  rules: string;
  next_assets: NextAsset[];
  why: Why[];
  against: string[];
  context: { gnss: string | null; coverage: string | null; depth_m: number | null; lists?: ListEntry[] };
  notes?: string[];
  log: LogLine[];
  evidence: { fixes: Track; rules: string; attribution: string[] | string; caveat: string };
  versions: { version: number; state: string; priority: Priority; t_detected: string; t_issued?: string; text: string }[];
}

export interface Vessel {
  mmsi: number;
  name: string | null;
  imo: number | null;
  callsign: string | null;
  ship_type: number | null;
  ship_type_text: string | null;
  length_m: number | null;
  flag: string | null;
  destination: string | null;
  last: {
    t: string;
    lon: number | null;
    lat: number | null;
    sog_kn: number | null;
    cog_deg: number | null;
    heading_deg: number | null;
    nav_status: number | string | null;
  } | null;
  exercise: boolean | string | null;
}

export interface Found {
  mmsi: number;
  name: string | null;
  imo: number | null;
  callsign: string | null;
  lon: number | null;
  lat: number | null;
}

export interface AssetProperties {
  id: string;
  name: string | null;
  kind: string;
  status: string | null;
  operator: string | null;
  accuracy_m: number | null;
  length_km: number | null;
}

export type AssetCollection = GeoJSON.FeatureCollection<GeoJSON.Geometry, AssetProperties> & {
  attribution?: string[] | string;
};

/** A layer as of the clock, with what it says of itself. */
export type ClockLayer = GeoJSON.FeatureCollection & { as_of: string; note: string };

export type Message =
  | { kind: "hello"; status: Status }
  | { kind: "clock"; clock: Clock }
  | { kind: "alerts"; alerts: Alert[] }
  | { kind: "present"; alerts: Alert[] }
  | { kind: "reset" }
  | { kind: "feeds"; feeds: Feed[] }
  | { kind: "halt"; halt: Halt | null }
  | { kind: "suspensions"; suspensions: Suspension[] }
  | { kind: "watches"; on_watch: OnWatch[] }
  | { kind: "looking"; looking: Presence[] }
  | { kind: "partners" }
  | { kind: "zones" };

export type ZoneEffect = "none" | "raise" | "downgrade" | "mute";

export interface Zone {
  geometry: GeoJSON.Geometry;
  properties: {
    id: string;
    name: string;
    effect: ZoneEffect;
    kind: string;
    detectors: string[];
    assets: string[];
    valid_from: string;
    valid_until: string | null;
    counts: boolean;
    version: number;
    /** Whether it is the last word known; only that can be changed. */
    latest: boolean;
    owner: string;
    by: string;
    reason: string;
  };
}

export interface ZoneCollection {
  features: Zone[];
  /** Detectors that there are, and what a mask may be. */
  detectors: string[];
  kinds: string[];
}

export interface ZoneCommand {
  action: "draw" | "change" | "expire";
  officer: string;
  reason: string;
  id?: string;
  version?: number;
  name?: string;
  effect?: ZoneEffect;
  kind?: string;
  detectors?: string[];
  valid_until_ms?: number | null;
  geometry?: GeoJSON.Polygon | null;
}

export interface ZoneDone {
  id: string;
  /** Null where nothing had to be changed. */
  counts_from: string | null;
  zones: ZoneCollection;
}
