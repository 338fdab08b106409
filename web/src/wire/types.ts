// The words of docs/wire.md. Times in JSON are ISO 8601 with Z; names ending in _ms are UTC ms.

export type Priority = "P1" | "P2" | "P3";
export type AlertState = "open" | "closed" | "retracted";

export interface Clock {
  t_ms: number;
  t: string;
  playing: boolean;
  speed: number;
  /** It stands at the end of what is analysed and goes on with it. */
  live: boolean;
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
  last_ms: number | null;
  fixes: number;
  rejected: number;
  note: string | null;
}

export interface Status {
  version: string;
  mode: "demo" | "serve";
  exercise: { name: string; title: string; note: string } | null;
  clock: Clock | null;
  feeds: Feed[];
  attribution: string[];
  vessels: number;
  fixes: number;
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

export interface Alert {
  id: string;
  detector: string;
  rules: string;
  version: number;
  state: AlertState;
  priority: Priority;
  t_start: string;
  t_detected: string;
  subject: Subject;
  lon: number;
  lat: number;
  asset: AlertAsset | null;
  next_assets: NextAsset[];
  why: Why[];
  against: string[];
  /** `lists` only where a scan was given vessel lists. */
  context: { gnss: string | null; coverage: string | null; depth_m: number | null; lists?: ListEntry[] };
  text: string;
  exercise: boolean | string | null;
  muted_by: string[];
  group: string | null;
  /** Sent beyond the contract's fields; the screen does without. */
  t_end?: string | null;
  notes?: string[];
}

/** What one entry of a user's list says of the vessel. */
export interface ListEntry {
  list: string;
  entry: string;
  date: string;
  kind: string;
  matched_by: string;
}

export interface AlertDetail extends Alert {
  evidence: { fixes: Track; rules: string; attribution: string[] | string; caveat: string };
  versions: { version: number; state: string; priority: Priority; t_detected: string; text: string }[];
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

export type Message =
  | { kind: "hello"; status: Status }
  | { kind: "clock"; clock: Clock }
  | { kind: "alerts"; alerts: Alert[] }
  | { kind: "reset" }
  | { kind: "feeds"; feeds: Feed[] };
