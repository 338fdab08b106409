// The words of /api/alerts/{id}/dossier and /api/vessels/{mmsi}/identities.
import type { AlertDetail, Track } from "../wire/types.ts";

export interface DossierTrack extends Track {
  distance_m: (number | null)[];
  msg_type: number[];
  station: number[];
  source: string[];
}

export interface DistanceTo {
  id: string;
  name: string;
  kind: string;
  /** The alert is about no asset: the first one ahead. */
  is_ahead: boolean;
}

export interface DossierAlert extends AlertDetail {
  evidence: AlertDetail["evidence"] & { from: string; to: string; fixes: DossierTrack; distance_to: DistanceTo | null };
  detector_version?: string;
  geometry?: string;
  t_issued?: string;
}

export interface Kept {
  fixes: number;
  received: number;
  reason: "area" | "days_gone" | "vessel_gone" | null;
  days_gone: string[];
  stored: [string, string] | null;
}

export interface Usual {
  from: string;
  to: string;
  minutes: number;
  minutes_received: number;
  moving_kn: number;
  least_minutes: number;
  low_kn: number | null;
  middle_kn: number | null;
  high_kn: number | null;
}

export interface MapAsset {
  id: string;
  name: string;
  kind: string;
  accuracy_m: number | null;
  is_main: boolean;
  distance_m: number;
  lines: [number, number][][];
}

export interface Near extends Track {
  t: string;
  total: number;
  mmsi: number[];
  distance_m: number[];
}

export interface HourMap {
  /** West, south, east, north; degrees. */
  box: [number, number, number, number];
  width: number;
  height: number;
  land: [number, number][][];
  assets: MapAsset[];
  ahead: { lon: number; lat: number; sign: string }[];
  near: Near;
}

export interface Dossier {
  alert: DossierAlert;
  kept: Kept;
  usual: Usual | null;
  map: HourMap | null;
}

export interface Identity {
  from: string;
  to: string;
  reports: number;
  imo: number | null;
  name: string | null;
  callsign: string | null;
  ship_type: number | null;
  ship_type_text: string | null;
  length_m: number | null;
  beam_m: number | null;
  changed: string[];
}

export interface Identities {
  mmsi: number;
  versions: Identity[];
  total: number;
}
