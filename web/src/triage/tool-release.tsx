// To which groups an alert is released, releasing it, and withdrawing it. The service's gate says what a group gets,
// and shows it before it leaves: nothing about that is worked out here.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import "../style/release.css";
import { Field } from "../field.tsx";
import { outside, parseTime, placeDm, utcDate, utcMinute, vesselName } from "../format/format.ts";
import { detectorTitle, inWords, PRIORITY_WORD, STATE_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { keptBack } from "../partners/tool-kept-back.ts";
import { readTheirs } from "../partners/tool-read.ts";
import { feedsWithheld, isTold, mayWithdraw } from "../partners/tool-withheld.ts";
import { alerts, mayAct } from "../state/state.ts";
import { ApiError, getReleases } from "../wire/api.ts";
import type { Reach, Releases } from "../partners/types.ts";
import type { Alert, AlertDetail } from "../wire/types.ts";
import { withWatch } from "./asked.ts";
import { askRelease, releasing } from "./release.tsx";
import { act, busy, refusedWith, seeNow } from "./triage.ts";

/** "14:02Z" by the wall clock, with its date where that is not today's. */
function at(iso: string): string {
  const t_ms = parseTime(iso);
  if (Number.isNaN(t_ms)) return "–";
  return utcDate(t_ms) === utcDate(Date.now()) ? utcMinute(t_ms) : `${utcDate(t_ms)} ${utcMinute(t_ms)}`;
}

const named = ({ label, group }: Reach): string => outside(label) || outside(group);

/** "versions 1–3" */
function versionsWord(versions: readonly number[]): string {
  const [first, last] = [versions[0]!, versions.at(-1)!];
  return first === last ? say("version {n}", { n: first }) : say("versions {a} to {b}", { a: first, b: last });
}

interface Read {
  data: Releases | null;
  failure: ApiError | null;
}

/** Asks again whenever what is asked changes; what was read stays until the next comes. */
function useReleases(id: string, stamp: string, to?: { group: string; version: number }): Read {
  const [read, tell] = useState<Read & { key: string }>({ data: null, failure: null, key: "" });
  const key = `${id} ${to ? `${to.group} ${to.version}` : ""}`;
  useEffect(() => {
    const abort = new AbortController();
    getReleases(id, to, abort.signal).then(
      (data) => tell({ data, failure: null, key }),
      (cause: unknown) => {
        if (cause instanceof ApiError) tell({ data: null, failure: cause, key });
        else if (!(cause instanceof DOMException && cause.name === "AbortError")) throw cause;
      },
    );
    return () => abort.abort();
  }, [key, stamp]);
  return read.key === key ? read : { data: null, failure: null };
}

const stampOf = (alert: Alert): string => `${alert.version} ${alert.triage.last_seq}`;

function Failure({ failure }: { failure: ApiError }) {
  return <p class="dialog-refused" role="alert"><b>{outside(failure.message)}</b> {outside(failure.hint)}</p>;
}

/** What released it, in words. */
function Because({ reach }: { reach: Reach }) {
  const { released, because } = reach;
  if (released) {
    return (
      <>
        {say("released by {who}, {t}", { who: outside(released.officer), t: at(released.at) })}
        {released.comment ? <> · “<bdi>{outside(released.comment)}</bdi>”</> : null}
      </>
    );
  }
  const rule = /^rule (\d+)$/.exec(because ?? "");
  return <>{rule ? say("by rule {n} of the policy", { n: rule[1]! }) : outside(because ?? "")}</>;
}

/** When and where it left; what was read by others on their own is in no log. */
function Left({ reach }: { reach: Reach }) {
  const last = reach.left.at(-1);
  if (!last) return <span class="dim">{say("nothing has been sent by what the log says")}</span>;
  return (
    <span>
      {sayCount(reach.left_count, "has left once", "has left {n} times")}: <span class="mono">{at(last.at)}</span> <bdi>{outside(last.where)}</bdi>
    </span>
  );
}

/** That it gets nothing, and why. */
function nothing(reach: Reach): string {
  const feeds = feedsWithheld(reach);
  return feeds ? say("gets nothing of it: {feeds} may not go to this group", { feeds }) : say("gets no more of it");
}

/** A group that gets nothing and to which nobody released it; a rule of the policy may have. */
function notReleased(reach: Reach): string {
  const feeds = feedsWithheld(reach);
  return feeds ? say("{group} ({feeds} may not go there)", { group: named(reach), feeds }) : named(reach);
}

function Row({ alert, reach }: { alert: Alert; reach: Reach }) {
  const gets = reach.versions.length > 0;
  return (
    <li class="reach">
      <div>
        <p><b><bdi>{named(reach)}</bdi></b> <bdi>{gets ? versionsWord(reach.versions) : nothing(reach)}</bdi></p>
        <p class="dim small">
          {mayWithdraw(reach) ? <Because reach={reach} /> : reach.withdrawn ? say("withdrawn by {who}, {t}", { who: outside(reach.withdrawn.officer), t: at(reach.withdrawn.at) }) : null}
          {" · "}<Left reach={reach} />
        </p>
      </div>
      {mayWithdraw(reach) && mayAct.value ? (
        <button type="button" class="small-button" disabled={busy.value} aria-label={say("Withdraw from {group}…", { group: named(reach) })} onClick={() => withWatch(() => { releasing.value = { alert, from: reach }; })}>
          {say("Withdraw…")}
        </button>
      ) : null}
    </li>
  );
}

/** Who gets it and who got it; then who does not. */
export function Reached({ alert }: { alert: Alert }) {
  const { data, failure } = useReleases(alert.id, stampOf(alert));
  if (failure) return <Failure failure={failure} />;
  if (!data) return <p class="dim">{say("Reading to whom it is released…")}</p>;
  const told = data.groups.filter(isTold);
  const others = data.groups.filter((one) => !told.includes(one));
  return (
    <>
      {told.length > 0 ? <ul class="reached">{told.map((one) => <Row key={one.group} alert={alert} reach={one} />)}</ul> : null}
      <p class="dim">
        {told.length === 0 ? say("It is released to nobody.") : null}{" "}
        {others.length > 0 ? <bdi>{say("Not released to: {groups}.", { groups: others.map(notReleased).join(", ") })}</bdi> : null}{" "}
        {mayAct.value ? <button type="button" class="small-button" disabled={busy.value} onClick={askRelease}>{say("Release to…")} <kbd>&gt;</kbd></button> : null}
      </p>
    </>
  );
}

function Subject({ alert }: { alert: Alert }) {
  return (
    <ul class="dialog-subjects">
      <li>
        {alert.exercise ? <span class="chip exercise">EXERCISE</span> : null}{" "}
        <b>{say(PRIORITY_WORD[alert.priority])}</b> {detectorTitle(alert.detector)} · <bdi class="who">{alert.subject.mmsi === null && !alert.subject.name ? say("no single vessel") : vesselName(alert.subject.name)}</bdi>
      </li>
      {alert.exercise ? <li><b>{say("It leaves as an exercise, marked so in every format, and never as real.")}</b></li> : null}
    </ul>
  );
}

function Line({ name, children }: { name: string; children: string }) {
  return children ? <><dt>{name}</dt><dd><bdi>{children}</bdi></dd></> : null;
}

/** What has a line of its own below, or is about how the alert is written and not about what it tells. */
const SHOWN = new Set([
  "id", "version", "detector", "state", "priority", "t_start", "t_detected", "t_issued", "t_end", "subject", "lon", "lat", "asset", "next_assets",
  "why", "against", "context", "text", "exercise", "notes", "triage", "log", "title", "caveat", "release", "rules", "geometry", "detector_version",
]);

const isEmpty = (value: unknown): boolean => value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

/** A value of whatever kind on one line: what leaves must be seen, also what has no words here. */
const plain = (value: unknown): string => outside(typeof value === "string" ? value : JSON.stringify(value)).slice(0, 300);

const pairs = (value: unknown): string =>
  typeof value === "object" && value !== null ? Object.entries(value).filter(([, one]) => !isEmpty(one)).map(([name, one]) => `${outside(name).replaceAll("_", " ")}: ${plain(one)}`).join(" · ") : "";

const place = ({ lon, lat }: AlertDetail): string => (Number.isFinite(lon) && Number.isFinite(lat) ? placeDm(lon, lat) : "");

/** The alert as the group would have it: read as one of a partner is, which it will be there. */
function Preview({ reach, data, seen }: { reach: Reach; data: Releases; seen: number }) {
  const preview = data.preview;
  const told = preview ? readTheirs({ ...preview.alert, origin: { instance: "preview" } }) : null;
  if (!preview || !told) return <p class="dialog-refused" role="alert">{say("Nothing of this version would reach them.")}</p>;
  const { main, rest } = keptBack(reach.redacted);
  const { subject, asset } = told;
  const newer = preview.versions.filter((version) => version > seen).length;
  const given = preview.alert.id;
  const others = Object.fromEntries(Object.entries(preview.alert).filter(([name]) => !SHOWN.has(name)));
  return (
    <section class="preview" aria-labelledby="preview-title">
      <h3 id="preview-title">{say("What {group} will see", { group: named(reach) })}</h3>
      <dl>
        {told.exercise ? <><dt>EXERCISE</dt><dd><bdi>{outside(String(told.exercise))}</bdi></dd></> : null}
        <Line name={say("Alert")}>{`${say(PRIORITY_WORD[told.priority])}, ${detectorTitle(told.detector)}, ${say(STATE_WORD[told.state])}, ${versionsWord(preview.versions)}`}</Line>
        <Line name={say("Vessel")}>{[subject.name ? vesselName(subject.name) : "", subject.mmsi === null ? "" : `MMSI ${subject.mmsi}`, subject.imo ? `IMO ${subject.imo}` : "", subject.length_m ? `${subject.length_m} m` : ""].filter(Boolean).join(" · ")}</Line>
        <Line name={say("Asset")}>{asset ? [outside(asset.name), asset.kp_km === null ? "" : `km ${asset.kp_km.toFixed(1)}`].filter(Boolean).join(" · ") : ""}</Line>
        <Line name={say("Place")}>{place(told)}</Line>
        <Line name={say("Ahead")}>{told.next_assets.map(({ name }) => outside(name)).join(" · ")}</Line>
        <Line name={say("Sentence")}>{outside(told.text)}</Line>
        <Line name={say("Tests")}>{told.why.length > 0 ? sayCount(told.why.length, "one, with its value and limit", "{n}, with their values and limits") : ""}</Line>
        <Line name={say("Against")}>{told.against.map(outside).join(" · ")}</Line>
        <Line name={say("Notes")}>{(told.notes ?? []).map(inWords).join(" · ")}</Line>
        <Line name={say("Context")}>{pairs(preview.alert.context)}</Line>
        <Line name={say("Also")}>{pairs(others)}</Line>
        <Line name={say("Triage")}>{preview.alert.triage || preview.alert.log ? say("what officers did about it") : ""}</Line>
        <dt class="kept">{say("Kept back")}</dt><dd class="kept"><bdi>{[...main, ...rest].join(", ") || say("nothing")}</bdi></dd>
      </dl>
      {newer > 0 ? <p class="dialog-refused">{sayCount(newer, "They get one more version, newer than the clock shows here.", "They get {n} more versions, newer than the clock shows here.")}</p> : null}
      {typeof given === "string" && given !== releasing.peek()?.alert.id ? <p class="dim small">{say("They know it by another id, which says nothing of the vessel.")}</p> : null}
    </section>
  );
}

function Groups({ list, chosen, choose }: { list: readonly Reach[]; chosen: string; choose: (group: string) => void }) {
  return (
    <fieldset class="field reasons">
      <legend>{say("To which group")}</legend>
      {list.map((one, index) => (
        <label key={one.group}>
          <input type="radio" name="group" value={one.group} checked={one.group === chosen} onChange={() => choose(one.group)} />
          <kbd>{index + 1}</kbd> <span><bdi>{named(one)}</bdi> <span class="dim mono">{outside(one.group)}</span></span>
          {one.versions.length > 0 ? <small class="dim">{say("gets it already, {versions}", { versions: versionsWord(one.versions) })}</small> : null}
          {feedsWithheld(one) ? <small class="dim"><bdi>{nothing(one)}</bdi></small> : null}
          {one.versions.length === 0 && one.withdrawn ? <small class="dim">{say("withdrawn by {who}, {t}", { who: outside(one.withdrawn.officer), t: at(one.withdrawn.at) })}</small> : null}
        </label>
      ))}
    </fieldset>
  );
}

function Refused() {
  const refused = refusedWith.value;
  if (!refused) return null;
  return (
    <p class="dialog-refused" role="alert">
      <b>{outside(refused.what)}</b> {outside(refused.hint)}
      {refused.conflict ? ` ${say("Nothing was done; what you typed is kept. Send it again to do it all the same.")}` : ""}
    </p>
  );
}

const close = (): void => {
  releasing.value = null;
  document.querySelector<HTMLElement>(".rows")?.focus();
};

/** Digits choose a group, and Ctrl Enter sends, as in the other dialogs. */
function onKey(event: KeyboardEvent): void {
  const form = event.currentTarget as HTMLFormElement;
  const at = event.target as HTMLElement;
  if (event.key === "Enter" && (event.ctrlKey || at.matches("input"))) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (at.matches("textarea") || !/^[1-9]$/.test(event.key)) return;
  const choice = form.querySelectorAll<HTMLInputElement>("input[type=radio]")[Number(event.key) - 1];
  if (!choice) return;
  event.preventDefault();
  choice.click();
  choice.focus();
}

function ReleaseForm({ opened }: { opened: Alert }) {
  const alert = alerts.value.get(opened.id) ?? opened;
  // What was before the officer's eyes; after a conflict that was said, what is now.
  const [seen, see] = useState(opened);
  const [group, choose] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const list = useReleases(opened.id, stampOf(alert));
  const ahead = useReleases(opened.id, stampOf(alert), group ? { group, version: seen.version } : undefined);
  const reach = ahead.data?.groups.find((one) => one.group === group);
  const isDue = reach !== undefined && reach.versions.length === 0 && Boolean(ahead.data?.preview);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!isDue) return;
    const comment = String(new FormData(event.currentTarget as HTMLFormElement).get("comment") ?? "").trim();
    const { id, version, triage } = seen;
    if (await act("release_to", [{ id, version, last_seq: triage.last_seq }], { group, ...(comment ? { comment } : {}) })) return close();
    if (refusedWith.value?.conflict) see(alerts.value.get(id) ?? seen);
  };
  const groups = list.data?.groups ?? ahead.data?.groups;
  // The first group has the keys once there are groups, and is not chosen by that; until then the head has them.
  useEffect(() => {
    if (groups && !form.current?.querySelector("textarea:focus")) form.current?.querySelector<HTMLElement>("input[type=radio]")?.focus();
  }, [groups === undefined]);
  return (
    <form ref={form} onSubmit={submit} onKeyDown={onKey}>
      <h2 id="release-title" tabIndex={-1} autofocus>{say("Release to…")}</h2>
      <Subject alert={seen} />
      {list.failure ? <Failure failure={list.failure} /> : null}
      {groups ? <Groups list={groups} chosen={group} choose={choose} /> : list.failure ? null : <p class="dim" role="status">{say("Reading to whom it is released…")}</p>}
      <div aria-live="polite">
        {ahead.failure ? <Failure failure={ahead.failure} /> : null}
        {reach && ahead.data && reach.versions.length > 0 ? <p class="dim">{say("{group} gets it already, and every version that follows.", { group: named(reach) })}</p> : null}
        {reach && ahead.data && reach.versions.length === 0 ? <Preview reach={reach} data={ahead.data} seen={seen.version} /> : null}
      </div>
      <Field label={say("Comment, if any; it stays in our log")}><textarea name="comment" rows={2} maxLength={2000} /></Field>
      {ahead.failure ? null : <p class="cannot">{say("They get this version and those that follow, until it is withdrawn. What has left cannot be called back.")}</p>}
      <Refused />
      <div class="dialog-acts">
        <button type="button" class="small-button" onClick={close}>{say("Cancel")} <kbd>Esc</kbd></button>
        <button type="submit" class="small-button main" disabled={busy.value || !isDue}>
          <bdi>{reach ? say("Release to {group}", { group: named(reach) }) : say("Release to…")}</bdi> <kbd>⏎</kbd>
        </button>
      </div>
    </form>
  );
}

