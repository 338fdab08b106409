import { PRIORITIES, PRIORITY_WORD } from "../format/words.ts";
import { Mark } from "../map/mark.tsx";
import type { Priority } from "../wire/types.ts";
import { counts, filter } from "./filter.ts";

function toggle(priority: Priority): void {
  const priorities = new Set(filter.value.priorities);
  if (!priorities.delete(priority)) priorities.add(priority);
  filter.value = { ...filter.value, priorities };
}

export function FilterBar() {
  const { onlyOpen, priorities, muted, worstFirst } = filter.value;
  const count = counts.value;
  return (
    <div class="filters" role="toolbar" aria-label="Which alerts are listed">
      <span class="segment">
        <button type="button" aria-pressed={onlyOpen} onClick={() => { filter.value = { ...filter.value, onlyOpen: true }; }}>
          Open <b>{count.open}</b>
        </button>
        <button type="button" aria-pressed={!onlyOpen} onClick={() => { filter.value = { ...filter.value, onlyOpen: false }; }}>
          All <b>{count.all}</b>
        </button>
      </span>
      <span class="segment">
        {PRIORITIES.map((priority) => (
          <button
            key={priority}
            type="button"
            aria-pressed={priorities.has(priority)}
            aria-label={`${PRIORITY_WORD[priority]}, ${count.byPriority[priority]}`}
            title={PRIORITY_WORD[priority]}
            onClick={() => toggle(priority)}
          >
            <Mark priority={priority} size={12} hollow={!priorities.has(priority)} /> <b>{count.byPriority[priority]}</b>
          </button>
        ))}
      </span>
      <button
        type="button"
        class="chip-button order"
        aria-label={worstFirst ? "Alarms first; switch to newest first" : "Newest first; switch to Alarms first"}
        title={worstFirst ? "Alarms first" : "Newest first"}
        onClick={() => { filter.value = { ...filter.value, worstFirst: !worstFirst }; }}
      >
        {worstFirst ? <Mark priority="P1" size={11} hollow /> : <svg class="mark" width="11" height="11" viewBox="-8 -8 16 16" aria-hidden="true"><circle r="6" /><path d="M0 -3.4V0L2.6 2" /></svg>}
        ↓
      </button>
      <button type="button" class="chip-button" aria-pressed={muted} onClick={() => { filter.value = { ...filter.value, muted: !muted }; }}>
        Muted <b>{count.muted}</b>
      </button>
    </div>
  );
}
