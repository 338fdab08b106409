// Everything an alert rests on, below the list.
import { openDossier } from "../dossier/go.ts";
import { outside, vesselName } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { later } from "../later.tsx";
import { Chips } from "../list/alert-row.tsx";
import { NearFacts } from "../map/near-facts.tsx";
import { Mark } from "../map/mark.tsx";
import { showSelection } from "../map/map-pane.tsx";
import { Theirs } from "../partners/open.tsx";
import { selectAlert } from "../state/session.ts";
import { selectedAlert, selectedMmsi, vessel, wholeOf } from "../state/state.ts";
import { ActsBar, Standing } from "../triage/bar.tsx";
import { Reached } from "../triage/release.tsx";
import { SuspendedWords } from "../triage/suspend.tsx";
import type { Alert, AlertDetail } from "../wire/types.ts";
import { AlertFacts, VesselFacts } from "./facts.tsx";
import { Part } from "./part.tsx";

const ChartWait = () => <p class="dim chart-wait">{say("Reading the fixes…")}</p>;
const Chart = later<{ alert: AlertDetail }>(async () => (await import("./tool-chart.tsx")).Chart, ChartWait);

const Rests = later<{ full: AlertDetail }>(async () => (await import("./tool-rests.tsx")).Rests, () => null);
const History = later<{ full: AlertDetail }>(async () => (await import("./tool-rests.tsx")).History, () => null);

function AlertPanel({ alert }: { alert: Alert }) {
  const full = wholeOf(alert);
  const { mmsi, name } = alert.subject;
  return (
    <>
      <header class="panel-head">
        <Mark priority={alert.priority} size={18} hollow={alert.state !== "open"} />
        <div>
          <h2>{say(PRIORITY_WORD[alert.priority])} · {say(detectorTitle(alert.detector))}</h2>
          <p><bdi class="who">{mmsi === null && !name ? say("no single vessel") : vesselName(name)}</bdi></p>
        </div>
        <button type="button" class="small-button" onClick={showSelection} title={say("Show on the map")}>{say("Map")} <kbd>O</kbd></button>
        <button type="button" class="small-button" onClick={openDossier}>{say("Dossier")} <kbd>⏎</kbd></button>
        <p class="panel-chips"><Chips alert={alert} /></p>
        <ActsBar alert={alert} />
      </header>
      <Standing alert={alert} />
      <SuspendedWords alert={alert} />
      <p class="sentence"><bdi>{outside(alert.text)}</bdi></p>
      <AlertFacts alert={alert} />
      <NearFacts withNext={false} />
      <Part title={say("Speed, heading, course")}>{full ? <Chart alert={full} /> : <ChartWait />}</Part>
      {full ? <Rests full={full} /> : null}
      {mmsi === null ? null : <Part title={say("Vessel")}><VesselFacts mmsi={mmsi} alert={alert} /></Part>}
      <Part title={say("Released to whom")}><Reached alert={alert} /></Part>
      {full ? <History full={full} /> : null}
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
          <p class="dim">{own?.exercise ? <span class="chip exercise">{say("EXERCISE")}</span> : null} {say("Vessel. No open alert.")}</p>
        </div>
        <button type="button" class="small-button" onClick={showSelection}>{say("Map")} <kbd>O</kbd></button>
        <button type="button" class="small-button" onClick={() => selectAlert(null)}>{say("Close")} <kbd>Esc</kbd></button>
      </header>
      <VesselFacts mmsi={mmsi} alert={null} />
      <NearFacts withNext />
    </>
  );
}

export function Evidence() {
  const alert = selectedAlert.value;
  const mmsi = selectedMmsi.value;
  return (
    <section class="evidence" aria-label={say("Evidence")} tabIndex={0}>
      {alert?.origin ? <Theirs part="Panel" alert={alert} /> : alert ? <AlertPanel alert={alert} /> : mmsi !== null ? <VesselPanel mmsi={mmsi} /> : (
        <p class="empty">{say("Select an alert, or a vessel on the map: its evidence stands here.")} <kbd>J</kbd> {say("next")}, <kbd>K</kbd> {say("previous")}, <kbd>?</kbd> {say("all keys")}.</p>
      )}
    </section>
  );
}
