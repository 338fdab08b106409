// Legend and switches in one: each entry shows its mark, and switches its layer on and off.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { utcMinute } from "../format/format.ts";
import { PRIORITIES, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { focusMap } from "../map/map-pane.tsx";
import { Mark } from "../map/mark.tsx";
import { legendOpen, partnerAlerts } from "../state/state.ts";
import { type LayerId, shown, toggleLayer } from "./layers.ts";
import { clockLayers } from "./show.ts";

const ROWS = 4;
const ARROW = "M0 -5.5L3.4 4.7L0 2.8L-3.4 4.7Z";

const Swatch = ({ children }: { children: JSX.Element | JSX.Element[] }) => (
  <svg width="18" height="12" viewBox="-9 -6 18 12" aria-hidden="true">{children}</svg>
);

const LINE = "M-9 0H9";
const SWATCH: Record<LayerId, () => JSX.Element | JSX.Element[]> = {
  stale: () => <path d={ARROW} class="lg-hollow" />,
  telecom: () => <path d={LINE} class="lg-cable" />,
  power: () => <path d={LINE} class="lg-cable" />,
  unspecified: () => <path d={LINE} class="lg-cable thin" />,
  pipeline: () => <path d={LINE} class="lg-pipeline" />,
  wind: () => [
    <rect key="edge" x="-8" y="-5" width="16" height="10" class="lg-wind" />,
    <path key="hatch" d="M-8 1L-2 -5M-8 5L2 -5M-3 5L7 -5M2 5L8 -1" class="lg-hatch" />,
  ],
  lng: () => <rect x="-3" y="-3" width="6" height="6" class="lg-point" />,
  territory: () => <path d={LINE} class="lg-territory" />,
  ports: () => <circle r="2.2" class="lg-port" />,
  names: () => <text class="lg-name" text-anchor="middle" y="4">Aa</text>,
  masks: () => <rect x="-8" y="-5" width="16" height="10" class="lg-mask" />,
  coverage: () => <path d="M-8 -3h1.5M-3 -3h1.5M2 -3h1.5M7 -3h1.5M-6 0h1.5M-1 0h1.5M4 0h1.5M-8 3h1.5M-3 3h1.5M2 3h1.5M7 3h1.5" class="lg-stipple" />,
  gnss: () => <rect x="-8" y="-5" width="16" height="10" class="lg-gnss" />,
};

/** Short text of each entry, and what it says in full. */
const words = (): Record<LayerId, [text: string, full: string]> => ({
  stale: [say("stale: 3 min, 12 at rest"), say("Vessels not received for 3 minutes, or 12 at rest")],
  telecom: [say("telecom cable"), say("Telecom cables")],
  power: [say("power cable"), say("Power cables")],
  unspecified: [say("cable, use unknown"), say("Cables whose use is unknown")],
  pipeline: [say("pipeline"), say("Pipelines")],
  wind: [say("wind farm"), say("Wind farms")],
  lng: [say("LNG terminal"), say("LNG terminals")],
  territory: [say("12 NM, borders"), say("Territorial seas, 12 NM, and borders")],
  ports: [say("ports"), say("Ports and their names")],
  names: [say("names"), say("Names of seas and countries")],
  masks: [say("masks"), say("Masks: places where stops are muted or lowered; within 1 km of the coast they always are")],
  coverage: [say("not heard for 1 h"), say("Water where nothing was received in the last hour; not heard is not the same as not there")],
  gnss: [say("GNSS areas"), say("Areas with an open alert of GNSS interference")],
});

const ORDER: readonly LayerId[] = [
  "stale", "telecom", "power", "unspecified", "pipeline", "wind", "lng", "territory", "ports", "names", "masks", "coverage", "gnss",
];

export function toggleLayerPanel(): void {
  legendOpen.value = !legendOpen.value;
  if (!legendOpen.value) return focusMap();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".legend input[tabindex='0']")?.focus());
}

/** The arrow keys go from switch to switch, so that the Tab key passes them in one step. */
function onKey(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    return toggleLayerPanel();
  }
  const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: ROWS, ArrowLeft: -ROWS, Home: -Infinity, End: Infinity }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const inputs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLInputElement>("input")];
  const at = inputs.indexOf(document.activeElement as HTMLInputElement);
  const next = inputs[Math.min(inputs.length - 1, Math.max(0, at + by))]!;
  for (const input of inputs) input.tabIndex = input === next ? 0 : -1;
  next.focus();
}

function Switch({ id, first }: { id: LayerId; first: boolean }) {
  const [text, full] = words()[id];
  // Set once: afterwards the arrow keys say where the Tab key enters.
  const begin = useRef(first ? 0 : -1);
  return (
    <label title={full} class={shown.value[id] ? "" : "off"}>
      <input type="checkbox" data-layer={id} aria-label={full} tabIndex={begin.current} checked={shown.value[id]} onChange={() => toggleLayer(id)} />
      <Swatch>{SWATCH[id]()}</Swatch>
      {text}
    </label>
  );
}

function Marks() {
  return (
    <>
      <li class="priorities">
        {PRIORITIES.map((priority) => <span key={priority}><Mark priority={priority} size={11} />{say(PRIORITY_WORD[priority])}</span>)}
        {partnerAlerts.value.size > 0 ? <span><Mark priority="P2" size={13} theirs />{say("of a partner")}</span> : null}
      </li>
      <li>
        <Swatch><path d={ARROW} class="lg-traffic" /></Swatch>{say("course up")}
        <Swatch><circle r="2.6" class="lg-traffic" /></Swatch>{say("no course")}
      </li>
      <li title={say("0.5 NM to both sides, or the asset's accuracy where that is worse")}>
        <Swatch><path d={LINE} class="lg-corridor" /></Swatch>{say("corridor, 0.5 NM or more")}
      </li>
    </>
  );
}

/** What a layer that needs explaining says while it is on. */
function Words() {
  const { coverage } = clockLayers.value;
  if (!shown.value.coverage) return null;
  return (
    <p class="legend-note" role="status">
      {coverage
        ? say("Stippled: nothing received in the hour before {time}. Not heard is not the same as not there.", { time: utcMinute(Date.parse(coverage.as_of)) })
        : say("Reading where anything was received…")}
    </p>
  );
}

export function LayerPanel() {
  if (!legendOpen.value) {
    return (
      <button type="button" class="legend-open" aria-expanded="false" onClick={() => { legendOpen.value = true; }}>
        {say("Layers")} <kbd>L</kbd>
      </button>
    );
  }
  return (
    <section class="legend" aria-label={say("Layers and marks")}>
      <button type="button" class="legend-close" aria-label={say("Close the layers")} onClick={() => { legendOpen.value = false; }}>×</button>
      <div class="legend-columns">
        <ul aria-label={say("Marks")}><Marks /></ul>
        <div class="switches" role="group" aria-label={say("Layers")} onKeyDown={onKey}>
          {ORDER.map((id, at) => <Switch key={id} id={id} first={at === 0} />)}
        </div>
      </div>
      <Words />
    </section>
  );
}
