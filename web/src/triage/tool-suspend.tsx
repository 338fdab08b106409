// The dialogs of suspensions: asking for one, and the list of all. They come when first opened.
import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import "../style/suspend.css";
import { namedZones, zoneName } from "../draw/zones.ts";
import { outside, placeDm, vesselName } from "../format/format.ts";
import { detectorTitle } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { now_ms, suspensions } from "../state/state.ts";
import type { Alert, Suspension } from "../wire/types.ts";
import { withWatch } from "./asked.ts";
import { areaOf, circle, readTime } from "./suspend-input.ts";
import { endNow, isActive, listOpen, mutedCounts, suspend, suspending, untilWord, whatWord, whereWord, whoseWord } from "./suspensions.ts";
import { busy, refusedWith } from "./triage.ts";

const HOURS = [8, 24, 7 * 24, 30 * 24];
const RADII_NM = [2, 5, 20];

interface Choice<T> {
  label: string;
  says: T;
}

/** One of some choices, the first unless another is named. */
function Choices({ name, legend, choices, chosen = 0, focus = false }: {
  name: string; legend: string; choices: readonly Choice<unknown>[]; chosen?: number; focus?: boolean;
}) {
  return (
    <fieldset class="field reasons choices">
      <legend>{legend}</legend>
      {choices.map(({ label }, at) => (
        <label key={at}>
          <input type="radio" name={name} value={at} defaultChecked={at === chosen} autofocus={focus && at === chosen} /> <bdi>{label}</bdi>
        </label>
      ))}
    </fieldset>
  );
}

const whose = ({ subject, context }: Alert): Choice<{ mmsis?: number[]; list?: string }>[] => [
  { label: `${vesselName(subject.name)} ${subject.mmsi}`, says: { mmsis: [subject.mmsi!] } },
  ...[...new Set(context.lists?.map((entry) => entry.list))].map((list) => ({
    label: say("every vessel of list {name}", { name: outside(list) }), says: { list },
  })),
];

const what = ({ detector }: Alert): Choice<string[]>[] => [
  { label: detectorTitle(detector), says: [detector] },
  { label: say("all detectors"), says: [] },
];

/** A drawn zone is chosen from the list beside it. */
const IN_ZONE = "zone";

const where = ({ lon, lat }: Alert): Choice<ReturnType<typeof areaOf> | null | typeof IN_ZONE>[] => [
  ...(lon === null || lat === null ? [] : RADII_NM.map((nm) => ({
    label: say("within {n} NM of here", { n: nm }),
    says: { area: circle(lon, lat, nm), where: `${nm} NM, ${placeDm(lon, lat)}` },
  }))),
  { label: say("everywhere"), says: null },
  ...(namedZones.value.length > 0 ? [{ label: say("in the zone:"), says: IN_ZONE } as const] : []),
];

function zoneArea(id: string): ReturnType<typeof areaOf> | null {
  const zone = namedZones.value.find(({ properties }) => properties.id === id);
  return zone ? areaOf(zoneName(zone), zone.geometry as GeoJSON.Polygon | GeoJSON.MultiPolygon) : null;
}

const until = (from_ms: number): Choice<number | null>[] => [
  ...HOURS.map((hours) => {
    const t_ms = from_ms + hours * 3_600_000;
    const length = hours <= 24 ? say("{n} h", { n: hours }) : say("{n} days", { n: hours / 24 });
    return { label: `${length}, ${untilWord(t_ms)}`, says: t_ms };
  }),
  { label: say("another time:"), says: null },
];

function Refused({ complaint = "" }: { complaint?: string }) {
  const refused = refusedWith.value;
  if (!refused && !complaint) return null;
  return <p class="dialog-refused" role="alert">{complaint ? complaint : <><b>{outside(refused!.what)}</b> {outside(refused!.hint)}</>}</p>;
}

