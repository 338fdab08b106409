// The small text beside the pointer.
import { duration, outside } from "../format/format.ts";
import { classWord, detectorTitle, kindWord, PRIORITY_WORD } from "../format/words.ts";
import { now_ms, vessels } from "../state/state.ts";
import { hover } from "./map-pane.tsx";
import type { Picked } from "./pick.ts";

function textOf(picked: Picked): { title: string; line: string } | null {
  if (!picked) return null;
  if (picked.kind === "alert") {
    const { priority, detector, subject } = picked.alert;
    return { title: `${PRIORITY_WORD[priority]}: ${detectorTitle(detector)}`, line: `${outside(subject.name ?? "")} ${subject.mmsi ?? ""}` };
  }
  if (picked.kind === "asset") {
    const { name, kind, status } = picked.shape.properties;
    return { title: outside(name ?? "no name"), line: [kindWord(kind), status?.replaceAll("_", " ")].filter(Boolean).join(" · ") };
  }
  const row = vessels.row(picked.mmsi);
  if (!row) return null;
  const sog = row.sog_kn === null ? "no speed" : `${row.sog_kn.toFixed(1)} kn`;
  const cog = row.cog_deg === null ? "no course" : `${row.cog_deg.toFixed(0).padStart(3, "0")}°`;
  const age = row.ageIsFloor ? "over 18 h ago" : `${duration((now_ms.value ?? vessels.t_ms) - row.fix_ms)} ago`;
  return {
    title: `MMSI ${row.mmsi}${row.exercise ? " · EXERCISE" : ""}`,
    line: `${classWord(row.vesselClass)} · ${sog} · ${cog} · received ${age}`,
  };
}

export function Tip() {
  const at = hover.value;
  const text = at && textOf(at.picked);
  if (!at || !text) return null;
  return (
    <div class="tip" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      <strong><bdi>{text.title}</bdi></strong>
      <span><bdi>{text.line}</bdi></span>
    </div>
  );
}
