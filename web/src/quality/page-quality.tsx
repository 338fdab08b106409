// How good the picture is: feeds, detectors, the budget of one seat. Fetched when first opened.
import { useEffect, useState } from "preact/hooks";
import "../style/page-sheet.css";
import "../style/quality.css";
import { duration, outside, utc, utcMinute, whole } from "../format/format.ts";
import { detectorTitle, featureWord } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { alerts, myWatch, now_ms } from "../state/state.ts";
import { reasonWord } from "../triage/words.ts";
import { ApiError, getQuality } from "../wire/api.ts";
import type { BudgetLine, Quality, QualityDetector, QualityStation } from "../wire/types.ts";

const per = (share: number | null): string => (share === null ? "–" : `${Math.round(share * 100)} %`);

function budgetWord(name: string): string {
  switch (name) {
    case "P1 in 24 h": return say("Alarms in 24 h");
    case "P1 and P2 in 24 h": return say("Alarms and Warnings in 24 h");
    case "P1 and P2 in 10 min": return say("Alarms and Warnings in 10 min");
    default: return outside(name);
  }
}

/** A bar with its numbers beside it: length says how much, words say whether it is too much. */
function Meter({ line }: { line: BudgetLine }) {
  const over = line.count > line.most;
  const width = `${Math.min(100, (100 * line.count) / (2 * line.most))}%`;
  return (
    <div class="meter">
      <span>{budgetWord(line.name)}</span>
      <span class="meter-bar" role="img" aria-label={say("{count} of at most {most}", { count: line.count, most: line.most })}>
        <span class={over ? "over" : ""} style={{ width }} />
        <i />
      </span>
      <span class="mono">{line.count} / {line.most}</span>
      <span class="dim">{over ? <b>{say("more than one seat can look at")}</b> : say("within the budget")}</span>
    </div>
  );
}

