// A picture and the table that says the same: one is seen, a screen reader has the table always.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { say } from "../lang/lang.ts";

export function Twin({ name, picture, table }: { name: string; picture: ComponentChildren; table: ComponentChildren }) {
  const asTable = useSignal(false);
  return (
    <div class="twin">
      <button type="button" class="small-button twin-switch" aria-pressed={asTable.value} onClick={() => { asTable.value = !asTable.value; }}>
        {say("Show as table")}<span class="visually-hidden">: {name}</span>
      </button>
      {asTable.value ? null : picture}
      <div class={asTable.value ? "twin-table" : "visually-hidden twin-hidden"}>{table}</div>
    </div>
  );
}
