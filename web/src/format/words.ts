// The words of the screen for the words of the wire. Anything unknown is shown as it came.
import type { AlertState, Priority } from "../wire/types.ts";
import { say } from "../lang/lang.ts";
import { outside } from "./format.ts";

export const PRIORITY_WORD: Record<Priority, string> = { P1: "Alarm", P2: "Warning", P3: "Note" };
export const PRIORITIES: readonly Priority[] = ["P1", "P2", "P3"];
export const STATE_WORD: Record<AlertState, string> = { open: "open", closed: "closed", retracted: "retracted" };

const DETECTOR_TITLE: Record<string, string> = {
  drag_onset: "Drag pattern, onset",
  drag_sustained: "Drag pattern, sustained",
  drag_confirmed: "Drag pattern, confirmed",
  slow_in_corridor: "Slow in corridor",
  loiter: "Loitering",
  swing_circle: "Swing circle at anchor",
  repeat_crossing: "Repeated crossing",
  gap: "Gap in reception",
  gap_visit: "Gap with an asset in reach",
  position_integrity: "Position integrity",
  gnss_area: "GNSS interference in an area",
  identity: "Identity conflict",
  status_mismatch: "Status does not match movement",
  encounter: "Encounter",
  off_route: "Off the usual route",
  speed_loss: "Loss of speed",
  drift: "Drifting",
  unexplained_stop: "Unexplained stop",
  feed_health: "Feed health",
  feed_link: "Line to a feed",
};

const CLASS_WORD = [
  "type unknown", "cargo", "tanker", "passenger", "fishing", "tug, pilot or service",
  "pleasure or sailing", "high speed", "law enforcement, SAR or military", "other",
  "aid to navigation or base station",
];

const KIND_WORD: Record<string, string> = {
  telecom_cable: "telecom cable",
  power_cable: "power cable",
  unspecified_cable: "cable, use unknown",
  gas_pipeline: "gas pipeline",
  wind_farm: "wind farm",
  lng_terminal: "LNG terminal",
};

const sentence = (word: string): string => {
  const text = outside(word).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** "from P1 to P2" in the words of the screen. */
export const inWords = (text: string): string =>
  outside(text).replace(/\bP[123]\b/g, (code) => say(PRIORITY_WORD[code as Priority]));

export const detectorTitle = (word: string): string => say(DETECTOR_TITLE[word] ?? sentence(word));
export const classWord = (vesselClass: number): string => say(CLASS_WORD[vesselClass] ?? "type unknown");
export const kindWord = (kind: string): string => say(KIND_WORD[kind] ?? outside(kind).replaceAll("_", " "));
/** What a detector tests, as it names it; dictionaries have {n} for each number in the name. */
export function featureWord(feature: string): string {
  const text = outside(feature).replaceAll("_", " ");
  const numbers = text.match(/\d+/g) ?? [];
  return say(text.replace(/\d+/g, "{n}")).replace(/\{n\}/g, () => numbers.shift() ?? "");
}