function WithdrawForm({ opened, from }: { opened: Alert; from: Reach }) {
  const [seen, see] = useState(seeNow([opened.id]));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const comment = String(new FormData(event.currentTarget as HTMLFormElement).get("comment") ?? "").trim();
    if (await act("withdraw", seen, { group: from.group, ...(comment ? { comment } : {}) })) return close();
    if (refusedWith.value?.conflict) see(seeNow([opened.id]));
  };
  return (
    <form onSubmit={submit} onKeyDown={onKey}>
      <h2 id="release-title"><bdi>{say("Withdraw from {group}", { group: named(from) })}</bdi></h2>
      <Subject alert={opened} />
      <p>{say("They get nothing more of it, whatever the policy's rules say, and are not told that it was withdrawn.")}</p>
      <p class="cannot">{say("What has left cannot be called back: tell the partner yourself.")} <Left reach={from} />.</p>
      <Field label={say("Comment, if any; it stays in our log")}><textarea name="comment" rows={2} maxLength={2000} autofocus /></Field>
      <Refused />
      <div class="dialog-acts">
        <button type="button" class="small-button" onClick={close}>{say("Cancel")} <kbd>Esc</kbd></button>
        <button type="submit" class="small-button main" disabled={busy.value}>{say("Withdraw it")} <kbd>Ctrl ⏎</kbd></button>
      </div>
    </form>
  );
}

export function Dialogs() {
  const box = useRef<HTMLDialogElement>(null);
  const open = releasing.value;
  const key = open ? `${open.alert.id} ${open.from?.group ?? ""}` : "";
  useLayoutEffect(() => {
    if (!open) return box.current?.close();
    if (!box.current?.open) box.current?.showModal();
    box.current?.querySelector<HTMLElement>("[autofocus]")?.focus();
  }, [key]);
  return (
    <dialog ref={box} class="dialog release" aria-labelledby="release-title" onClose={() => { releasing.value = null; refusedWith.value = null; }}>
      {open ? open.from ? <WithdrawForm key={key} opened={open.alert} from={open.from} /> : <ReleaseForm key={key} opened={open.alert} /> : null}
    </dialog>
  );
}
