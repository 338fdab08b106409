// The form of one zone.
import { signal } from "@preact/signals";
import type { TargetedInputEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { outside, placeDm, utc } from "../format/format.ts";
import { detectorTitle } from "../format/words.ts";
import { Field } from "../field.tsx";
import { say, sayCount } from "../lang/lang.ts";
import { centre } from "../map/map-pane.tsx";
import { now_ms, officer, onWatch, selectedAlert, vessels } from "../state/state.ts";
import { withWatch } from "../triage/asked.ts";
import { ApiError, postZone } from "../wire/api.ts";
import type { ZoneCommand, ZoneEffect } from "../wire/types.ts";
import { backToList, cornersText, type Doing, drawAs, drawingAs, putOutline, said, undoPoint } from "./drafting.ts";
import { circle, parseDate, parseOutline, parsePlace, placesOf, POINTS_MOST, polygonOf } from "./places.ts";
import type { ShapeMode } from "./sketch.ts";
import { effectWord, outline, outlineEffect, type Place, readZones, zones } from "./zones.ts";

const EFFECTS: readonly ZoneEffect[] = ["none", "raise", "downgrade", "mute"];
const complaint = signal("");
const busy = signal(false);

const effectHint = (effect: ZoneEffect): string => ({
  none: say("a name on the map; changes nothing"),
  raise: say("alerts in it are one step higher"),
  downgrade: say("stopping is ordinary here: one step lower"),
  mute: say("stopping is ordinary here: counted, not shown as open"),
})[effect];

const shapeWord = (mode: ShapeMode): string => ({ polygon: say("Polygon"), rectangle: say("Rectangle"), circle: say("Circle") })[mode];

const kindName = (kind: string): string => ({
  port: say("port"), anchorage: say("anchorage"), pilot: say("pilot"), ferry: say("ferry"), works: say("works"),
  dredging: say("dredging"), fishing: say("fishery"), tss: say("traffic separation"), pilot_boarding: say("pilot boarding"),
  ferry_route: say("ferry route"), dredge_spoil: say("dredge spoil"), wind_farm_works: say("wind farm works"),
  cable_works: say("cable works"), fishing_ground: say("fishing ground"),
})[kind] ?? outside(kind).replaceAll("_", " ");

/** Drawing with the pointer. */
function Shapes() {
  const hint = drawingAs.value === "polygon"
    ? say("Click corner after corner; click the first one again to close it.")
    : say("Click the map twice.");
  return (
    <>
      <div class="draw-acts" role="group" aria-label={say("Draw with the pointer")}>
        {(["polygon", "rectangle", "circle"] as const).map((mode) => (
          <button key={mode} type="button" class="small-button" aria-pressed={drawingAs.value === mode} onClick={() => drawAs(mode)}>
            {shapeWord(mode)}
          </button>
        ))}
        {drawingAs.value === "polygon" ? (
          <button type="button" class="small-button" onClick={undoPoint}>{say("Last corner back")} <kbd>⌫</kbd></button>
        ) : null}
      </div>
      <p class="dim small draw-hint" aria-live="polite">
        {drawingAs.value ? hint : outline.value.length > 0
          ? `${sayCount(outline.value.length, "One corner", "{n} corners")}. ${say("Drag a corner or the point between two to move it; a right click takes one out.")}`
          : say("Choose a shape and click on the map, or type it here.")}
      </p>
    </>
  );
}

function Circle({ complain }: { complain(text: string): void }) {
  const from = useRef<HTMLSelectElement>(null);
  const typed = useRef<HTMLInputElement>(null);
  const radius = useRef<HTMLInputElement>(null);
  const make = (): void => {
    const alert = selectedAlert.value;
    const chosen = from.current!.value;
    const place: Place | null = chosen === "alert" && alert ? [alert.lon, alert.lat] : chosen === "typed" ? parsePlace(typed.current!.value) : centre.value;
    const radius_nm = Number(radius.current!.value.replace(",", "."));
    if (!place) return complain(say("That is no place on the map: write it like 024°30.1′E 59°41.5′N or 24.5017 59.6920."));
    if (!(radius_nm >= 0.05 && radius_nm <= 100)) return complain(say("The radius is between 0.05 and 100 NM."));
    complain("");
    putOutline(circle(place, radius_nm));
  };
  return (
    <details>
      <summary>{say("A circle by centre and radius")}</summary>
      <Field label={say("Centre")}>
        <select ref={from} name="centre">
          {selectedAlert.value ? <option value="alert">{say("the selected alert")}</option> : null}
          <option value="map">{say("the middle of the map")}</option>
          <option value="typed">{say("typed below")}</option>
        </select>
      </Field>
      <Field label={say("Place, if typed")}><input ref={typed} type="text" placeholder={placeDm(...centre.value)} autocomplete="off" /></Field>
      <Field label={say("Radius, NM")}><input ref={radius} type="text" inputMode="decimal" defaultValue="2" autocomplete="off" /></Field>
      <button type="button" class="small-button" onClick={make}>{say("Make the circle")}</button>
    </details>
  );
}

function Corners({ complain }: { complain(text: string): void }) {
  const type = (event: TargetedInputEvent<HTMLTextAreaElement>): void => {
    const text = event.currentTarget.value;
    const read = parseOutline(text);
    if ("wrong" in read) {
      cornersText.value = text;
      return complain(say("Line {n} is no place on the map.", { n: read.wrong }));
    }
    complain("");
    putOutline(read.places, text);
  };
  return (
    <Field label={say("Corners, one a line: longitude, latitude")} hint={say("Like 24.5017 59.6920, or 024°30.1′E 59°41.5′N")}>
      <textarea class="mono" rows={4} name="corners" spellcheck={false} value={cornersText.value} onInput={type} />
    </Field>
  );
}

function Effects() {
  return (
    <fieldset class="field reasons">
      <legend>{say("What it does")}</legend>
      {EFFECTS.map((effect) => (
        <label key={effect}>
          <input type="radio" name="effect" value={effect} checked={outlineEffect.value === effect} onChange={() => { outlineEffect.value = effect; }} />
          <span>{effectWord(effect)} <small class="dim">{effectHint(effect)}</small></span>
        </label>
      ))}
    </fieldset>
  );
}

function Detectors({ chosen }: { chosen: readonly string[] }) {
  const usual = outlineEffect.value === "raise" ? say("All about vessels, unless some are ticked.") : say("Those of stopping and slow speed, unless others are ticked.");
  return (
    <details class="draw-detectors">
      <summary>{say("Detectors")} <span class="dim small">{usual}</span></summary>
      {zones.value.detectors.map((word) => (
        <label key={word}><input type="checkbox" name="detectors" value={word} defaultChecked={chosen.includes(word)} /> {detectorTitle(word)}</label>
      ))}
    </details>
  );
}

/** What the form says, as a command; a complaint in words where it cannot be sent. */
function commandOf({ action, zone }: Doing, form: FormData, locked: boolean): ZoneCommand | string {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const about = { action, officer: officer.value, reason: text("reason"), ...(zone ? { id: zone.properties.id, version: zone.properties.version } : {}) };
  if (action === "expire") return about;
  const places = outline.value;
  if (drawingAs.value) return say("The outline is not closed yet.");
  if (!locked && "wrong" in parseOutline(cornersText.value)) return say("One of the corners is no place on the map.");
  if (!locked && places.length < 3) return say("It needs an outline of three corners or more.");
  if (places.length > POINTS_MOST) return say("The outline has more than {n} points.", { n: POINTS_MOST });
  const until = text("until");
  const until_ms = until ? parseDate(until) : null;
  if (until && until_ms === null) return say("That is no date: write it like 2026-12-24 12:00.");
  const effect = outlineEffect.value;
  return {
    ...about, name: text("name"), effect, kind: text("kind"),
    detectors: effect === "none" ? [] : form.getAll("detectors").map(String),
    valid_until_ms: until_ms, geometry: locked ? null : polygonOf(places),
  };
}

function doneWords(action: Doing["action"], name: string, counts_from: string | null): string {
  if (counts_from === null) return say("{name}: it stands so already.", { name });
  const from_ms = Date.parse(counts_from);
  const since = from_ms <= (now_ms.value ?? vessels.t_ms) ? say("at once") : say("from {t} on; what was judged before stays", { t: utc(from_ms) });
  return action === "expire" ? say("{name}: withdrawn, {since}.", { name, since }) : say("{name}: kept. It counts {since}.", { name, since });
}

async function send(doing: Doing, form: FormData, locked: boolean): Promise<void> {
  const command = commandOf(doing, form, locked);
  if (typeof command === "string") {
    complaint.value = command;
    return;
  }
  busy.value = true;
  try {
    const done = await postZone(command);
    zones.value = done.zones;
    const name = outside(command.name ?? doing.zone?.properties.name ?? done.id);
    backToList();
    said.value = doneWords(doing.action, name, done.counts_from);
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    complaint.value = `${outside(cause.message)} ${outside(cause.hint)}`;
    if (cause.status === 403) onWatch.value = onWatch.value.filter((one) => one.officer !== officer.value);
    if (cause.status === 409) await seeAgain(doing);
  } finally {
    busy.value = false;
  }
}

/** Somebody was quicker: now that is seen, and sent again it is meant. */
async function seeAgain(doing: Doing): Promise<void> {
  await readZones();
  const now = zones.value.features.find(({ properties }) => properties.id === doing.zone?.properties.id && properties.latest);
  if (!now || !doing.zone) return;
  doing.zone = { ...doing.zone, properties: { ...doing.zone.properties, version: now.properties.version } };
  complaint.value += ` ${say("Nothing was done; what you typed is kept. Send it again to do it all the same.")}`;
}

export function ZoneForm({ doing }: { doing: Doing }) {
  const { action, zone } = doing;
  const own = zone?.properties;
  const known = zone ? placesOf(zone.geometry) : [];
  const locked = known === null || known.length > POINTS_MOST;
  const complain = (text: string): void => { complaint.value = text; };
  useEffect(() => {
    complain("");
    outlineEffect.value = own?.effect ?? "none";
    if (action === "change" && !locked) putOutline(known);
    document.querySelector<HTMLElement>(action === "expire" ? ".draw-panel [name=reason]" : ".draw-panel [name=name]")?.focus();
  }, []);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    complain("");
    withWatch(() => void send(doing, new FormData(form), locked));
  };
  const isMask = outlineEffect.value === "mute" || outlineEffect.value === "downgrade";
  const heading = { draw: say("Draw a zone"), change: say("Change"), expire: say("Withdraw") }[action];
  return (
    <form onSubmit={submit}>
      <h3>{heading} {own ? <bdi>{outside(own.name || own.id)}</bdi> : null}</h3>
      {action === "expire" ? <p class="dim small">{say("It stays in the book; what it has weighed stays as it is.")}</p> : (
        <>
          <Field label={say("Name")}><input type="text" name="name" maxLength={60} required defaultValue={own?.name ?? ""} autocomplete="off" /></Field>
          {locked ? <p class="dim small">{say("Its outline has several parts or too many points to be changed here.")}</p> : (
            <>
              <Shapes />
              <Corners complain={complain} />
              <Circle complain={complain} />
            </>
          )}
          <Effects />
          {isMask ? (
            <Field label={say("Why stopping is ordinary here")}>
              <select name="kind" defaultValue={own && zones.value.kinds.includes(own.kind) ? own.kind : "works"}>
                {zones.value.kinds.map((kind) => <option key={kind} value={kind} selected={kind === (own?.kind ?? "works")}>{kindName(kind)}</option>)}
              </select>
            </Field>
          ) : null}
          {outlineEffect.value === "none" ? null : <Detectors chosen={own?.detectors ?? []} />}
          <Field label={isMask ? say("Until, UTC") : say("Until, UTC; empty for no end")} hint={say("Like 2026-12-24 12:00")}>
            <input type="text" name="until" required={isMask} autocomplete="off" defaultValue={own?.valid_until ? own.valid_until.slice(0, 16).replace("T", " ") : ""} />
          </Field>
        </>
      )}
      <Field label={say("Reason")}><input type="text" name="reason" required maxLength={400} autocomplete="off" /></Field>
      {complaint.value ? <p class="dialog-refused" role="alert">{complaint.value}</p> : null}
      <div class="dialog-acts">
        <button type="button" class="small-button" onClick={backToList}>{say("Cancel")} <kbd>Esc</kbd></button>
        <button type="submit" class="small-button main" disabled={busy.value}>{action === "expire" ? say("Withdraw") : say("Save")} <kbd>⏎</kbd></button>
      </div>
    </form>
  );
}
