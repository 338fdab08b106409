import { namedZones, zoneName } from "../draw/zones.ts";
import { PRIORITIES, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { Mark } from "../map/mark.tsx";
import { hasFresh } from "../partners/open.tsx";
import { myWatch, partners, suspensions } from "../state/state.ts";
import { activeCount, listOpen } from "../triage/suspensions.ts";
import type { Priority } from "../wire/types.ts";
import { counts, filter, type Filter, filterZone, ORIGINS, type Tab, TABS } from "./filter.ts";

const change = (part: Partial<Filter>): void => {
  filter.value = { ...filter.value, ...part };
};

function toggle(priority: Priority): void {
  const priorities = new Set(filter.value.priorities);
  if (!priorities.delete(priority)) priorities.add(priority);
  change({ priorities });
}

function tabWord(tab: Tab): string {
  switch (tab) {
    case "open": return say("Open");
    case "mine": return say("Mine");
    case "snoozed": return say("Snoozed");
    case "done": return say("Done");
    case "all": return say("All");
  }
}

function Order() {
  const { worstFirst } = filter.value;
  const words = worstFirst ? say("Alarms first; switch to newest first") : say("Newest first; switch to Alarms first");
  return (
    <button type="button" class="chip-button order" aria-label={words} title={words} onClick={() => change({ worstFirst: !worstFirst })}>
      {worstFirst ? <Mark priority="P1" size={11} hollow /> : <svg class="mark" width="11" height="11" viewBox="-8 -8 16 16" aria-hidden="true"><circle r="6" /><path d="M0 -3.4V0L2.6 2" /></svg>}
      ↓
    </button>
  );
}

/** Only alerts in one of the drawn zones. */
function InZone() {
  const { zone } = filter.value;
  if (namedZones.value.length === 0 && !zone) return null;
  return (
    <select
      class="chip-button in-zone"
      aria-label={say("Only alerts in a zone")}
      value={zone}
      onChange={(event) => change({ zone: event.currentTarget.value })}
    >
      <option value="">{say("All waters")}</option>
      {namedZones.value.map((one) => (
        <option key={one.properties.id} value={one.properties.id}>{say("In zone {name}", { name: zoneName(one) })}</option>
      ))}
      {zone && !filterZone.value ? <option value={zone}>{say("The zone is not there now: all waters")}</option> : null}
    </select>
  );
}

/** Ours, theirs, or both; beside it how many of theirs are open, whichever is shown, and the worst of them. */
function Whose() {
  const { origin } = filter.value;
  if (partners.value.length === 0 && origin === "own") return null;
  const open = PRIORITIES.map((priority) => partners.value.reduce((sum, one) => sum + one.open[priority], 0));
  const worst = PRIORITIES.find((_, at) => open[at]! > 0);
  const count = open.reduce((sum, n) => sum + n, 0);
  const full = say("Open alerts of partners as they last told: {p1} Alarms, {p2} Warnings, {p3} Notes", { p1: open[0]!, p2: open[1]!, p3: open[2]! });
  const words = { own: say("Own"), partners: say("Partners"), all: say("Both") };
  return (
    <span class="segment whose" role="group" aria-label={say("Whose alerts (<)")}>
      {ORIGINS.map((one) => (
        <button key={one} type="button" aria-pressed={one === origin} title={one === "partners" ? full : undefined} onClick={() => change({ origin: one })}>
          {words[one]} {one === "partners" ? <>{worst ? <Mark priority={worst} size={13} theirs /> : null} <b>{count}</b>{hasFresh.value ? <span class="chip again" role="status">{say("new")}</span> : null}</> : null}
        </button>
      ))}
    </span>
  );
}

export function FilterBar() {
  const { tab: chosen, priorities, muted, sinceWatch, stacked } = filter.value;
  const count = counts.value;
  return (
    <div class="filters" role="toolbar" aria-label={say("Which alerts are listed")}>
      <span class="segment tabs">
        {TABS.map((tab) => (
          <button key={tab} type="button" aria-pressed={tab === chosen} onClick={() => change({ tab })}>
            {tabWord(tab)} <b>{count.byTab[tab]}</b>
          </button>
        ))}
      </span>
      <Order />
      <span class="segment">
        {PRIORITIES.map((priority) => (
          <button
            key={priority}
            type="button"
            aria-pressed={priorities.has(priority)}
            aria-label={`${say(PRIORITY_WORD[priority])}, ${count.byPriority[priority]}`}
            title={say(PRIORITY_WORD[priority])}
            onClick={() => toggle(priority)}
          >
            <Mark priority={priority} size={12} hollow={!priorities.has(priority)} /> <b>{count.byPriority[priority]}</b>
          </button>
        ))}
      </span>
      <Whose />
      {myWatch.value || sinceWatch ? (
        <button type="button" class="chip-button" aria-pressed={sinceWatch} title={say("Only what was detected since you took the watch")} onClick={() => change({ sinceWatch: !sinceWatch })}>
          {say("My watch")}
        </button>
      ) : null}
      <button type="button" class="chip-button" aria-pressed={stacked} title={say("One row for the alerts of one vessel or incident")} onClick={() => change({ stacked: !stacked })}>
        {say("Stacked")}
      </button>
      <button type="button" class="chip-button" aria-pressed={muted} title={say("Alerts that a port, the coast, a mask or a suspension mutes")} onClick={() => change({ muted: !muted })}>
        {say("Muted")} <b>{count.muted}</b>
      </button>
      {suspensions.value.length > 0 ? (
        <button type="button" class="chip-button" title={say("What is suspended, by whom and until when")} onClick={() => { listOpen.value = true; }}>
          {say("Suspended")} <b>{activeCount.value}</b>
        </button>
      ) : null}
      <InZone />
    </div>
  );
}
