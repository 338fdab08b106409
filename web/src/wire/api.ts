// The service's JSON answers. A refusal is {error, hint}; it becomes an ApiError with both.
import type { Dossier, Identities } from "../dossier/types.ts";
import type { Partner, Releases } from "../partners/types.ts";
import type {
  Alert, AlertDetail, AssetCollection, Clock, ClockLayer, Found, Handover, Histogram, LogLine, OnWatch, Presence, Quality, Status,
  Suspension, Track, Verb, Vessel, ZoneCollection, ZoneCommand, ZoneDone,
} from "./types.ts";

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;
  /** With a conflict: the alerts as they are now. */
  readonly alerts: readonly Alert[];
  /** The role that is needed, where the user's is too little. */
  readonly needs: string | undefined;

  constructor(status: number, message: string, hint: string, alerts: readonly Alert[] = [], needs?: string) {
    super(message);
    this.needs = needs;
    this.alerts = alerts;
    this.status = status;
    this.hint = hint;
  }
}

/** Names this screen to the service, which gives it a clock of its own while it looks back in a live watch. */
const SCREEN = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** A path for what sends no headers: the socket, and links to files. */
export const ofScreen = (path: string): string => `${path}${path.includes("?") ? "&" : "?"}screen=${SCREEN}`;

async function ask<T>(path: string, init?: RequestInit, screen = SCREEN): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...init?.headers, ...(screen && { "x-sargas-screen": screen }) } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "The service does not answer.", "Is sargas still running?");
  }
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as { error?: string; hint?: string; alerts?: Alert[]; needs?: string };
    if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new ApiError(response.status, body.error ?? `The service answered ${response.status}.`, body.hint ?? "", body.alerts, body.needs);
  }
  return (await response.json()) as T;
}

export const getStatus = (): Promise<Status> => ask("/api/status");
export const getAssets = (): Promise<AssetCollection> => ask("/api/assets");
export const getGeo = (name: "land" | "territory" | "ports"): Promise<GeoJSON.GeoJSON> => ask(`/geo/${name}.geojson`);
export const getLayer = (name: "masks" | "coverage", signal?: AbortSignal): Promise<ClockLayer> =>
  ask(`/api/layers/${name}`, { signal: signal ?? null });
export const getAlerts = async (): Promise<Alert[]> => (await ask<{ alerts: Alert[] }>("/api/alerts")).alerts;
/** The alerts of the watch as it stands now, wherever this screen looks. */
export const getPresent = async (): Promise<Alert[]> => (await ask<{ alerts: Alert[] }>("/api/alerts", undefined, "")).alerts;

export const getAlert = (id: string, signal?: AbortSignal): Promise<AlertDetail> =>
  ask(`/api/alerts/${encodeURIComponent(id)}`, { signal: signal ?? null });

/** Of a partner, or of all: whatever it sent, so nothing is believed of what is in it. */
export const getPartnerAlerts = async (): Promise<unknown[]> => (await ask<{ alerts: unknown[] }>("/api/alerts?origin=partners")).alerts;
export const getPartnerAlert = (id: string, instance: string, signal?: AbortSignal): Promise<unknown> =>
  ask(`/api/alerts/${encodeURIComponent(id)}?origin=${encodeURIComponent(instance)}`, { signal: signal ?? null });
export const getPartners = async (): Promise<Partner[]> => (await ask<{ partners: Partner[] }>("/api/partners")).partners;

/** To which groups an alert is released; with a group also what it would get from the version that was seen on. */
export const getReleases = (id: string, to?: { group: string; version: number }, signal?: AbortSignal): Promise<Releases> =>
  ask(`/api/alerts/${encodeURIComponent(id)}/releases${to ? `?to=${encodeURIComponent(to.group)}&version=${to.version}` : ""}`, { signal: signal ?? null });

export const getDossier = (id: string, signal?: AbortSignal): Promise<Dossier> =>
  ask(`/api/alerts/${encodeURIComponent(id)}/dossier`, { signal: signal ?? null });

export const getIdentities = (mmsi: number, signal?: AbortSignal): Promise<Identities> =>
  ask(`/api/vessels/${mmsi}/identities`, { signal: signal ?? null });

export const getVessel = (mmsi: number, signal?: AbortSignal): Promise<Vessel> =>
  ask(`/api/vessels/${mmsi}`, { signal: signal ?? null });

export const getTrack = (mmsi: number, from_ms: number, to_ms: number, signal?: AbortSignal): Promise<Track> =>
  ask(`/api/vessels/${mmsi}/track?from_ms=${Math.floor(from_ms)}&to_ms=${Math.ceil(to_ms)}`, {
    signal: signal ?? null,
  });

export const search = async (text: string, signal?: AbortSignal): Promise<Found[]> =>
  (await ask<{ vessels: Found[] }>(`/api/search?q=${encodeURIComponent(text)}`, { signal: signal ?? null })).vessels;

export const getHistogram = (from_ms: number, to_ms: number, bins: number, at_ms = from_ms): Promise<Histogram> =>
  ask(`/api/histogram?from_ms=${Math.floor(from_ms)}&to_ms=${Math.ceil(to_ms)}&bins=${bins}&at_ms=${at_ms}`);

export type PlaybackCommand =
  | { action: "play" }
  | { action: "pause" }
  | { action: "live" }
  | { action: "seek"; t_ms: number }
  | { action: "speed"; speed: number };

const post = <T>(path: string, command: object): Promise<T> =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(command) });

export const postPlayback = (command: PlaybackCommand): Promise<Clock> => post("/api/playback", command);

export interface ActCommand {
  verb: Verb;
  officer: string;
  alerts: { id: string; version: number; last_seq: number }[];
  comment?: string;
  reason?: string;
  to?: string;
  ref?: string;
  until_ms?: number;
  incident?: string;
  title?: string;
  group?: string;
}

export const postAct = async (command: ActCommand): Promise<LogLine[]> =>
  (await post<{ acts: LogLine[] }>("/api/acts", command)).acts;

export const postUndo = async (officer: string, batch: number): Promise<LogLine[]> =>
  (await post<{ acts: LogLine[] }>("/api/undo", { officer, batch })).acts;

export const postWatch = (command: { action: "start" | "end"; officer: string; until_ms?: number; comment?: string }): Promise<LogLine> =>
  post("/api/watches", command);

export const getHandover = (watch: number | null, signal?: AbortSignal): Promise<Handover> =>
  ask(`/api/handover${watch === null ? "" : `?watch=${watch}`}`, { signal: signal ?? null });

export interface SuspendCommand {
  action: "add" | "end";
  officer: string;
  id?: string;
  mmsis?: number[];
  list?: string;
  detectors?: string[];
  area?: GeoJSON.Polygon | GeoJSON.MultiPolygon;
  where?: string;
  until_ms?: number;
  reason?: string;
  comment?: string;
}

export const postSuspension = (command: SuspendCommand): Promise<LogLine> => post("/api/suspensions", command);

export const getSuspensions = async (): Promise<Suspension[]> =>
  (await ask<{ suspensions: Suspension[] }>("/api/suspensions")).suspensions;

export const getQuality = (officer: string, signal?: AbortSignal): Promise<Quality> =>
  ask(`/api/quality?officer=${encodeURIComponent(officer)}`, { signal: signal ?? null });

export const getWatches = (): Promise<{ on_watch: OnWatch[]; looking: Presence[] }> => ask("/api/watches");

export const getZones = (): Promise<ZoneCollection> => ask("/api/zones");
export const postZone = (command: ZoneCommand): Promise<ZoneDone> => post("/api/zones", command);
