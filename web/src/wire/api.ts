// The service's JSON answers. A refusal is {error, hint}; it becomes an ApiError with both.
import type { Alert, AlertDetail, AssetCollection, Clock, Found, Histogram, Status, Track, Vessel } from "./types.ts";

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;

  constructor(status: number, message: string, hint: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "The service does not answer.", "Is sargas still running?");
  }
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as { error?: string; hint?: string };
    throw new ApiError(response.status, body.error ?? `The service answered ${response.status}.`, body.hint ?? "");
  }
  return (await response.json()) as T;
}

export const getStatus = (): Promise<Status> => ask("/api/status");
export const getAssets = (): Promise<AssetCollection> => ask("/api/assets");
export const getGeo = (name: "land" | "territory" | "ports"): Promise<GeoJSON.GeoJSON> => ask(`/geo/${name}.geojson`);
export const getAlerts = async (): Promise<Alert[]> => (await ask<{ alerts: Alert[] }>("/api/alerts")).alerts;

export const getAlert = (id: string, signal?: AbortSignal): Promise<AlertDetail> =>
  ask(`/api/alerts/${encodeURIComponent(id)}`, { signal: signal ?? null });

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

export const postPlayback = (command: PlaybackCommand): Promise<Clock> =>
  ask("/api/playback", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(command),
  });
