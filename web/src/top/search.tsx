// Find a vessel by name, MMSI, IMO or call sign (the service knows), or an asset by name (the screen knows).
import { computed, signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { outside, vesselName } from "../format/format.ts";
import { kindWord } from "../format/words.ts";
import { placeDecimal, placeDm } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { goTo, goToPlace, showAsset } from "../map/map-pane.tsx";
import { isOnChart, parsePlace } from "../map/place.ts";
import { go, route } from "../route.ts";
import { selectVessel, tell } from "../state/session.ts";
import { assets } from "../state/state.ts";
import { search } from "../wire/api.ts";
import type { Found } from "../wire/types.ts";

const WAIT_MS = 180;
const MOST_ASSETS = 6;

interface Choice {
  key: string;
  title: string;
  line: string;
  take(): void;
}

const text = signal("");
const answer = signal<{ query: string; found: readonly Found[] } | null>(null);
const active = signal(0);

const ofVessel = (found: Found): Choice => ({
  key: `v${found.mmsi}`,
  title: vesselName(found.name),
  line: [found.mmsi, found.imo ? `IMO ${found.imo}` : "", found.callsign ? outside(found.callsign) : ""].filter(Boolean).join(" · "),
  take() {
    selectVessel(found.mmsi);
    if (found.lon !== null && found.lat !== null) goTo(found.lon, found.lat, 9);
  },
});

/** A place, where the text is one. */
function ofPlace(query: string): Choice[] {
  const place = parsePlace(query);
  if (!place || !isOnChart(place)) return [];
  return [{ key: "place", title: placeDm(...place), line: `${say("place")} · ${placeDecimal(...place)}`, take: () => goToPlace(place) }];
}

function ofAssets(query: string): Choice[] {
  const wanted = query.toLowerCase();
  return (assets.value?.features ?? [])
    .filter(({ properties }) => (properties.name ?? "").toLowerCase().includes(wanted))
    .slice(0, MOST_ASSETS)
    .map(({ properties }) => ({
      key: `a${properties.id}`,
      title: outside(properties.name ?? properties.id),
      line: kindWord(properties.kind),
      take: () => showAsset(properties.id),
    }));
}

/** What can be chosen; assets that are still being read when the service answers join it then. */
const choices = computed<readonly Choice[] | null>(() => {
  if (answer.value === null) return null;
  const { query, found } = answer.value;
  return [...ofPlace(query), ...found.map(ofVessel), ...ofAssets(query)];
});

export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef<AbortController | null>(null);
  const timer = useRef(0);
  const leaving = useRef(0);

  const close = (): void => {
    asked.current?.abort();
    window.clearTimeout(timer.current);
    answer.value = null;
    text.value = "";
  };
  const take = (choice: Choice | undefined): void => {
    if (!choice) return;
    if (route.value.page !== "") go("/"); // what is chosen is shown on the watch
    choice.take();
    close();
    input.current?.blur();
  };
  const ask = (query: string): void => {
    text.value = query;
    asked.current?.abort();
    window.clearTimeout(timer.current);
    if (query.trim().length < 2) {
      answer.value = null;
      return;
    }
    const abort = new AbortController();
    asked.current = abort;
    timer.current = window.setTimeout(() => {
      search(query.trim(), abort.signal).then((found) => {
        answer.value = { query: query.trim(), found };
        active.value = 0;
      }, tell);
    }, WAIT_MS);
  };
  const onKey = (event: KeyboardEvent): void => {
    const list = choices.value ?? [];
    if (event.key === "Escape") {
      close();
      input.current?.blur();
    } else if (event.key === "Enter") take(list[active.value]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const by = event.key === "ArrowDown" ? 1 : -1;
      active.value = Math.min(list.length - 1, Math.max(0, active.value + by));
    } else return;
    event.preventDefault();
  };
  const list = choices.value;
  return (
    <div class="search" role="search">
      <input
        ref={input}
        id="search"
        type="text"
        role="combobox"
        placeholder={say("Search name, MMSI, IMO, call sign, asset")}
        aria-label={say("Search for a vessel or an asset")}
        aria-expanded={list !== null}
        aria-controls="search-list"
        aria-autocomplete="list"
        aria-activedescendant={list?.length ? `found-${active.value}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={(event) => ask(event.currentTarget.value)}
        onKeyDown={onKey}
        onFocus={() => window.clearTimeout(leaving.current)}
        onBlur={() => { leaving.current = window.setTimeout(close, 150); }}
      />
      <kbd aria-hidden="true">/</kbd>
      <ul id="search-list" role="listbox" aria-label={say("Found")} hidden={list === null || list.length === 0}>
        {(list ?? []).map((choice, at) => (
          <li
            key={choice.key}
            id={`found-${at}`}
            role="option"
            aria-selected={at === active.value}
            onPointerDown={(event) => {
              event.preventDefault();
              take(choice);
            }}
          >
            <bdi class="who">{choice.title}</bdi>
            <span class="dim mono">{choice.line}</span>
          </li>
        ))}
      </ul>
      {list?.length === 0 ? <p class="nothing" role="status">{say("Nothing found for")} “<bdi>{text.value}</bdi>”.</p> : null}
    </div>
  );
}