function Form({ alert, from_ms }: { alert: Alert; from_ms: number }) {
  const [complaint, complain] = useState("");
  const places = where(alert);
  const times = until(from_ms);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const pick = <T,>(name: string, choices: readonly Choice<T>[]): T => choices[Number(form.get(name))]!.says;
    const until_ms = pick("until", times) ?? readTime(String(form.get("time")));
    const place = pick("where", places);
    const area = place === IN_ZONE ? zoneArea(String(form.get("zone"))) : place;
    const isGone = place === IN_ZONE && area === null; // withdrawn meanwhile: everywhere is not what was meant
    complain(until_ms === null ? say("That is no time: write it like 2024-12-26 14:00.") : isGone ? say("That zone is not there any more.") : "");
    if (until_ms === null || isGone) return;
    const said = { ...pick("whose", whose(alert)), detectors: pick("what", what(alert)), ...area, until_ms };
    if (await suspend({ ...said, reason: String(form.get("reason")) })) {
      suspending.value = null;
      document.querySelector<HTMLElement>(".rows")?.focus();
    }
  };
  /** What is typed or chosen beside the last of some choices is meant. */
  const toLast = (name: "until" | "where") => (event: Event): void => {
    const form = (event.currentTarget as HTMLInputElement | HTMLSelectElement).form!;
    [...form.querySelectorAll<HTMLInputElement>(`input[name=${name}]`)].at(-1)!.checked = true;
  };
  return (
    <form onSubmit={submit}>
      <h2 id="suspend-title">{say("Suspend")}</h2>
      <p class="dim">{say("What is detected from now on becomes a Note that names this suspension; it is kept and counted. Alerts that stand already stay.")}</p>
      <Choices name="whose" legend={say("For")} choices={whose(alert)} />
      <Choices name="what" legend={say("Alerts of")} choices={what(alert)} />
      <Choices name="where" legend={say("Where")} choices={places} chosen={Math.min(1, places.length - 1)} />
      {namedZones.value.length > 0 ? (
        <label class="field">
          <span class="visually-hidden">{say("Zone")}</span>
          <select name="zone" onChange={toLast("where")}>
            {namedZones.value.map((one) => <option key={one.properties.id} value={one.properties.id}>{zoneName(one)}</option>)}
          </select>
        </label>
      ) : null}
      <Choices name="until" legend={say("For how long, UTC")} choices={times} chosen={1} />
      <label class="field">
        <span class="visually-hidden">{say("Another time, UTC, 90 days ahead at most")}</span>
        <input type="text" name="time" class="mono" placeholder="2024-12-26 14:00" autocomplete="off" onInput={toLast("until")} />
      </label>
      <label class="field">
        <span>{say("Reason")}</span>
        <input type="text" name="reason" required maxLength={300} autocomplete="off" autofocus />
      </label>
      <Refused complaint={complaint} />
      <div class="dialog-acts">
        <button type="button" class="small-button" onClick={() => { suspending.value = null; }}>{say("Cancel")} <kbd>Esc</kbd></button>
        <button type="submit" class="small-button main" disabled={busy.value}>{say("Suspend")} <kbd>⏎</kbd></button>
      </div>
    </form>
  );
}

function SuspendDialog() {
  const box = useRef<HTMLDialogElement>(null);
  const alert = suspending.value;
  useLayoutEffect(() => {
    if (!alert) return box.current?.close();
    if (!box.current?.open) box.current?.showModal();
    box.current?.querySelector<HTMLElement>("input[name=reason]")?.focus();
  }, [alert?.id]);
  return (
    <dialog ref={box} class="dialog suspend" aria-labelledby="suspend-title" onClose={() => { suspending.value = null; refusedWith.value = null; }}>
      {alert ? <Form key={alert.id} alert={alert} from_ms={now_ms.peek() ?? 0} /> : null}
    </dialog>
  );
}

function Item({ one }: { one: Suspension }) {
  const active = isActive(one);
  return (
    <li class={active ? "suspension" : "suspension over"}>
      <div>
        <p><b><bdi>{whoseWord(one)}</bdi></b> · {whatWord(one.detectors)} · <bdi>{whereWord(one)}</bdi></p>
        <p><bdi>{outside(one.reason)}</bdi></p>
        <p class="dim small">
          <bdi>{outside(one.by)}</bdi>, <span class="mono">{untilWord(one.from_ms)} – {untilWord(one.ends_ms)}</span>
          {one.ended_by ? <> · {say("ended by")} <bdi>{outside(one.ended_by)}</bdi></> : null}
          {" · "}{sayCount(mutedCounts.value.get(one.id) ?? 0, "one alert muted", "{n} alerts muted")}
          {" · "}<span class="mono">{one.id}</span>
        </p>
      </div>
      {active ? (
        <button type="button" class="small-button" disabled={busy.value} aria-label={say("End now: suspension {id}", { id: one.id })} onClick={() => withWatch(() => void endNow(one.id))}>
          {say("End now")}
        </button>
      ) : <span class="dim small">{say("over")}</span>}
    </li>
  );
}

/** What is suspended now, what ends first above; then what was. */
function SuspensionList() {
  const box = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (listOpen.value && !box.current?.open) box.current?.showModal();
    if (!listOpen.value) box.current?.close();
  });
  const active = suspensions.value.filter(isActive).sort((a, b) => a.ends_ms - b.ends_ms);
  const over = suspensions.value.filter((one) => !isActive(one));
  return (
    <dialog ref={box} class="dialog suspend" aria-labelledby="suspensions-title" onClose={() => { listOpen.value = false; refusedWith.value = null; }}>
      {listOpen.value ? (
        <form method="dialog">
          <h2 id="suspensions-title">{say("Suspensions")}</h2>
          {active.length === 0 ? <p class="dim">{say("Nothing is suspended. Select an alert and press P to suspend what is ordinary for a while.")}</p> : null}
          <ul class="suspensions">{[...active, ...over].map((one) => <Item key={one.id} one={one} />)}</ul>
          <Refused />
          <div class="dialog-acts"><button type="submit" class="small-button" autofocus>{say("Close")} <kbd>Esc</kbd></button></div>
        </form>
      ) : null}
    </dialog>
  );
}

export function Dialogs() {
  return <><SuspendDialog /><SuspensionList /></>;
}
