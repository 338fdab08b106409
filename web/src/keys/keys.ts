// One key, one act; off while a field has the focus.
import { step } from "../list/alert-list.tsx";
import { showSelection, zoomMap } from "../map/map-pane.tsx";
import { goLive, stepTime, toAlert, togglePlay } from "../playback/bar.tsx";
import { selectAlert } from "../state/session.ts";
import { helpOpen, legendOpen } from "../state/state.ts";
import { switchTheme } from "../theme/theme.ts";

export interface Key {
  keys: string[];
  text: string;
  act(): void;
}

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

export const KEYS: readonly Key[] = [
  { keys: ["j", "J", "ArrowDown"], text: "next alert", act: () => step(1) },
  { keys: ["k", "K", "ArrowUp"], text: "previous alert", act: () => step(-1) },
  { keys: ["Enter"], text: "show the selection on the map", act: showSelection },
  { keys: ["Escape"], text: "select nothing", act: () => selectAlert(null) },
  { keys: ["/"], text: "search", act: () => focus("#search") },
  { keys: [" "], text: "play or pause", act: togglePlay },
  { keys: ["["], text: "one minute back", act: () => stepTime(-60_000) },
  { keys: ["]"], text: "one minute on", act: () => stepTime(60_000) },
  { keys: ["{"], text: "to the alert before", act: () => void toAlert("previous") },
  { keys: ["}"], text: "to the alert after", act: () => void toAlert("next") },
  { keys: ["."], text: "to the newest analysed, and stay with it", act: goLive },
  { keys: ["+", "="], text: "zoom in", act: () => zoomMap(1) },
  { keys: ["-"], text: "zoom out", act: () => zoomMap(-1) },
  { keys: ["l", "L"], text: "legend", act: () => { legendOpen.value = !legendOpen.value; } },
  { keys: ["t"], text: "next theme", act: () => switchTheme(1) },
  { keys: ["T"], text: "previous theme", act: () => switchTheme(-1) },
  { keys: ["?"], text: "this help", act: () => { helpOpen.value = true; } },
];

const TYPED = "input[type=text], textarea, select";
/** What these keys already do on the focused control goes before what they do here. */
const OWN = "button, a, input, select, summary";

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || helpOpen.value) return;
    const at = event.target as Element | null;
    if (at?.closest(TYPED)) return;
    if ((event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow")) && at?.closest(OWN)) return;
    const scrolls = event.key.startsWith("Arrow") && at?.closest(".evidence");
    const key = scrolls ? undefined : KEYS.find(({ keys }) => keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.act();
  });
}
