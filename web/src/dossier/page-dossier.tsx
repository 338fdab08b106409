// The dossier, /alert/ID: everything that one alert rests on, on one page that can be printed.
import { useEffect, useRef } from "preact/hooks";
import "../style/dossier.css";
import { Provenance, Versions } from "../evidence/tool-rests.tsx";
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { later } from "../later.tsx";
import { isTheirs } from "../partners/open.tsx";
import { route } from "../route.ts";
import { selectAlert } from "../state/session.ts";
import { alertOf, alerts } from "../state/state.ts";
import { ActLog } from "../triage/act-log.tsx";
import { Reached } from "../triage/release.tsx";
import type { ApiError } from "../wire/api.ts";
import { Charts } from "./charts.tsx";
import { cursor_ms } from "./cursor.ts";
import { focusRow } from "./go.ts";
import { filePath, Head, Ways } from "./head.tsx";
import { HourMapPart } from "./hour-map.tsx";
import { KeptNote } from "./kept.tsx";
import { Positions } from "./positions.tsx";
import { useDossier } from "./read.ts";
import type { Dossier as DossierData } from "./types.ts";
import { Identities, OtherAlerts, VesselCard } from "./vessel.tsx";
import { Circumstances, Why } from "./why.tsx";

function Missing({ id, failure }: { id: string; failure: ApiError }) {
  const isUnknown = failure.status === 404;
  return (
    <div class="missing" role="alert">
      <h1>{isUnknown ? say("No such alert") : say("The dossier cannot be read")}</h1>
      <p>
        {isUnknown ? <>{say("There is no alert with this id up to the time of the clock:")} <bdi class="mono">{outside(id)}</bdi></> : <>{failure.message} {failure.hint}</>}
      </p>
      {isUnknown ? <p class="dim">{say("It may be mistyped, of another home, or not raised yet at the time that the clock shows.")}</p> : null}
    </div>
  );
}

function Vessel({ dossier: { alert } }: { dossier: DossierData }) {
  const { mmsi } = alert.subject;
  if (mmsi === null) return null;
  return (
    <>
      <section aria-labelledby="vessel-title">
        <h2 id="vessel-title">{say("Vessel")}</h2>
        <Identities mmsi={mmsi} version={alert.version} card={(latest) => <VesselCard alert={alert} latest={latest} />} />
      </section>
      <section aria-labelledby="others-title">
        <h2 id="others-title">{say("Other alerts of this vessel")}</h2>
        <OtherAlerts alert={alert} />
      </section>
    </>
  );
}

function Whole({ dossier }: { dossier: DossierData }) {
  const { alert, map } = dossier;
  const hasFixes = alert.evidence.fixes.t_ms.length > 0;
  return (
    <article>
      <Head alert={alert} />
      <KeptNote kept={dossier.kept} />
      <div class="pair">
        <Why alert={alert} />
        {map ? (
          <section aria-labelledby="map-title">
            <h2 id="map-title">{say("Map of the hour")}</h2>
            <HourMapPart dossier={{ ...dossier, map }} />
          </section>
        ) : null}
      </div>
      {hasFixes ? (
        <section class="charts-part" aria-labelledby="charts-title">
          <h2 id="charts-title">{say("Speed, course, heading and distance")}</h2>
          <Charts dossier={dossier} />
        </section>
      ) : null}
      <div class="pair">
        <Circumstances alert={alert} />
        <div><Vessel dossier={dossier} /></div>
      </div>
      {hasFixes ? (
        <section class="positions-part" aria-labelledby="positions-title">
          <h2 id="positions-title">
            {say("Positions")}{" "}
            <a class="small-button" href={filePath(alert.id, "fixes.csv")} download>CSV</a>{" "}
            <a class="small-button" href={filePath(alert.id, "alert.geojson")} download>GeoJSON</a>
          </h2>
          <Positions dossier={dossier} />
        </section>
      ) : null}
      <section aria-labelledby="versions-title">
        <h2 id="versions-title">{say("Versions")}</h2>
        <Versions full={alert} />
      </section>
      <section class="no-print" aria-labelledby="reached-title">
        <h2 id="reached-title">{say("Released to whom")}</h2>
        <Reached alert={alerts.value.get(alert.id) ?? alert} />
      </section>
      <section aria-labelledby="log-title">
        <h2 id="log-title">{say("What people did")}</h2>
        <ActLog log={alert.log} />
      </section>
      <section aria-labelledby="source-title">
        <h2 id="source-title">{say("Where this comes from")}</h2>
        <Provenance full={alert} />
      </section>
    </article>
  );
}

const TheirWait = () => <p class="empty" role="status">{say("Reading the dossier…")}</p>;
const TheirDossier = later<{ id: string }>(async () => (await import("../partners/tool-partners.tsx")).TheirDossier, TheirWait);

/** Of a partner's alert: there is nothing to act on, and no fixes. */
function Theirs({ id }: { id: string }) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    main.current?.focus();
    if (alertOf(id)) selectAlert(id);
  }, [id]);
  useEffect(() => () => {
    if (route.value.page !== "alert") focusRow(id);
  }, [id]);
  return <main ref={main} class="dossier" tabIndex={-1}><Ways id={id} /><TheirDossier id={id} /></main>;
}

export const Dossier = () => (isTheirs(route.value.id) ? <Theirs id={route.value.id} /> : <OwnDossier />);

function OwnDossier() {
  const { id } = route.value;
  const { data, failure } = useDossier(id);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(id);
  shown.current = id;
  const isKnown = alerts.value.has(id);
  useEffect(() => {
    if (isKnown) selectAlert(id); // what is done by key is done with this one
  }, [id, isKnown]);
  useEffect(() => {
    main.current?.focus();
    main.current?.scrollTo(0, 0);
    cursor_ms.value = null;
  }, [id]);
  useEffect(() => {
    let title = document.title;
    // Paper shows all: what is folded away on the screen is opened. A file is named after the alert.
    const toPaper = (): void => {
      for (const part of main.current!.querySelectorAll<HTMLDetailsElement>("details:not(.export)")) part.open = true;
      title = document.title;
      document.title = `sargas-${shown.current}`;
    };
    const toScreen = (): void => {
      document.title = title;
    };
    window.addEventListener("beforeprint", toPaper);
    window.addEventListener("afterprint", toScreen);
    return () => {
      window.removeEventListener("beforeprint", toPaper);
      window.removeEventListener("afterprint", toScreen);
    };
  }, []);
  // Back on the watch, by whichever way, the officer stands where this page was opened.
  useEffect(() => () => {
    cursor_ms.value = null;
    if (route.value.page !== "alert") focusRow(shown.current);
  }, []);
  return (
    <main ref={main} class="dossier" tabIndex={-1} aria-busy={!data && !failure}>
      <Ways id={id} />
      {data ? <Whole dossier={data} /> : failure ? <Missing id={id} failure={failure} /> : <p class="empty" role="status">{say("Reading the dossier…")}</p>}
    </main>
  );
}
