// One key, one act; off while a field has the focus.
import { toggleDraw } from "../draw/open.tsx";
import { backToWatch, openDossier, stepDossier } from "../dossier/go.ts";
import { step, unfold } from "../list/alert-list.tsx";
import { toggleLayerPanel } from "../layers/panel.tsx";
import { toggleFollow } from "../map/follow.tsx";
import { copyPlace, showSelection, zoomMap } from "../map/map-pane.tsx";
import { toggleMeasure } from "../map/measure-box.tsx";
import { marked } from "../map/place.ts";
import { nextOrigin } from "../partners/open.tsx";
import { goLive, stepTime, toAlert, togglePlay } from "../playback/bar.tsx";
import { selectAlert } from "../state/session.ts";
import { silence, toggleSound } from "../sound/sound.ts";
import { helpOpen } from "../state/state.ts";
import { go, route } from "../route.ts";
import { switchTheme } from "../theme/theme.ts";
import { askEither, askFor, toggleMark } from "../triage/asked.ts";
import { askRelease, releasing } from "../triage/release.tsx";
import { askSuspend } from "../triage/suspend.tsx";
import { listOpen, suspending } from "../triage/suspensions.ts";
import { dialog, undo } from "../triage/triage.ts";
import { viewsOpen } from "../views/dialog.tsx";
import { copyLink } from "../views/view.ts";

export interface Key {
  keys: string[];
  text: string;
  act(): void;
  /** A held key goes on: moving, never acting, or an elbow on A would acknowledge the whole list. */
  repeats?: boolean;
  /** Acts on these pages alone (the first part of their path); without it everywhere. */
  where?: readonly string[];
}

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

const WATCH = [""];
/** With a modifier, so that no key is of this name: it stands here for the help. */
const TAKE_BACK = "Ctrl Z";
/** Where an alert is shown that can be acted on. */
const ALERT = ["", "alert"];

