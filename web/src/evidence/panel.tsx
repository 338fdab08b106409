// Everything an alert rests on, below the list.
import type { ComponentChildren } from "preact";
import { outside, parseTime, utcTime, vesselName } from "../format/format.ts";
import { detectorTitle, inWords, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { Chips } from "../list/alert-row.tsx";
import { Mark } from "../map/mark.tsx";
import { showSelection } from "../map/map-pane.tsx";
import { selectAlert } from "../state/session.ts";
import { detail, selectedAlert, selectedMmsi, vessel } from "../state/state.ts";
import { ActLog, ActsBar, Standing } from "../triage/bar.tsx";
import { SuspendedWords } from "../triage/suspend.tsx";
import type { Alert, AlertDetail, ListEntry } from "../wire/types.ts";
import { Chart } from "./chart.tsx";
import { AlertFacts, Fact, VesselFacts } from "./facts.tsx";
import { NextAssets, WhyTable } from "./tables.tsx";

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** A note on the priority, or on late data, which speaks for itself. */
const noteText = (note: string): string => (note.startsWith("late data: ") ? outside(note) : `Priority: ${inWords(note)}`);

function Against({ alert }: { alert: Alert }) {
  if (alert.against.length === 0) return <p class="dim">The tests found nothing that speaks against it.</p>;
  return <ul class="against">{alert.against.map((text, at) => <li key={at}><bdi>{outside(text)}</bdi></li>)}</ul>;
}

/** What a user's lists say of the vessel, a line an entry; the words are those of `model/listing.py`. */
function Listed({ lists, imo }: { lists: ListEntry[]; imo: number | null }) {
  const lines = lists.map(
    ({ list, kind, entry, date, matched_by }) =>
      `${list} (${kind.replaceAll("_", " ")}), entry ${entry} of ${date}, matched by ${matched_by.toUpperCase()}`,
  );
  if (lines.length === 0)
    lines.push(imo ? "no entry" : "no entry by MMSI; those by IMO could not be compared, its IMO number was not received");
  return <>{lines.map((line, at) => <Fact key={at} name="Listed by" wide><bdi>{outside(line)}</bdi></Fact>)}</>;
}

function Context({ alert }: { alert: Alert }) {
  const { gnss, coverage, depth_m, lists } = alert.context;
  return (
    <dl class="facts">
      <Fact name="GNSS">{gnss ? outside(gnss) : "unknown"}</Fact>
      <Fact name="Coverage">{coverage ? outside(coverage) : "unknown"}</Fact>
      <Fact name="Depth">{depth_m === null ? "unknown" : `${Math.abs(Math.round(depth_m))} m ± 50 m, coarse`}</Fact>
      {lists ? <Listed lists={lists} imo={alert.subject.imo} /> : null}
      {alert.group ? <Fact name="Group"><span class="mono">{outside(alert.group)}</span></Fact> : null}
    </dl>
  );
}

function Versions({ full }: { full: AlertDetail }) {
  return (
    <ol class="versions">
      {full.versions.map((version) => (
        <li key={version.version}>
          <span class="mono">v{version.version} {Number.isNaN(parseTime(version.t_detected)) ? "" : utcTime(parseTime(version.t_detected))}</span>{" "}
          {PRIORITY_WORD[version.priority]}, {outside(version.state)}. <bdi class="dim">{outside(version.text)}</bdi>
        </li>
      ))}
    </ol>
  );
}

function Provenance({ full }: { full: AlertDetail }) {
  const { rules, attribution, caveat } = full.evidence;
  const credit = Array.isArray(attribution) ? attribution.join(" · ") : attribution;
  return (
    <>
      <p class="caveat"><bdi>{outside(caveat)}</bdi></p>
      <p class="small dim">
        Rules: <span class="mono">{outside(rules).replace(/^rules /, "")}</span> · alert <span class="mono">{outside(full.id)}</span> v{full.version}
        {credit ? <> · Data: {outside(credit)}</> : null}
      </p>
    </>
  );
}

function AlertPanel({ alert }: { alert: Alert }) {
  const full = detail.value?.id === alert.id ? detail.value : null;
  const { mmsi, name } = alert.subject;
  return (
    <>
      <header class="panel-head">
        <Mark priority={alert.priority} size={18} hollow={alert.state !== "open"} />
        <div>
          <h2>{PRIORITY_WORD[alert.priority]} · {detectorTitle(alert.detector)}</h2>
          <p><bdi class="who">{mmsi === null && !name ? "no single vessel" : vesselName(name)}</bdi> <Chips alert={alert} /></p>
        </div>
        <button type="button" class="small-button" onClick={showSelection} title="Show on the map">Map <kbd>⏎</kbd></button>
        <ActsBar alert={alert} />
      </header>
      <Standing alert={alert} />
      <SuspendedWords alert={alert} />
      <p class="sentence"><bdi>{outside(alert.text)}</bdi></p>
      <AlertFacts alert={alert} />
      <Part title="Speed, heading, course">{full ? <Chart alert={full} /> : <p class="dim chart-wait">Reading the fixes…</p>}</Part>
      {alert.next_assets.length > 0 ? <Part title="Next on this course"><NextAssets list={alert.next_assets} /></Part> : null}
      <Part title="Why">
        <WhyTable why={alert.why} />
        {alert.notes?.map((note, at) => <p key={at} class="dim"><bdi>{noteText(note)}</bdi></p>)}
      </Part>
      <Part title="What speaks against"><Against alert={alert} /></Part>
      <Part title="Context"><Context alert={alert} /></Part>
      {mmsi === null ? null : <Part title="Vessel"><VesselFacts mmsi={mmsi} alert={alert} /></Part>}
      {full ? <Part title={say("What people did")}><ActLog log={full.log} /></Part> : null}
      {full && full.versions.length > 0 ? <Part title="Versions"><Versions full={full} /></Part> : null}
      {full ? <Provenance full={full} /> : null}
    </>
  );
}

function VesselPanel({ mmsi }: { mmsi: number }) {
  const own = vessel.value?.mmsi === mmsi ? vessel.value : null;
  return (
    <>
      <header class="panel-head">
        <div>
          <h2><bdi>{own ? vesselName(own.name) : `MMSI ${mmsi}`}</bdi></h2>
          <p class="dim">{own?.exercise ? <span class="chip exercise">EXERCISE</span> : null} Vessel. No open alert.</p>
        </div>
        <button type="button" class="small-button" onClick={showSelection}>Map <kbd>⏎</kbd></button>
        <button type="button" class="small-button" onClick={() => selectAlert(null)}>Close <kbd>Esc</kbd></button>
      </header>
      <VesselFacts mmsi={mmsi} alert={null} />
    </>
  );
}

export function Evidence() {
  const alert = selectedAlert.value;
  const mmsi = selectedMmsi.value;
  return (
    <section class="evidence" aria-label="Evidence" tabIndex={0}>
      {alert ? <AlertPanel alert={alert} /> : mmsi !== null ? <VesselPanel mmsi={mmsi} /> : (
        <p class="empty">Select an alert, or a vessel on the map: its evidence stands here. <kbd>J</kbd> next, <kbd>K</kbd> previous, <kbd>?</kbd> all keys.</p>
      )}
    </section>
  );
}
