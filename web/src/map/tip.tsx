// The small text beside the pointer.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { duration, outside } from "../format/format.ts";
import { classWord, detectorTitle, kindWord, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { now_ms, vessels } from "../state/state.ts";
import { getVessel } from "../wire/api.ts";
import { hover } from "./map-pane.tsx";
import type { Picked } from "./pick.ts";

const REST_MS = 200;
/** Names learnt so far; a vessel without one is remembered as such. */
const names = signal<ReadonlyMap<number, string>>(new Map());

function textOf(picked: Picked): { title: string; line: string } | null {
  if (!picked) return null;
  if (picked.kind === "alert") {
    const { priority, detector, subject, origin, exercise } = picked.alert;
    const whose = origin ? ` · ${say("from {who}", { who: outside(origin.peer ?? origin.name) })}${exercise ? " · EXERCISE" : ""}` : "";
    return { title: `${say(PRIORITY_WORD[priority])}: ${detectorTitle(detector)}`, line: `${outside(subject.name ?? "")} ${subject.mmsi ?? ""}${whose}` };
  }
  if (picked.kind === "asset") {
    const { name, kind, status } = picked.shape.properties;
    return { title: outside(name ?? say("no name")), line: [kindWord(kind), status?.replaceAll("_", " ")].filter(Boolean).join(" · ") };
  }
  const row = vessels.row(picked.mmsi);
  if (!row) return null;
  const name = names.value.get(row.mmsi);
  const sog = row.sog_kn === null ? say("no speed") : `${row.sog_kn.toFixed(1)} kn`;
  const cog = row.cog_deg === null ? say("no course") : `${row.cog_deg.toFixed(0).padStart(3, "0")}°`;
  const age = row.ageIsFloor ? say("over 18 h ago") : say("{time} ago", { time: duration((now_ms.value ?? vessels.t_ms) - row.fix_ms) });
  return {
    title: `${name ? `${name} · ` : ""}MMSI ${row.mmsi}${row.exercise ? " · EXERCISE" : ""}`,
    line: `${classWord(row.vesselClass)} · ${sog} · ${cog} · ${say("received {ago}", { ago: age })}`,
  };
}

/** Asks for a vessel's name once the pointer rests on it. */
function useName(picked: Picked): void {
  const mmsi = picked?.kind === "vessel" ? picked.mmsi : null;
  useEffect(() => {
    if (mmsi === null || names.value.has(mmsi)) return;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      getVessel(mmsi, abort.signal).then(
        ({ name }) => { names.value = new Map(names.value).set(mmsi, outside(name ?? "")); },
        () => undefined, // the tip does without
      );
    }, REST_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [mmsi]);
}

export function Tip() {
  const at = hover.value;
  useName(at?.picked ?? null);
  const text = at && textOf(at.picked);
  if (!at || !text) return null;
  return (
    <div class="tip" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      <strong><bdi>{text.title}</bdi></strong>
      <span><bdi>{text.line}</bdi></span>
    </div>
  );
}
