// The button that opens drawing; the tool itself is fetched when it is first asked for.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { say } from "../lang/lang.ts";
import { tell } from "../state/session.ts";
import { ApiError } from "../wire/api.ts";

export const drawOpen = signal(false);
const tool = signal<(() => JSX.Element) | null>(null);

export function toggleDraw(): void {
  drawOpen.value = !drawOpen.value;
  if (tool.value) return;
  import("./tool-draw.tsx").then(({ DrawTool }) => {
    tool.value = DrawTool;
  }, () => tell(new ApiError(0, say("The drawing tool could not be fetched."), say("Is sargas still running?"))));
}

export function Draw() {
  const Tool = tool.value;
  if (drawOpen.value && Tool) return <Tool />;
  return (
    <button type="button" class="small-button draw-open" aria-expanded="false" onClick={toggleDraw}>
      {say("Zones")} <kbd>Z</kbd>
    </button>
  );
}
