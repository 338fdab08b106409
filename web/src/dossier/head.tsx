// The head: which alert, in which state, when; the ways back and on; print, link and files.
import { useSignal } from "@preact/signals";
import { outside, parseTime, utc, vesselName } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { Chips } from "../list/alert-row.tsx";
import { Mark } from "../map/mark.tsx";
import { alerts } from "../state/state.ts";
import { ActsBar, Standing } from "../triage/bar.tsx";
import { ofScreen } from "../wire/api.ts";
import { backToWatch, dossierPath, neighbours, stepDossier } from "./go.ts";
import type { DossierAlert } from "./types.ts";

export const filePath = (id: string, file: string): string => ofScreen(`/api/alerts/${encodeURIComponent(id)}/${file}`);

/** The ways back to the watch, and to the alerts before and after this one. */
export function Ways({ id }: { id: string }) {
  const { before, after } = neighbours(id);
  return (
    <nav class="ways" aria-label={say("Dossiers")}>
      <a
        class="small-button"
        href="/"
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          backToWatch();
        }}
      >
        ← {say("Watch")} <kbd>Esc</kbd>
      </a>
      <button type="button" class="small-button" disabled={before === null} onClick={() => stepDossier(-1)}>{say("Previous")} <kbd>K</kbd></button>
      <button type="button" class="small-button" disabled={after === null} onClick={() => stepDossier(1)}>{say("Next")} <kbd>J</kbd></button>
    </nav>
  );
}

function CopyLink({ id }: { id: string }) {
  const said = useSignal("");
  const copy = async (): Promise<void> => {
    const link = location.origin + dossierPath(id);
    try {
      await navigator.clipboard.writeText(link);
      said.value = say("Link copied");
    } catch {
      said.value = link; // a browser may refuse: then it can be copied by hand
    }
  };
  return (
    <>
      <button type="button" class="small-button" onClick={() => void copy()}>{say("Copy link")}</button>
      <span class="copied" role="status">{said.value}</span>
    </>
  );
}

/** What each file of the track is good for. */
const tracks = (): [end: string, name: string, use: string][] => [
  ["csv", "CSV", say("every row as received, for a spreadsheet")],
  ["geojson", "GeoJSON", say("for a map; no line where nothing was received")],
  ["kml", "KML", say("for an earth viewer, with times")],
  ["gpx", "GPX", say("for a chart plotter")],
  ["parquet", "Parquet", say("every row as received, for analysis")],
];

function ExportTrack({ id }: { id: string }) {
  const leave = (event: FocusEvent): void => {
    const box = event.currentTarget as HTMLDetailsElement;
    if (!box.contains(event.relatedTarget as Node | null)) box.open = false;
  };
  /** Closes the list and no more; the key would go back to the watch. */
  const onKey = (event: KeyboardEvent): void => {
    const box = event.currentTarget as HTMLDetailsElement;
    if (event.key !== "Escape" || !box.open) return;
    event.preventDefault();
    box.open = false;
    box.querySelector("summary")?.focus();
  };
  return (
    <details class="export" onFocusOut={leave} onKeyDown={onKey}>
      <summary class="small-button">{say("Export track")} ▾</summary>
      <ul>
        {tracks().map(([end, name, use]) => (
          <li key={end}><a href={filePath(id, `track.${end}`)} download><b>{name}</b> <span class="dim small">{use}</span></a></li>
        ))}
      </ul>
    </details>
  );
}

function Keep({ alert: { id, subject, evidence } }: { alert: DossierAlert }) {
  return (
    <div class="keep">
      <button type="button" class="small-button" onClick={() => window.print()}>{say("Print")}</button>
      <CopyLink id={id} />
      <a class="small-button" href={filePath(id, "dossier.html")} download title={say("The dossier as one file that needs no network")}>{say("Save as HTML")}</a>
      <a class="small-button" href={filePath(id, "bundle.zip")} download title={say("Alert, fixes, thresholds and dossier, with a manifest of SHA-256")}>{say("Evidence bundle")}</a>
      {subject.mmsi !== null && evidence.fixes.t_ms.length > 0 ? <ExportTrack id={id} /> : null}
    </div>
  );
}

function When({ name, iso }: { name: string; iso: string | null | undefined }) {
  const t_ms = parseTime(iso);
  return Number.isNaN(t_ms) ? null : <span>{name} <time class="mono" dateTime={iso!}>{utc(t_ms)}</time></span>;
}

export function Head({ alert }: { alert: DossierAlert }) {
  const { subject } = alert;
  const latest = alert.versions.at(-1);
  const live = alerts.value.get(alert.id) ?? alert; // acts come on the line before the page is read anew
  return (
    <header class="dossier-head">
      <div class="head-row">
        <Mark priority={alert.priority} size={22} hollow={alert.state !== "open"} />
        <div class="head-title">
          <h1>{say(PRIORITY_WORD[alert.priority])} · {say(detectorTitle(alert.detector))}</h1>
          <p>
            <bdi class="who">{subject.mmsi === null && !subject.name ? say("no single vessel") : vesselName(subject.name)}</bdi>
            {subject.mmsi === null ? null : <span class="mono">{subject.mmsi}</span>}
            <Chips alert={live} />
          </p>
        </div>
        <ActsBar alert={live} />
      </div>
      <Standing alert={live} />
      <div class="head-row second">
        <p class="when">
          <When name={say("Raised")} iso={alert.t_detected} />
          {latest && latest.version > 1 ? <When name={say("version {n} issued", { n: latest.version })} iso={alert.t_issued ?? latest.t_detected} /> : null}
          <span class="dim">{say("detector {name}, version {n}", { name: outside(alert.detector), n: outside(alert.detector_version ?? "?") })}</span>
        </p>
        <Keep alert={alert} />
      </div>
    </header>
  );
}
