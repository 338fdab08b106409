// The map as a table: what is in the view, for whoever reads it with a screen reader or on paper.
import { useEffect, useRef, useState } from "preact/hooks";
import "../style/page-sheet.css";
import { duration, outside, parseTime, placeDm, utc, vesselName, whole } from "../format/format.ts";
import { classWord, detectorTitle, kindWord, PRIORITY_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { openingCamera, viewCamera } from "../map/map-pane.tsx";
import { latOf, lonOf, mercatorX, mercatorY } from "../map/mercator.ts";
import type { Camera } from "../map/view.ts";
import { geodesic } from "../map/wgs84.ts";
import { asked } from "../list/filter.ts";
import { go } from "../route.ts";
import { selectAlert, selectVessel } from "../state/session.ts";
import { alerts, alertsRead, assets, now_ms, picture, vessels } from "../state/state.ts";
import type { Alert } from "../wire/types.ts";
import { halfView, inView, nearestFirst } from "./in-view.ts";

const NM_M = 1852;
/** So many vessels are listed, those nearest to the centre of the view (chosen: a page can be read). */
const MOST = 200;

const oneDecimal = (value: number | null): string => (value === null ? "–" : value.toFixed(1));

function Vessels({ camera, t_ms }: { camera: Camera; t_ms: number }) {
  const { slots, total } = nearestFirst(vessels, camera, MOST);
  const names = new Map([...alerts.value.values()].flatMap(({ subject }) => (subject.mmsi && subject.name ? [[subject.mmsi, subject.name]] : [])));
  return (
    <section aria-labelledby="table-vessels">
      <h3 id="table-vessels">{sayCount(total, "{n} vessel in the view", "{n} vessels in the view")}</h3>
      {total > MOST ? <p class="dim">{say("The {n} nearest to its centre are listed; zoom in for the others.", { n: MOST })}</p> : null}
      <table class="sheet-table">
        <thead>
          <tr>
            <th scope="col">MMSI</th><th scope="col">{say("Name, where an alert tells it")}</th><th scope="col">{say("Kind")}</th><th scope="col">{say("Place")}</th>
            <th scope="col">{say("Speed, kn")}</th><th scope="col">{say("Course, °")}</th><th scope="col">{say("Received")}</th>
          </tr>
        </thead>
        <tbody>
          {slots.map((slot) => {
            const row = vessels.rowAt(slot);
            return (
              <tr key={row.mmsi}>
                <td class="mono"><button type="button" class="link" onClick={() => { selectVessel(row.mmsi); go("/"); }}>{row.mmsi}</button></td>
                <td><bdi>{names.has(row.mmsi) ? vesselName(names.get(row.mmsi)) : ""}</bdi>{row.exercise ? <span class="chip exercise">EXERCISE</span> : null}</td>
                <td>{classWord(row.vesselClass)}</td>
                <td class="mono">{placeDm(row.lon, row.lat)}</td>
                <td class="mono num">{oneDecimal(row.sog_kn)}</td>
                <td class="mono num">{oneDecimal(row.cog_deg)}</td>
                <td class="mono num">{row.ageIsFloor ? say("over 18 h ago") : say("{age} ago", { age: duration(t_ms - row.fix_ms) })}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Alerts({ list }: { list: readonly Alert[] }) {
  return (
    <section aria-labelledby="table-alerts">
      <h3 id="table-alerts">{sayCount(list.length, "{n} open alert in the view", "{n} open alerts in the view")}</h3>
      {list.length === 0 ? null : (
        <table class="sheet-table">
          <thead><tr><th scope="col">{say("Alert")}</th><th scope="col">{say("Vessel, asset")}</th><th scope="col">{say("Place")}</th><th scope="col">{say("Detected")}</th></tr></thead>
          <tbody>
            {list.map((alert) => (
              <tr key={alert.id}>
                <td><button type="button" class="link" onClick={() => { selectAlert(alert.id); go("/"); }}>{say(PRIORITY_WORD[alert.priority])} · {detectorTitle(alert.detector)}</button></td>
                <td><bdi>{alert.subject.mmsi === null ? say("no single vessel") : vesselName(alert.subject.name)}</bdi>{alert.exercise ? <span class="chip exercise">EXERCISE</span> : null}{alert.origin ? <span class="chip">{say("from {who}", { who: outside(alert.origin.peer ?? alert.origin.name) })}</span> : null}{alert.asset ? <span class="dim"> · <bdi>{outside(alert.asset.name)}</bdi></span> : null}</td>
                <td class="mono">{placeDm(alert.lon, alert.lat)}</td>
                <td class="mono">{utc(parseTime(alert.t_detected))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Assets({ camera }: { camera: Camera }) {
  const list = inView(assets.value, camera);
  return (
    <section aria-labelledby="table-assets">
      <h3 id="table-assets">{sayCount(list.length, "{n} asset in the view", "{n} assets in the view")}</h3>
      <table class="sheet-table">
        <thead><tr><th scope="col">{say("Name")}</th><th scope="col">{say("Kind")}</th><th scope="col">{say("Length")}</th></tr></thead>
        <tbody>
          {list.map(({ id, name, kind, length_km }) => (
            <tr key={id}><td><bdi>{outside(name ?? id)}</bdi></td><td>{kindWord(kind)}</td><td class="mono num">{!length_km ? "–" : `${whole(length_km)} km`}</td></tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface Taken {
  camera: Camera;
  t_ms: number;
}

const takeNow = (): Taken => ({ camera: viewCamera() ?? openingCamera(), t_ms: now_ms.value ?? 0 });

function Sheet({ camera, t_ms }: Taken) {
  const open = asked.value.filter((alert) => alert.state === "open" && alert.muted_by.length === 0 && isIn(alert, camera));
  return (
    <>
      <p>{say("As of {t}, {width} NM from west to east.", { t: utc(t_ms), width: whole(widthNm(camera)) })}</p>
      <Alerts list={open} />
      <Assets camera={camera} />
      <Vessels camera={camera} t_ms={t_ms} />
    </>
  );
}

export function TablePage() {
  const isHere = picture.value > 0 && alertsRead.value && assets.value !== null && now_ms.value !== null;
  // The picture stands still while it is read; "read again" takes the newest.
  const [taken, take] = useState<Taken | null>(null);
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.focus(), []);
  useEffect(() => {
    if (isHere && taken === null) take(takeNow());
  }, [isHere]);
  return (
    <main ref={main} class="page" tabIndex={-1} aria-label={say("The map as a table")}>
      <div class="page-bar">
        <button type="button" class="small-button" disabled={!isHere} onClick={() => take(takeNow())}>{say("Read again")}</button>
        <span class="spring" />
        <button type="button" class="small-button" onClick={() => window.print()}>{say("Print")}</button>
      </div>
      <article class="handover">
        <h2>{say("The map as a table")}</h2>
        {taken ? <Sheet {...taken} /> : <p class="dim">{say("Reading…")}</p>}
      </article>
    </main>
  );
}

function isIn({ lon, lat }: Alert, camera: Camera): boolean {
  const [dx, dy] = halfView(camera);
  return Math.abs(mercatorX(lon) - camera.x) <= dx && Math.abs(mercatorY(lat) - camera.y) <= dy;
}

function widthNm(camera: Camera): number {
  const [dx] = halfView(camera);
  const lat = latOf(camera.y);
  return geodesic([lonOf(camera.x - dx), lat], [lonOf(camera.x + dx), lat]).distance_m / NM_M;
}
