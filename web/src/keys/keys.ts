// One key, one act; off while a field has the focus.
import { toggleDraw } from "../draw/open.tsx";
import { step, unfold } from "../list/alert-list.tsx";
import { showSelection, zoomMap } from "../map/map-pane.tsx";
import { togglePlay } from "../playback/bar.tsx";
import { selectAlert } from "../state/session.ts";
import { helpOpen, legendOpen } from "../state/state.ts";
import { go } from "../route.ts";
import { switchTheme } from "../theme/theme.ts";
import { askEither, askFor, toggleMark } from "../triage/asked.ts";
import { dialog, undo } from "../triage/triage.ts";

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
  { keys: ["a", "A"], text: "acknowledge", act: () => askFor("acknowledge") },
  { keys: ["d", "D"], text: "dismiss, with a reason", act: () => askFor("dismiss") },
  { keys: ["e", "E"], text: "escalate", act: () => askFor("escalate") },
  { keys: ["r", "R"], text: "resolve, or reopen", act: () => askEither("resolve", "reopen") },
  { keys: ["c", "C"], text: "claim, or release", act: () => askEither("release", "claim") },
  { keys: ["s", "S"], text: "snooze, or wake", act: () => askEither("wake", "snooze") },
  { keys: ["n", "N"], text: "comment", act: () => askFor("comment") },
  { keys: ["x", "X"], text: "mark to be grouped", act: toggleMark },
  { keys: ["g", "G"], text: "group what is marked into an incident", act: () => askFor("group") },
  { keys: ["u", "U"], text: "take out of its incident", act: () => askFor("ungroup") },
  { keys: ["ArrowRight"], text: "lay a stack open", act: () => unfold(true) },
  { keys: ["ArrowLeft"], text: "close a stack", act: () => unfold(false) },
  { keys: ["5"], text: "handover", act: () => go("/handover") },
  { keys: ["1"], text: "watch", act: () => go("/") },
  { keys: ["Escape"], text: "select nothing", act: () => selectAlert(null) },
  { keys: ["/"], text: "search", act: () => focus("#search") },
  { keys: [" "], text: "play or pause", act: togglePlay },
  { keys: ["+", "="], text: "zoom in", act: () => zoomMap(1) },
  { keys: ["-"], text: "zoom out", act: () => zoomMap(-1) },
  { keys: ["l", "L"], text: "legend", act: () => { legendOpen.value = !legendOpen.value; } },
  { keys: ["z", "Z"], text: "zones: draw, change, withdraw", act: toggleDraw },
  { keys: ["t", "T"], text: "theme", act: switchTheme },
  { keys: ["?"], text: "this help", act: () => { helpOpen.value = true; } },
];

const TYPED = "input[type=text], textarea, select";
/** What these keys already do on the focused control goes before what they do here. */
const OWN = "button, a, input, select, summary";

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || helpOpen.value || dialog.value) return;
    const at = event.target as Element | null;
    if (at?.closest(TYPED)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      return void undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow")) && at?.closest(OWN)) return;
    const scrolls = event.key.startsWith("Arrow") && at?.closest(".evidence");
    const key = scrolls ? undefined : KEYS.find(({ keys }) => keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.act();
  });
}
