// What the marks mean, in the same shapes and colours as the map.
import type { JSX } from "preact";
import { PRIORITIES, PRIORITY_WORD } from "../format/words.ts";
import { legendOpen } from "../state/state.ts";
import { Mark } from "./mark.tsx";

function Entry({ children, text }: { children: JSX.Element | JSX.Element[]; text: string }) {
  return (
    <li>
      <svg width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true">{children}</svg>
      {text}
    </li>
  );
}

const ARROW = "M0 -5.5L3.4 4.7L0 2.8L-3.4 4.7Z";

export function Legend() {
  if (!legendOpen.value) {
    return (
      <button type="button" class="legend-open" aria-expanded="false" onClick={() => { legendOpen.value = true; }}>
        Legend <kbd>L</kbd>
      </button>
    );
  }
  return (
    <div class="legend">
      <h2 class="visually-hidden">Legend</h2>
      <button type="button" class="legend-close" aria-label="Close the legend" onClick={() => { legendOpen.value = false; }}>×</button>
      <ul>
        {PRIORITIES.map((priority) => (
          <li key={priority}><Mark priority={priority} size={12} />{PRIORITY_WORD[priority]}</li>
        ))}
        <Entry text="vessel, course up">
          <path d={ARROW} class="lg-traffic" />
        </Entry>
        <Entry text="no course">
          <circle r="2.6" class="lg-traffic" />
        </Entry>
        <Entry text="not received for 3 min (12 at rest)">
          <path d={ARROW} class="lg-hollow" />
        </Entry>
        <Entry text="cable">
          <path d="M-12 0H12" class="lg-cable" />
        </Entry>
        <Entry text="pipeline">
          <path d="M-12 0H12" class="lg-pipeline" />
        </Entry>
        <Entry text="corridor, 0.5 NM or accuracy">
          <path d="M-12 0H12" class="lg-corridor" />
        </Entry>
        <Entry text="wind farm">
          <rect x="-9" y="-5" width="18" height="10" class="lg-wind" />
          <path d="M-9 1L-3 -5M-9 5L1 -5M-4 5L6 -5M1 5L9 -3M6 5L9 2" class="lg-hatch" />
        </Entry>
        <Entry text="LNG terminal">
          <rect x="-3" y="-3" width="6" height="6" class="lg-point" />
        </Entry>
        <Entry text="12 NM and borders">
          <path d="M-12 0H12" class="lg-territory" />
        </Entry>
      </ul>
    </div>
  );
}