function Feeds({ told }: { told: Quality }) {
  const at_ms = Date.parse(told.t);
  return (
    <table class="sheet-table">
      <thead>
        <tr><th scope="col">{say("Feed")}</th><th scope="col">{say("Last fix")}</th><th scope="col">{say("Delay")}</th><th scope="col">{say("Fixes")}</th><th scope="col">{say("Rejected")}</th><th scope="col">{say("Note")}</th></tr>
      </thead>
      <tbody>
        {told.feeds.map((feed) => (
          <tr key={feed.name}>
            <td><bdi class="who">{outside(feed.name)}</bdi> <span class="dim">{outside(feed.kind)}</span></td>
            <td class="mono">{feed.last_ms === null ? say("nothing yet") : utc(feed.last_ms)}</td>
            <td class="mono num">{feed.last_ms === null ? "–" : duration(at_ms - feed.last_ms)}</td>
            <td class="mono num">{whole(feed.fixes)}</td>
            <td class="mono num">{whole(feed.rejected)}</td>
            <td class="dim"><bdi>{outside(feed.note ?? "")}</bdi></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A home keeps no names of stations: those that have one are told apart by a number. */
function stationWord(station: number | string | null): string {
  if (station === null) return say("not named");
  return typeof station === "number" ? String(station) : say("named, {n}", { n: station.replace("named ", "") });
}

function Stations({ list }: { list: readonly QualityStation[] }) {
  if (list.length === 0) return <p class="dim">{say("Nothing was received in the hour before the clock.")}</p>;
  return (
    <table class="sheet-table">
      <thead>
        <tr><th scope="col">{say("Source")}</th><th scope="col">{say("Station")}</th><th scope="col">{say("Fixes a minute")}</th><th scope="col">{say("Vessels in 10 min")}</th><th scope="col">{say("Last heard")}</th><th scope="col">{say("Silent for")}</th></tr>
      </thead>
      <tbody>
        {list.map((one) => (
          <tr key={`${one.source} ${one.station}`}>
            <td class="mono">{one.source}</td>
            <td class="mono">{stationWord(one.station)}</td>
            <td class="mono num">{one.fixes_per_min}</td>
            <td class="mono num">{whole(one.vessels)}</td>
            <td class="mono">{utcMinute(Date.parse(one.last))}</td>
            <td class="mono num">{duration(one.silent_s * 1000)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Detectors({ list }: { list: readonly QualityDetector[] }) {
  if (list.length === 0) return <p class="dim">{say("No detector has raised anything.")}</p>;
  return (
    <table class="sheet-table">
      <thead>
        <tr>
          <th scope="col">{say("Detector")}</th><th scope="col">{say("Alarms")}</th><th scope="col">{say("Warnings")}</th><th scope="col">{say("Notes")}</th>
          <th scope="col">{say("Muted")}</th><th scope="col">{say("Open now")}</th><th scope="col">{say("Dismissed of handled")}</th><th scope="col">{say("Because of")}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((row) => (
          <tr key={row.detector}>
            <td>{detectorTitle(row.detector)}</td>
            <td class="mono num">{row.raised.P1}</td>
            <td class="mono num">{row.raised.P2}</td>
            <td class="mono num">{row.raised.P3}</td>
            <td class="mono num">{row.muted}</td>
            <td class="mono num">{row.open}</td>
            <td class="mono num">{row.dismissed} / {row.handled} <span class="dim">{per(row.dismissed_share)}</span></td>
            <td class="dim">{Object.entries(row.reasons).map(([reason, n]) => `${reasonWord(reason)} ${n}`).join(" · ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Rejected({ counts }: { counts: Readonly<Record<string, number>> }) {
  const list = Object.entries(counts);
  if (list.length === 0) return <p class="dim">{say("No row was rejected or marked.")}</p>;
  return (
    <dl class="rejected">
      {list.map(([reason, n]) => <div key={reason}><dt>{featureWord(reason)}</dt><dd class="mono">{whole(n)}</dd></div>)}
    </dl>
  );
}

export function QualityPage() {
  const [told, setTold] = useState<Quality | null>(null);
  const [trouble, setTrouble] = useState<{ what: string; hint: string } | null>(null);
  const officer = myWatch.value?.officer ?? "";
  const minute = Math.floor((now_ms.value ?? 0) / 60_000);
  useEffect(() => {
    const abort = new AbortController();
    getQuality(officer, abort.signal).then((read) => {
      setTold(read);
      setTrouble(null);
    }, (cause) => {
      if (cause instanceof ApiError) setTrouble({ what: cause.message, hint: cause.hint });
      else if (!(cause instanceof DOMException)) throw cause;
    });
    return () => abort.abort();
  }, [officer, minute, alerts.value]);
  return (
    <main class="page" aria-label={say("Quality")}>
      <div class="page-bar">
        <span class="spring" />
        {told ? <button type="button" class="small-button" onClick={() => window.print()}>{say("Print")}</button> : null}
      </div>
      {trouble ? <p class="empty"><b>{outside(trouble.what)}</b> {outside(trouble.hint)}</p> : null}
      {told ? (
        <article class="handover">
          <header>
            <h2>{say("Quality of the picture")}</h2>
            <p>{told.since_watch ? say("Since you took the watch at {t}.", { t: utcMinute(Date.parse(told.since)) }) : say("The last eight hours; take the watch to count from then.")}</p>
          </header>
          <section><h3>{say("Budget of one seat")}</h3>{told.budget.map((line) => <Meter key={line.name} line={line} />)}</section>
          <section><h3>{say("Feeds")}</h3><Feeds told={told} /></section>
          <section><h3>{say("Stations, in the hour before the clock")}</h3><Stations list={told.stations} /></section>
          <section><h3>{say("Rejected or marked rows, by reason")}</h3><Rejected counts={told.rejected} /></section>
          <section>
            <h3>{say("Detectors")}</h3>
            <Detectors list={told.detectors} />
            <p class="dim small">{say("Raised: in this watch. Dismissed: of all that people ever handled; a share is told from five on.")}</p>
          </section>
        </article>
      ) : trouble ? null : <p class="empty">{say("Counting…")}</p>}
    </main>
  );
}
