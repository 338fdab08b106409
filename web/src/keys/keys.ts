// One key, one act; off while a field has the focus.
import { backToWatch, openDossier, stepDossier } from "../dossier/go.ts";
import { step } from "../list/alert-list.tsx";
import { showSelection, zoomMap } from "../map/map-pane.tsx";
import { togglePlay } from "../playback/bar.tsx";
import { route } from "../route.ts";
import { selectAlert } from "../state/session.ts";
import { helpOpen, legendOpen } from "../state/state.ts";
import { switchTheme } from "../theme/theme.ts";

export interface Key {
  keys: string[];
  text: string;
  act(): void;
  /** Acts on this page alone (the first part of its path); without it everywhere. */
  where?: string;
}

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

export const KEYS: readonly Key[] = [
  { keys: ["j", "J", "ArrowDown"], text: "next alert", act: () => step(1), where: "" },
  { keys: ["k", "K", "ArrowUp"], text: "previous alert", act: () => step(-1), where: "" },
  { keys: ["Enter"], text: "dossier of the selected alert", act: openDossier, where: "" },
  { keys: ["o", "O"], text: "show the selection on the map", act: showSelection, where: "" },
  { keys: ["Escape"], text: "select nothing", act: () => selectAlert(null), where: "" },
  { keys: ["j", "J"], text: "dossier of the next alert", act: () => stepDossier(1), where: "alert" },
  { keys: ["k", "K"], text: "dossier of the previous alert", act: () => stepDossier(-1), where: "alert" },
  { keys: ["Escape", "Backspace"], text: "back to the watch", act: backToWatch, where: "alert" },
  { keys: ["/"], text: "search", act: () => focus("#search") },
  { keys: [" "], text: "play or pause", act: togglePlay, where: "" },
  { keys: ["+", "="], text: "zoom in", act: () => zoomMap(1), where: "" },
  { keys: ["-"], text: "zoom out", act: () => zoomMap(-1), where: "" },
  { keys: ["l", "L"], text: "legend", act: () => { legendOpen.value = !legendOpen.value; }, where: "" },
  { keys: ["t", "T"], text: "theme", act: switchTheme },
  { keys: ["?"], text: "this help", act: () => { helpOpen.value = true; } },
];

/** The keys that act on the page shown. */
export const keysHere = (): Key[] => KEYS.filter(({ where }) => where === undefined || where === route.value.page);

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
    const key = scrolls ? undefined : keysHere().find(({ keys }) => keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.act();
  });
}
