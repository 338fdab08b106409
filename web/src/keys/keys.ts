// One key, one act; off while a field has the focus.
import { step } from "../list/alert-list.tsx";
import { toggleLayerPanel } from "../layers/panel.tsx";
import { toggleFollow } from "../map/follow.tsx";
import { copyPlace, showSelection, zoomMap } from "../map/map-pane.tsx";
import { toggleMeasure } from "../map/measure-box.tsx";
import { marked } from "../map/place.ts";
import { togglePlay } from "../playback/bar.tsx";
import { selectAlert } from "../state/session.ts";
import { helpOpen } from "../state/state.ts";
import { switchTheme } from "../theme/theme.ts";
import { viewsOpen } from "../views/dialog.tsx";
import { copyLink } from "../views/view.ts";

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
  { keys: ["Escape"], text: "select nothing", act: () => { marked.value = null; selectAlert(null); } },
  { keys: ["/"], text: "search", act: () => focus("#search") },
  { keys: [" "], text: "play or pause", act: togglePlay },
  { keys: ["+", "="], text: "zoom in", act: () => zoomMap(1) },
  { keys: ["-"], text: "zoom out", act: () => zoomMap(-1) },
  { keys: ["l", "L"], text: "layers of the map", act: toggleLayerPanel },
  { keys: ["m", "M"], text: "measure on the map", act: toggleMeasure },
  { keys: ["f", "F"], text: "follow the selected vessel", act: toggleFollow },
  { keys: ["v", "V"], text: "saved views", act: () => { viewsOpen.value = true; } },
  { keys: ["y", "Y"], text: "copy a link to this view", act: () => void copyLink() },
  { keys: ["p", "P"], text: "copy the place at the pointer", act: copyPlace },
  { keys: ["t", "T"], text: "theme", act: switchTheme },
  { keys: ["?"], text: "this help", act: () => { helpOpen.value = true; } },
];

const TYPED = "input[type=text], textarea, select, dialog";
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
