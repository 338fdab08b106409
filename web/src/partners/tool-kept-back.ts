// What a group does not get, in words: of a partner's alert, and of what we would release.
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";

/** What an officer misses first, and what is of less account at 3 a.m. */
export interface KeptBack {
  main: string[];
  rest: string[];
}

const MAIN = ["subject.mmsi", "lon", "asset", "asset.kp_km", "text", "why", "track"];

function mainWord(path: string): string | null {
  switch (path) {
    case "subject.mmsi": return say("who the vessel is");
    case "lon": return say("the place");
    case "asset": return say("the asset");
    case "asset.kp_km": return say("the exact kilometre");
    case "text": return say("the sentence");
    case "why": return say("the tests");
    case "track": return say("the track");
    default: return null;
  }
}

function restWord(path: string): string {
  if (path === "log" || path.startsWith("triage")) return say("what officers did");
  if (path.startsWith("subject.")) return say("what the vessel is");
  if (path.startsWith("context.lists")) return say("vessel lists");
  switch (path) {
    case "against": return say("what speaks against it");
    case "context": return say("the circumstances");
    case "context.coverage": case "context.feeds": return say("feeds and reception");
    case "muted_by": return say("masks and suspensions");
    case "notes": return say("what raised or lowered the priority");
    case "rules": case "geometry": case "detector_version": return say("versions of thresholds and detector");
    case "next_assets": return say("the assets ahead");
    case "lat": return say("the place");
    case "asset.distance_m": return say("the distance");
    default: return outside(path);
  }
}

/** From the paths that a release names; each once. */
export function keptBack(redacted: readonly string[]): KeptBack {
  const main = MAIN.filter((path) => redacted.includes(path)).map((path) => mainWord(path)!);
  const words = redacted.filter((path) => mainWord(path) === null).map(restWord);
  // The kilometre goes with the asset, the vessel's type with its name.
  const isSaid = (word: string): boolean => main.includes(word) || (word === say("what the vessel is") && main.includes(say("who the vessel is")));
  const rest = [...new Set(words.filter((word) => !isSaid(word)))];
  return { main: main.includes(say("the asset")) ? main.filter((word) => word !== say("the exact kilometre")) : main, rest };
}
