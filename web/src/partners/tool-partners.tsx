// A partner's alert: its chips in the list, its panel, its dossier. They come once partners' alerts are asked for.
// It is theirs: nothing here acknowledges, mutes or sounds it, and what it rests on lies with them.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "../style/partners.css";
import { openDossier } from "../dossier/go.ts";
import { AlertFacts, Fact, VesselFacts } from "../evidence/facts.tsx";
import { Part } from "../evidence/part.tsx";
import { Against, Context, noteText, Versions } from "../evidence/tool-rests.tsx";
import { NextAssets, WhyTable } from "../evidence/tables.tsx";
import { outside, parseTime, utc, utcDate, utcMinute } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD, STATE_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { whoIs } from "../list/alert-row.tsx";
import { Mark } from "../map/mark.tsx";
import { showSelection } from "../map/map-pane.tsx";
import { tell } from "../state/session.ts";
import { minute_ms, partnerAlerts, status } from "../state/state.ts";
import { ApiError, getPartnerAlert, getPartnerAlerts } from "../wire/api.ts";
import type { Origin } from "./types.ts";
import type { Alert, AlertDetail } from "../wire/types.ts";
import { keptBack } from "./tool-kept-back.ts";
import { byKey, readTheirs, splitKey } from "./tool-read.ts";

let readings = 0;

/** Reads what has come; an answer that a later one overtook is dropped. */
export function readPartnerAlerts(): void {
  readings += 1;
  const reading = readings;
  getPartnerAlerts().then((list) => {
    if (reading === readings) partnerAlerts.value = byKey(list);
  }, tell);
}

/** Our name for a partner; of one that is none any more what it called itself. */
const whose = ({ peer, name, instance }: Origin): string => outside(peer ?? "") || outside(name) || instance.slice(0, 8);

/** "14:02Z", with its date where that is not today's, by the wall clock. */
function receivedAt({ received }: Origin): string {
  const at_ms = parseTime(received);
  if (Number.isNaN(at_ms)) return "–";
  return utcDate(at_ms) === utcDate(Date.now()) ? utcMinute(at_ms) : `${utcDate(at_ms)} ${utcMinute(at_ms)}`;
}

/** Whether this is an exercise; and where we train, that this is not one: it must not be taken for part of it. */
function Reality({ alert }: { alert: Alert }) {
  if (alert.exercise) return <span class="chip exercise">EXERCISE</span>;
  return status.value?.exercise ? <span class="chip again">{say("real, not of our exercise")}</span> : null;
}

export function Chips({ alert }: { alert: Alert }) {
  const origin = alert.origin!;
  const { main, rest } = keptBack(alert.release?.redacted ?? []);
  const isLater = minute_ms.value !== null && parseTime(alert.t_detected) > minute_ms.value + 60_000;
  return (
    <>
      <span class="chip origin"><bdi>{say("from {who}", { who: whose(origin) })}</bdi></span>
      <Reality alert={alert} />
      {alert.state === "open" ? null : <span class={`chip ${alert.state}`}>{say(STATE_WORD[alert.state])}</span>}
      <span class="chip">{say("received {t}", { t: receivedAt(origin) })}</span>
      {isLater ? <span class="chip">{say("later than the clock shows")}</span> : null}
      {main.length + rest.length > 0 ? (
        <span class="chip kept-back" title={[...main, ...rest].join(", ")}>
          {say("kept back: {what}", { what: [...main, ...(rest.length > 0 ? [`+${rest.length}`] : [])].join(", ") })}
        </span>
      ) : null}
    </>
  );
}

/** The alert whole, with the versions that came; and how reading it went. */
const whole = signal<{ key: string; alert: AlertDetail | null; failure: ApiError | null }>({ key: "", alert: null, failure: null });

function useWhole(key: string, stamp: string): typeof whole.value | null {
  useEffect(() => {
    const abort = new AbortController();
    const { instance, id } = splitKey(key);
    getPartnerAlert(id, instance, abort.signal).then(
      (came) => {
        whole.value = { key, alert: readTheirs(came), failure: null };
      },
      (cause: unknown) => {
        if (cause instanceof ApiError) whole.value = { key, alert: null, failure: cause };
        else if (!(cause instanceof DOMException && cause.name === "AbortError")) throw cause;
      },
    );
    return () => abort.abort();
  }, [key, stamp]);
  return whole.value.key === key ? whole.value : null;
}

function Whence({ alert }: { alert: Alert }) {
  const origin = alert.origin!;
  const { main, rest } = keptBack(alert.release?.redacted ?? []);
  const kept = [...main, ...rest];
  const at_ms = parseTime(origin.received);
  return (
    <dl class="facts">
      <Fact name={say("From")} wide>
        <bdi class="who">{whose(origin)}</bdi>
        {origin.name && origin.name !== origin.peer ? <span class="dim"> · {say("calls itself")} <bdi>{outside(origin.name)}</bdi></span> : null}
        {origin.peer === null ? <span class="dim"> · {say("no partner of ours any more")}</span> : null}
      </Fact>
      <Fact name={say("Detected")} wide><span class="mono">{utc(parseTime(alert.t_detected))}</span></Fact>
      <Fact name={say("Received")} wide><span class="mono">{Number.isNaN(at_ms) ? "–" : utc(at_ms)}</span> <span class="dim">{say("by the wall clock")}</span></Fact>
      <Fact name={say("Released to")} wide><bdi>{outside(alert.release?.group ?? "") || "–"}</bdi></Fact>
      <Fact name={say("Kept back")} wide><bdi>{kept.length > 0 ? kept.join(", ") : say("nothing")}</bdi></Fact>
      <Fact name={say("Bundle")} wide><span class="mono small">{outside(origin.bundle).slice(0, 64)}</span></Fact>
      <Fact name={say("Instance")} wide><span class="mono small">{origin.instance}</span></Fact>
      <Fact name={say("Alert")} wide><span class="mono small">{outside(origin.id)} v{alert.version}</span></Fact>
    </dl>
  );
}