export const KEYS: readonly Key[] = [
  { keys: ["j", "J", "ArrowDown"], text: "next alert", act: () => step(1), where: WATCH, repeats: true },
  { keys: ["k", "K", "ArrowUp"], text: "previous alert", act: () => step(-1), where: WATCH, repeats: true },
  { keys: ["Enter"], text: "dossier of the selected alert", act: openDossier, where: WATCH },
  { keys: ["o", "O"], text: "show the selection on the map", act: showSelection, where: WATCH },
  { keys: ["a", "A"], text: "acknowledge", act: () => askFor("acknowledge"), where: ALERT },
  { keys: ["d", "D"], text: "dismiss, with a reason", act: () => askFor("dismiss"), where: ALERT },
  { keys: ["e", "E"], text: "escalate", act: () => askFor("escalate"), where: ALERT },
  { keys: ["r", "R"], text: "resolve, or reopen", act: () => askEither("resolve", "reopen"), where: ALERT },
  { keys: ["c", "C"], text: "claim, or release", act: () => askEither("release", "claim"), where: ALERT },
  { keys: ["s", "S"], text: "snooze, or wake", act: () => askEither("wake", "snooze"), where: ALERT },
  { keys: ["p", "P"], text: "suspend what is ordinary for a while", act: askSuspend, where: ALERT },
  { keys: [">"], text: "release to a group of others", act: askRelease, where: ALERT },
  { keys: ["n", "N"], text: "comment", act: () => askFor("comment"), where: ALERT },
  { keys: [TAKE_BACK], text: "take the last act back, within ten seconds", act: () => void undo() },
  { keys: ["x", "X"], text: "mark to be grouped", act: toggleMark, where: WATCH },
  { keys: ["g", "G"], text: "group what is marked into an incident", act: () => askFor("group"), where: WATCH },
  { keys: ["u", "U"], text: "take out of its incident", act: () => askFor("ungroup"), where: ALERT },
  { keys: ["ArrowRight"], text: "lay a stack open", act: () => unfold(true), where: WATCH },
  { keys: ["ArrowLeft"], text: "close a stack", act: () => unfold(false), where: WATCH },
  { keys: ["Escape"], text: "select nothing", act: () => { marked.value = null; selectAlert(null); }, where: WATCH },
  { keys: ["j", "J"], text: "dossier of the next alert", act: () => stepDossier(1), where: ["alert"], repeats: true },
  { keys: ["k", "K"], text: "dossier of the previous alert", act: () => stepDossier(-1), where: ["alert"], repeats: true },
  { keys: ["Escape", "Backspace"], text: "back to the watch", act: backToWatch, where: ["alert", "handover", "quality", "table"] },
  { keys: ["w", "W"], text: "the map as a table", act: () => go("/table"), where: WATCH },
  { keys: ["1"], text: "watch", act: () => go("/") },
  { keys: ["5"], text: "handover", act: () => go("/handover") },
  { keys: ["q", "Q"], text: "quality of the picture", act: () => go("/quality") },
  { keys: ["<"], text: "own alerts, those of partners, or both", act: nextOrigin, where: WATCH },
  { keys: ["/"], text: "search", act: () => focus("#search") },
  { keys: [" "], text: "play or pause", act: togglePlay, where: WATCH },
  { keys: ["["], text: "one minute back", act: () => stepTime(-60_000), where: WATCH, repeats: true },
  { keys: ["]"], text: "one minute on", act: () => stepTime(60_000), where: WATCH, repeats: true },
  { keys: ["{"], text: "to the alert before", act: () => void toAlert("previous"), where: WATCH },
  { keys: ["}"], text: "to the alert after", act: () => void toAlert("next"), where: WATCH },
  { keys: ["."], text: "to the newest analysed, and stay with it", act: goLive, where: WATCH },
  { keys: ["+", "="], text: "zoom in", act: () => zoomMap(1), where: WATCH, repeats: true },
  { keys: ["-"], text: "zoom out", act: () => zoomMap(-1), where: WATCH, repeats: true },
  { keys: ["l", "L"], text: "layers of the map", act: toggleLayerPanel, where: WATCH },
  { keys: ["m", "M"], text: "measure on the map", act: toggleMeasure, where: WATCH },
  { keys: ["f", "F"], text: "follow the selected vessel", act: toggleFollow, where: WATCH },
  { keys: ["v", "V"], text: "saved views", act: () => { viewsOpen.value = true; }, where: WATCH },
  { keys: ["y", "Y"], text: "copy a link to this view", act: () => void copyLink(), where: WATCH },
  { keys: ["i", "I"], text: "copy the place at the pointer", act: copyPlace, where: WATCH },
  { keys: ["z", "Z"], text: "zones: draw, change, withdraw", act: toggleDraw, where: WATCH },
  { keys: ["h", "H"], text: "silence what sounds, for two minutes", act: silence },
  { keys: ["b", "B"], text: "sound of a new Alarm, on or off", act: toggleSound },
  { keys: ["t"], text: "next theme", act: () => switchTheme(1) },
  { keys: ["T"], text: "previous theme", act: () => switchTheme(-1) },
  { keys: ["?"], text: "this help", act: () => { helpOpen.value = true; } },
];

/** The keys that act on the page shown. */
export const keysHere = (): Key[] => KEYS.filter(({ where }) => where?.includes(route.value.page) ?? true);

const TYPED = "input[type=text], textarea, select, dialog";
/** What these keys already do on the focused control goes before what they do here. */
const OWN = "button, a, input, select, summary";

/** The browser closes a dialog too, and tells of it later: a key that came in between would go nowhere. */
function closeDialogs(): void {
  helpOpen.value = listOpen.value = viewsOpen.value = false;
  dialog.value = suspending.value = releasing.value = null;
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    if (helpOpen.value || dialog.value || suspending.value || releasing.value || listOpen.value || viewsOpen.value) {
      if (event.key === "Escape") closeDialogs();
      // The button that silences lies behind the dialog.
      const typing = (event.target as Element).closest("input:not([type=radio], [type=checkbox]), textarea, select");
      if (/^h$/i.test(event.key) && !typing && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey) silence();
      return;
    }
    const focused = event.target as Element | null;
    // The focus stays in a dialog that was just closed until the next frame.
    const at = focused?.closest("dialog:not([open])") ? null : focused;
    if (at?.closest(TYPED)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      return void undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow")) && at?.closest(OWN)) return;
    const scrolls = event.key.startsWith("Arrow") && at?.closest(".evidence");
    const key = scrolls ? undefined : keysHere().find(({ keys }) => keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    if (!event.repeat || key.repeats) key.act();
  });
}
