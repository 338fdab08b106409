// Every report of the track, page by page: when, from where, and what it said.
import { useSignal } from "@preact/signals";
import { courseText } from "../evidence/series.ts";
import { metres, parseTime, whole } from "../format/format.ts";
import { say, sayCount } from "../lang/lang.ts";
import { cursor_ms, rowAtCursor } from "./cursor.ts";
import { nearestRow } from "./scale.ts";
import type { Dossier, DossierTrack } from "./types.ts";

const PAGE = 50;

/** What a station's number stands for (`share/fixes_csv.py`). */
const stationText = (station: number): string =>
  station === -1 ? say("unknown") : station < -1 ? say("named, name not kept") : `${station}`;

const isoTime = (t_ms: number): string => new Date(t_ms).toISOString().replace(".000Z", "Z");

function Row({ track, row, isMarked, isDetected }: { track: DossierTrack; row: number; isMarked: boolean; isDetected: boolean }) {
  const { t_ms, lon, lat, sog_kn, cog_deg, heading_deg, distance_m, msg_type, station, source } = track;
  const degrees = (value: number | null | undefined): string => (value == null ? "–" : courseText(value));
  const point = (): void => {
    cursor_ms.value = t_ms[row]!;
  };
  return (
    <tr class={isMarked ? "marked" : undefined} onPointerEnter={point}>
      <th scope="row">{isoTime(t_ms[row]!)}{isDetected ? <span class="chip">{say("detected")}</span> : null}</th>
      <td class="num">{lon[row]?.toFixed(6) ?? "–"}</td>
      <td class="num">{lat[row]?.toFixed(6) ?? "–"}</td>
      <td class="num">{sog_kn[row]?.toFixed(1) ?? "–"}</td>
      <td class="num">{degrees(cog_deg[row])}</td>
      <td class="num">{degrees(heading_deg[row])}</td>
      <td class="num">{distance_m[row] == null ? "–" : metres(distance_m[row]!)}</td>
      <td class="num">{msg_type[row] || "–"}</td>
      <td>{source[row]}</td>
      <td>{stationText(station[row]!)}</td>
    </tr>
  );
}

function Head() {
  const names: [string, boolean][] = [
    [say("Received, UTC"), false], [say("Longitude"), true], [say("Latitude"), true], ["SOG kn", true], ["COG °", true], ["HDG °", true],
    [say("Distance"), true], [say("Type"), true], [say("Source"), false], [say("Station"), false],
  ];
  return <thead><tr>{names.map(([name, isNumber]) => <th key={name} scope="col" class={isNumber ? "num" : undefined}>{name}</th>)}</tr></thead>;
}

function Pages({ page, n, show }: { page: number; n: number; show(page: number): void }) {
  const pages = Math.ceil(n / PAGE);
  return (
    <div class="pages">
      <button type="button" class="small-button" disabled={page === 0} onClick={() => show(0)}>{say("First")}</button>
      <button type="button" class="small-button" disabled={page === 0} onClick={() => show(page - 1)}>{say("Earlier")}</button>
      <span role="status">{say("{from} to {to} of {n}", { from: whole(page * PAGE + 1), to: whole(Math.min(n, (page + 1) * PAGE)), n: whole(n) })}</span>
      <button type="button" class="small-button" disabled={page >= pages - 1} onClick={() => show(page + 1)}>{say("Later")}</button>
      <button type="button" class="small-button" disabled={page >= pages - 1} onClick={() => show(pages - 1)}>{say("Last")}</button>
    </div>
  );
}

export function Positions({ dossier: { alert, kept } }: { dossier: Dossier }) {
  const track = alert.evidence.fixes;
  const n = track.t_ms.length;
  // Opens where it was detected.
  const chosen = useSignal<number | null>(null);
  const detected = n === 0 ? 0 : nearestRow(track.t_ms, parseTime(alert.t_detected));
  const page = Math.min(chosen.value ?? Math.floor(detected / PAGE), Math.max(0, Math.ceil(n / PAGE) - 1));
  const marked = rowAtCursor(track);
  const rows = Array.from({ length: Math.min(PAGE, n - page * PAGE) }, (_none, k) => page * PAGE + k);
  return (
    <>
      <p class="dim">
        {kept.received > kept.fixes ? sayCount(kept.fixes, "{n} report, received {copies} times by several stations; the first is listed.", "{n} reports, received {copies} times by several stations; the first of each is listed.", { n: whole(kept.fixes), copies: whole(kept.received) }) : null}{" "}
        {say("Source is the file or connection of the scan, and the byte or row there.")}
        <span class="print-only"> {say("Printed: rows {from} to {to} of {n}; all are in the CSV file.", { from: page * PAGE + 1, to: Math.min(n, (page + 1) * PAGE), n })}</span>
      </p>
      {n > PAGE ? <Pages page={page} n={n} show={(to) => { chosen.value = to; }} /> : null}
      <div class="table-scroll" tabIndex={0} role="region" aria-label={say("Positions")}>
        <table class="grid-table positions mono">
          <caption class="visually-hidden">{say("Positions, oldest first")}</caption>
          <Head />
          <tbody>{rows.map((row) => <Row key={track.t_ms[row]! + row} track={track} row={row} isMarked={row === marked} isDetected={row === detected} />)}</tbody>
        </table>
      </div>
    </>
  );
}