function Theirs({ alert }: { alert: Alert }) {
  return (
    <p class="theirs-note" role="note">
      {say("This alert is theirs: nobody acknowledges it here, and it does not sound. It is open until they say otherwise; they tell nothing more of one that they withdraw.")}{" "}
      {say("The fixes it rests on lie with them: ask them for the evidence.")}
      {alert.exercise ? <> <b>{say("It is an EXERCISE, not real.")}</b></> : null}
    </p>
  );
}

/** What they told of it; what they kept back leaves no empty part behind. */
function Told({ alert, full }: { alert: Alert; full: AlertDetail | null }) {
  const isKept = (path: string): boolean => alert.release?.redacted.includes(path) ?? false;
  const { mmsi } = alert.subject;
  return (
    <>
      {alert.text ? <p class="sentence"><bdi>{outside(alert.text)}</bdi></p> : null}
      <AlertFacts alert={alert} />
      <Part title={say("Where this comes from")}><Whence alert={alert} /></Part>
      {full && full.next_assets.length > 0 ? <Part title={say("Next on this course")}><NextAssets list={full.next_assets} /></Part> : null}
      {full && full.why.length > 0 ? (
        <Part title={say("Why")}>
          <WhyTable why={full.why} />
          {full.notes?.map((note, at) => <p key={at} class="dim"><bdi>{noteText(note)}</bdi></p>)}
        </Part>
      ) : null}
      {full && !isKept("against") ? <Part title={say("What speaks against")}><Against alert={full} /></Part> : null}
      {full && !isKept("context") ? <Part title={say("Context")}><Context alert={full} /></Part> : null}
      {mmsi === null ? null : <Part title={say("Vessel, as received here")}><VesselFacts mmsi={mmsi} alert={alert} /></Part>}
      {full && full.versions.length > 0 ? <Part title={say("Versions")}><Versions full={full} /></Part> : null}
    </>
  );
}

const stampOf = (alert: Alert): string => `${alert.version} ${alert.origin?.bundle}`;

export function Panel({ alert }: { alert: Alert }) {
  const read = useWhole(alert.id, stampOf(alert));
  return (
    <>
      <header class="panel-head theirs-head">
        <Mark priority={alert.priority} size={20} hollow={alert.state !== "open"} theirs />
        <div>
          <h2>{say(PRIORITY_WORD[alert.priority])} · {detectorTitle(alert.detector)}</h2>
          <p><bdi class="who">{whoIs(alert)}</bdi></p>
        </div>
        <button type="button" class="small-button" onClick={showSelection} title={say("Show on the map")}>{say("Map")} <kbd>O</kbd></button>
        <button type="button" class="small-button" onClick={openDossier}>{say("Dossier")} <kbd>⏎</kbd></button>
        <p class="panel-chips"><Chips alert={alert} /></p>
      </header>
      <Theirs alert={alert} />
      {read?.failure ? <p class="dialog-refused" role="alert">{outside(read.failure.message)} {outside(read.failure.hint)}</p> : null}
      <Told alert={alert} full={read?.alert ?? null} />
    </>
  );
}

/** On a page of its own, which can be linked and printed; read by itself, whatever the list shows. */
export function TheirDossier({ id }: { id: string }) {
  const known = partnerAlerts.value.get(id);
  const read = useWhole(id, known ? stampOf(known) : "");
  const alert = read?.alert ?? known;
  if (!alert) {
    if (!read) return <p class="empty" role="status">{say("Reading the dossier…")}</p>;
    return (
      <div class="missing" role="alert">
        <h1>{say("No such alert of a partner")}</h1>
        <p>{read.failure ? <>{outside(read.failure.message)} {outside(read.failure.hint)}</> : null} <bdi class="mono">{outside(id)}</bdi></p>
      </div>
    );
  }
  return (
    <article class="theirs-dossier">
      <header class="dossier-head">
        <div class="head-row">
          <Mark priority={alert.priority} size={24} hollow={alert.state !== "open"} theirs />
          <div class="head-title">
            <h1>{say(PRIORITY_WORD[alert.priority])} · {detectorTitle(alert.detector)}</h1>
            <p><bdi class="who">{whoIs(alert)}</bdi> <Chips alert={alert} /></p>
          </div>
          <button type="button" class="small-button" onClick={() => window.print()}>{say("Print")}</button>
        </div>
      </header>
      <h2 class="visually-hidden">{say("from {who}", { who: whose(alert.origin!) })}</h2>
      <Theirs alert={alert} />
      <Told alert={alert} full={read?.alert ?? null} />
    </article>
  );
}
