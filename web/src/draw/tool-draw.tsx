// The drawing tool: the zones that are known, and the form in which one is drawn, changed or withdrawn.
// Everything can be typed; the pointer is a second way to give the same corners.
import "./draw.css";
import { useEffect, useRef } from "preact/hooks";
import { outside, utc } from "../format/format.ts";
import { detectorTitle } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { pathsOf, boxOf } from "../map/geometry.ts";
import { goTo } from "../map/map-pane.tsx";
import { latOf, lonOf } from "../map/mercator.ts";
import { now_ms, vessels } from "../state/state.ts";
import type { Zone } from "../wire/types.ts";
import { backToList, cancelSketch, type Doing, doing, endSketch, said, sketching, undoPoint } from "./drafting.ts";
import { drawOpen } from "./open.tsx";
import { ZoneForm } from "./form.tsx";
import { effectWord, standing, zones } from "./zones.ts";

const shownTime = (): number => now_ms.value ?? vessels.t_ms;

function close(): void {
  endSketch();
  doing.value = null;
  said.value = "";
  drawOpen.value = false;
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".draw-open")?.focus());
}

function show(zone: Zone): void {
  const [west, north, east, south] = boxOf(pathsOf(zone.geometry));
  const zoom = Math.min(11, Math.log2(0.5 / Math.max(east - west, south - north, 1e-6)));
  goTo(lonOf((west + east) / 2), latOf((north + south) / 2), zoom);
}

function begin(action: Doing["action"], zone: Zone | null): void {
  said.value = "";
  if (zone) show(zone);
  doing.value = { action, zone };
}

/** "counts until 2026-12-24 12:00Z", or from when on it will. */
function timeWords(zone: Zone): string {
  const { valid_from, valid_until } = zone.properties;
  const minute = (iso: string): string => utc(Date.parse(iso)).replace(/:\d\dZ$/, "Z");
  const until = valid_until ? say("until {t}", { t: minute(valid_until) }) : say("no end");
  if (standing(zone, shownTime()) === "counts") return until;
  return `${say("waits: counts from {t}", { t: utc(Date.parse(valid_from)) })}, ${until}`;
}

function ZoneRow({ zone }: { zone: Zone }) {
  const { id, name, effect, version, by, reason, detectors, latest } = zone.properties;
  const called = outside(name || id);
  return (
    <li class="draw-zone">
      <div>
        <b><bdi>{called}</bdi></b> <span class="chip">{effectWord(effect)}</span>
        <span class="dim small mono"> {id} v{version}</span>
      </div>
      <div class="dim small">
        {timeWords(zone)} · <bdi>{outside(by)}</bdi>: <bdi>{outside(reason)}</bdi>
        {detectors.length > 0 ? ` · ${detectors.map(detectorTitle).join(", ")}` : ""}
      </div>
      <div class="draw-acts">
        <button type="button" class="small-button" aria-label={say("Show {name}", { name: called })} onClick={() => show(zone)}>{say("Show")}</button>
        {latest ? (
          <>
            <button type="button" class="small-button" aria-label={say("Change {name}", { name: called })} onClick={() => begin("change", zone)}>{say("Change")}</button>
            <button type="button" class="small-button" aria-label={say("Withdraw {name}", { name: called })} onClick={() => begin("expire", zone)}>{say("Withdraw")}</button>
          </>
        ) : <span class="dim small">{say("a later version waits")}</span>}
      </div>
    </li>
  );
}

function ZoneList() {
  const known = zones.value.features.filter((zone) => standing(zone, shownTime()) !== "over");
  return (
    <>
      <button type="button" class="small-button main draw-new" onClick={() => begin("draw", null)}>{say("Draw a zone")}</button>
      <h3>{sayCount(known.length, "One zone at the time shown", "{n} zones at the time shown")}</h3>
      <ul class="draw-list">{known.map((zone) => <ZoneRow key={`${zone.properties.id} ${zone.properties.version}`} zone={zone} />)}</ul>
    </>
  );
}

/** Esc goes one step back, Ctrl+Z and Backspace take a corner back; before the screen's own keys. */
function onKey(event: KeyboardEvent): void {
  if (document.querySelector("dialog[open]")) return;
  const typing = (event.target as Element | null)?.closest("input[type=text], textarea, select");
  const back = event.key === "Backspace" || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z");
  if (event.key === "Escape") {
    if (sketching()) cancelSketch();
    else if (doing.value) backToList();
    else close();
  } else if (!(back && !typing && doing.value && undoPoint())) return;
  event.preventDefault();
  event.stopPropagation();
}

export function DrawTool() {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    document.addEventListener("keydown", onKey, true);
    panel.current?.querySelector<HTMLElement>("button, input")?.focus();
    return () => {
      document.removeEventListener("keydown", onKey, true);
      endSketch();
    };
  }, []);
  const now = doing.value;
  return (
    <section ref={panel} class="draw-panel" aria-labelledby="draw-title">
      <div class="draw-head">
        <h2 id="draw-title">{say("Zones, vigilance areas, masks")}</h2>
        <button type="button" class="small-button draw-close" onClick={close}>{say("Close")} <kbd>Esc</kbd></button>
      </div>
      {now ? <ZoneForm key={`${now.action} ${now.zone?.properties.id ?? ""}`} doing={now} /> : <ZoneList />}
      <p class="draw-said small" role="status">{said.value}</p>
    </section>
  );
}
