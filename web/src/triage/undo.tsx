// For ten seconds the last command can be taken back.
import { say } from "../lang/lang.ts";
import { tick_ms } from "../state/state.ts";
import { announced, undo, undoable } from "./triage.ts";

export function Undo() {
  const last = undoable.value;
  const left_s = last ? Math.ceil((last.until_ms - Math.max(tick_ms.value, performance.now())) / 1000) : 0;
  return (
    <>
      <div class="visually-hidden" role="status">{announced.value}</div>
      {last && left_s > 0 ? (
        <div class="undo">
          <span>{last.text}</span>
          <button type="button" class="small-button" onClick={() => void undo()}>
            {last.word ?? say("Take back")} <kbd>Ctrl Z</kbd> <span class="mono dim">{left_s} s</span>
          </button>
        </div>
      ) : null}
    </>
  );
}
