import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { renderer } from "../map/map-pane.tsx";
import { helpOpen } from "../state/state.ts";
import { KEYS } from "./keys.ts";

const CAP: Record<string, string> = { " ": "Space", ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", T: "⇧T", "{": "⇧[", "}": "⇧]" };

const caps = (keys: readonly string[]): string[] => [...new Set(keys.map((key) => CAP[key] ?? (key.length === 1 ? key.toUpperCase() : key)))];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (helpOpen.value && !dialog.current?.open) dialog.current?.showModal();
    if (!helpOpen.value) dialog.current?.close();
  });
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => { helpOpen.value = false; }}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(({ keys, text }) => (
          <div key={text}>
            <dt>{caps(keys).map((cap) => <kbd key={cap}>{cap}</kbd>)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="dim small">
        An alert is a hypothesis from public data: it says what the fixes show, and can be withdrawn. It is no evidence on its own and
        accuses nobody. Map drawn by {renderer.kind === "gl" ? "WebGL" : "Canvas"}: {renderer.reason}.
      </p>
      <p class="dim small"><a href="./static/THIRD-PARTY-NOTICES.txt">Licences of what this screen is built from</a></p>
      <form method="dialog"><button type="submit" class="small-button" autofocus>Close <kbd>Esc</kbd></button></form>
    </dialog>
  );
}
