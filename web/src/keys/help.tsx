import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { say } from "../lang/lang.ts";
import { renderer } from "../map/map-pane.tsx";
import { helpOpen } from "../state/state.ts";
import { keysHere } from "./keys.ts";

const CAP: Record<string, string> = { "Ctrl Z": "Ctrl Z", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", Backspace: "⌫", Escape: "Esc", T: "⇧T", "{": "⇧[", "}": "⇧]" };

const caps = (keys: readonly string[]): string[] => [...new Set(keys.map((key) => (key === " " ? say("Space") : CAP[key]) ?? (key.length === 1 ? key.toUpperCase() : key)))];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (helpOpen.value && !dialog.current?.open) dialog.current?.showModal();
    if (!helpOpen.value) dialog.current?.close();
  });
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => { helpOpen.value = false; }}>
      <h2 id="help-title">{say("Keys")}</h2>
      <dl>
        {keysHere().map(({ keys, text }) => (
          <div key={text}>
            <dt>{caps(keys).map((cap) => <kbd key={cap}>{cap}</kbd>)}</dt>
            <dd>{say(text)}</dd>
          </div>
        ))}
      </dl>
      <p class="dim small">
        {say("An alert is a hypothesis from public data: it says what the fixes show, and can be withdrawn. It is no evidence on its own and accuses nobody.")}{" "}
        {say("Map drawn by {renderer}", { renderer: renderer.kind === "gl" ? "WebGL" : "Canvas" })}: {renderer.reason}.
      </p>
      <p class="dim small"><a href="./static/THIRD-PARTY-NOTICES.txt">{say("Licences of what this screen is built from")}</a></p>
      <form method="dialog"><button type="submit" class="small-button" autofocus>{say("Close")} <kbd>Esc</kbd></button></form>
    </dialog>
  );
}
