// Places as people write them, and the place that was last looked for.
import { signal } from "@preact/signals";
import { CHART_BOUNDS } from "./mercator.ts";
import type { Position } from "./wgs84.ts";

/** A place that was searched for: marked on the map until Escape. */
export const marked = signal<Position | null>(null);

export const isOnChart = ([lon, lat]: Position): boolean =>
  lon >= CHART_BOUNDS.west && lon <= CHART_BOUNDS.east && lat >= CHART_BOUNDS.south && lat <= CHART_BOUNDS.north;

/** Degrees, or degrees and minutes, or degrees, minutes and seconds; NaN where they are none. */
function angle(parts: readonly number[]): number {
  const [degrees = Number.NaN, minutes = 0, seconds = 0] = parts;
  if (parts.length > 3 || parts.slice(1).some((part) => !(part >= 0 && part < 60))) return Number.NaN;
  const size = Math.abs(degrees) + minutes / 60 + seconds / 3600;
  return degrees < 0 || Object.is(degrees, -0) ? -size : size;
}

const numbers = (text: string): number[] => (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
const isReal = ([lon, lat]: Position): boolean => Math.abs(lon) <= 180 && Math.abs(lat) <= 90;

/** "58 12.0N 020 24.0E", "N58 12.0 E020 24.0": the letters say which is which. */
function lettered(text: string): Position | null {
  const number = String.raw`-?\d+(?:\.\d+)?(?:\s+\d+(?:\.\d+)?){0,2}`;
  const before = new RegExp(`^([NSEW])\\s*(${number})[\\s,;]*([NSEW])\\s*(${number})$`);
  const after = new RegExp(`^(${number})\\s*([NSEW])[\\s,;]*(${number})\\s*([NSEW])$`);
  const found = before.exec(text);
  const other = after.exec(text);
  const pairs = found ? [[found[1]!, found[2]!], [found[3]!, found[4]!]] : other ? [[other[2]!, other[1]!], [other[4]!, other[3]!]] : [];
  const value = (letters: string): number => {
    const pair = pairs.find(([letter]) => letters.includes(letter!));
    return pair ? angle(numbers(pair[1]!)) * ("SW".includes(pair[0]!) ? -1 : 1) : Number.NaN;
  };
  const place: Position = [value("EW"), value("NS")];
  return isReal(place) ? place : null;
}

/** "58.2, 20.4", either order: on a chart of the Baltic no number can be both. */
function bare(text: string): Position | null {
  const dotted = /^-?\d+,\d+\s*[\s;]\s*-?\d+,\d+$/.test(text) ? text.replaceAll(",", ".") : text;
  if (!/^[-\d.,;\s]+$/.test(dotted)) return null;
  const parts = numbers(dotted);
  if (parts.length !== 2 && parts.length !== 4) return null;
  const half = parts.length / 2;
  const [first, second] = [angle(parts.slice(0, half)), angle(parts.slice(half))];
  const latFirst: Position = [second, first];
  const lonFirst: Position = [first, second];
  const place = isOnChart(latFirst) || !isOnChart(lonFirst) ? latFirst : lonFirst;
  return isReal(place) ? place : null;
}

/** Reads a place as degrees, degrees and minutes, or decimals; null where the text is none. */
export function parsePlace(written: string): Position | null {
  const text = written
    .trim()
    .toUpperCase()
    .replace(/\s*\([^)]*\)$/, "")
    .replaceAll("−", "-")
    .replace(/[°º′'’″"]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return /[NSEW]/.test(text) ? lettered(text.replace(/(?<=\d),(?=\d)/g, ".")) : bare(text);
}
