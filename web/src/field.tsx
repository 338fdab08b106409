// A labelled field of a form, with a hint below it where one helps.
import type { ComponentChildren } from "preact";

export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint ? <small class="dim">{hint}</small> : null}
    </label>
  );
}
