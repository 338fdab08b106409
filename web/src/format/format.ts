// Numbers, times and places as text. UTC, 24 h, ISO 8601; longitude before latitude.
import { say } from "../lang/lang.ts";

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

/** 2024-12-25 12:26:05Z */
export function utc(t_ms: number): string {
  return `${utcDate(t_ms)} ${utcTime(t_ms)}`;
}

export const utcDate = (t_ms: number): string => new Date(t_ms).toISOString().slice(0, 10);

/** 12:26:05Z */
export const utcTime = (t_ms: number): string => `${new Date(t_ms).toISOString().slice(11, 19)}Z`;

/** 12:26Z */
export const utcMinute = (t_ms: number): string => `${new Date(t_ms).toISOString().slice(11, 16)}Z`;

/** An ISO text as ms; NaN when it is none. */
export const parseTime = (iso: string | null | undefined): number => (iso ? Date.parse(iso) : Number.NaN);

/** "40 s", "12 min", "3 h 05", "2 d 4 h": how long, in the two largest units that matter. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${pad(minutes % 60)}`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function degreesMinutes(value: number, width: number, letters: string): string {
  const thousandths = Math.round(Math.abs(value) * 60_000);
  const degrees = Math.floor(thousandths / 60_000);
  const minutes = ((thousandths - degrees * 60_000) / 1000).toFixed(3).padStart(6, "0");
  return `${pad(degrees, width)}°${minutes}′${value < 0 ? letters[1] : letters[0]}`;
}

/** 024°30.102′E 59°41.521′N */
export const placeDm = (lon: number, lat: number): string =>
  `${degreesMinutes(lon, 3, "EW")} ${degreesMinutes(lat, 2, "NS")}`;

/** 24.50170, 59.69202 */
export const placeDecimal = (lon: number, lat: number): string => `${lon.toFixed(5)}, ${lat.toFixed(5)}`;

/** 12,345 */
export const whole = (value: number): string => Math.round(value).toLocaleString("en-GB");

/** A measured number: three or four digits that matter, never exponents. */
export function measured(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return whole(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export function metres(distance_m: number): string {
  return distance_m < 1000 ? `${Math.round(distance_m)} m` : `${(distance_m / 1000).toFixed(distance_m < 10_000 ? 2 : 1)} km`;
}

/**
 * Text from outside, for display: control and direction marks are shown as "�", so that a name
 * can neither hide nor turn the text around it.
 */
export function outside(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd").trim();
}

/** A vessel's name as it was sent, or what is known instead. */
export const vesselName = (name: string | null | undefined): string => (name ? outside(name) : "") || say("name not received");
