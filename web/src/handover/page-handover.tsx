// The handover of a watch: read, printed, signed off. It comes as one piece when it is first opened.
import { useEffect, useState } from "preact/hooks";
import "../style/page-sheet.css";
import { duration, outside, utc, utcMinute, vesselName, whole } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { Mark } from "../map/mark.tsx";
import { go } from "../route.ts";
import { selectAlert } from "../state/session.ts";
import { alerts, myWatch, now_ms, status, suspensions } from "../state/state.ts";
import { dialog, handOver, refusedWith } from "../triage/triage.ts";
import { listOpen, whatWord } from "../triage/suspensions.ts";
import { stateWord } from "../triage/words.ts";
import { ApiError, getHandover, ofScreen } from "../wire/api.ts";
import type { Handover, HandoverRow, HandoverSuspension } from "../wire/types.ts";

const after = (ms: number | null): string => (ms === null ? "–" : duration(ms));

function Who({ row }: { row: HandoverRow }) {
  return (
    <td>
      <bdi class="who">{row.mmsi || row.vessel ? vesselName(row.vessel) : say("no single vessel")}</bdi>{" "}
      {row.mmsi ? <span class="mono dim">{row.mmsi}</span> : null}
      {row.asset ? <span class="dim"> · <bdi>{outside(row.asset)}</bdi></span> : null}
    </td>
  );
}

function What({ row }: { row: HandoverRow }) {
  return (
    <td>
      <Mark priority={row.priority} size={12} />{" "}
      <a href={`/alert/${row.id}`} onClick={(event) => { event.preventDefault(); selectAlert(row.id); go("/"); }}>
        {say(PRIORITY_WORD[row.priority])} · {detectorTitle(row.detector)}
      </a>
      {row.exercise ? <span class="chip exercise">EXERCISE</span> : null}
    </td>
  );
}

/** What was said of it, in the order in which it matters. */
function Said({ row }: { row: HandoverRow }) {
  const parts = [row.reason && say(row.reason), row.to && say("to {to}", { to: row.to }), row.ref, row.comment && `“${row.comment}”`];
  return <td class="dim"><bdi>{outside(parts.filter(Boolean).join(" · "))}</bdi></td>;
}

function Rows({ rows, empty, aged }: { rows: readonly HandoverRow[]; empty: string; aged: boolean }) {
  if (rows.length === 0) return <p class="dim">{empty}</p>;
  return (
    <table class="sheet-table">
      <thead>
        <tr>
          <th scope="col">{say("Detected")}</th>
          <th scope="col">{aged ? say("Age") : say("Taken after")}</th>
          <th scope="col">{say("Alert")}</th>
          <th scope="col">{say("Vessel, asset")}</th>
          <th scope="col">{say("State")}</th>
          <th scope="col">{say("By")}</th>
          <th scope="col">{say("Said")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td class="mono"><time dateTime={row.detected}>{row.detected.slice(5, 16).replace("T", " ")}Z</time></td>
            <td class="mono num">{aged ? duration(row.age_ms) : after(row.taken_after_ms)}</td>
            <What row={row} />
            <Who row={row} />
            <td>{stateWord(row.state)}{row.snoozed_until ? ` · ${say("until {t}", { t: utcMinute(Date.parse(row.snoozed_until)) })}` : ""}</td>
            <td><bdi>{outside(row.owner ?? row.taken_by ?? "")}</bdi></td>
            <Said row={row} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Suspensions({ rows }: { rows: readonly HandoverSuspension[] }) {
  return (
    <section>
      <h3>{say("Suspensions that end in the next 8 hours")}</h3>
      {rows.length === 0 ? <p class="dim">{say("None.")}</p> : (
        <ul>
          {rows.map((one) => (
            <li key={one.id}>
              <span class="mono">{one.until.slice(5, 16).replace("T", " ")}Z</span>{" "}
              <bdi class="who">{one.list ? say("list {name}", { name: outside(one.list) }) : [...one.vessels.map(({ mmsi, name }) => `${outside(name ?? "MMSI")} ${mmsi}`), ...one.imos.map((imo) => `IMO ${imo}`)].join(", ")}</bdi>
              {" · "}{whatWord(one.detectors)} · <bdi>{one.where === null ? say("everywhere") : outside(one.where) || say("in an area")}</bdi>
              {" · "}{sayCount(one.muted, "one alert muted", "{n} alerts muted")} · <bdi class="dim">{outside(one.by)}: {outside(one.reason)}</bdi>
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="link no-print" onClick={() => { listOpen.value = true; }}>{say("All suspensions")}</button>
    </section>
  );
}

function Numbers({ report }: { report: Handover }) {
  const { counts, open } = report;
  const unseen = open.filter((row) => row.state === "unack" || row.state === "rectified_unack").length;
  const facts: [string, string][] = [
    [say("Alarms"), whole(counts.by_priority.P1)],
    [say("Warnings"), whole(counts.by_priority.P2)],
    [say("Notes, silent"), whole(counts.notes)],
    [say("Taken after, median"), after(counts.median_taken_after_ms)],
    [say("Taken after, slowest"), after(counts.slowest_taken_after_ms)],
    [say("Open now"), whole(open.length)],
    [say("of these unacknowledged"), whole(unseen)],
  ];
  return (
    <dl class="numbers">
      {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="mono">{value}</dd></div>)}
    </dl>
  );
}

function Counted({ title, counts }: { title: string; counts: Readonly<Record<string, number>> }) {
  const list = Object.entries(counts);
  if (list.length === 0) return null;
  return <p><b>{title}:</b> <bdi>{list.map(([name, n]) => `${outside(name)} ${n}`).join(" · ")}</bdi></p>;
}

function SignOff({ report }: { report: Handover }) {
  const [comment, setComment] = useState(report.watch.comment);
  const mine = myWatch.value;
  if (report.watch.ended) {
    return report.watch.comment ? <p class="handover-comment"><bdi>{outside(report.watch.comment)}</bdi></p> : null;
  }
  if (!mine || mine.seq !== report.watch.seq) return null;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await handOver(comment)) dialog.value = { kind: "watch", seen: [], then: () => go("/") };
  };
  return (
    <form class="sign-off" onSubmit={submit}>
      <label class="field">
        <span>{say("For the next watch: what is under way, whom you called, what to look at")}</span>
        <textarea rows={3} maxLength={2000} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
      {refusedWith.value ? <p class="dialog-refused" role="alert">{outside(refusedWith.value.what)} {outside(refusedWith.value.hint)}</p> : null}
      <button type="submit" class="small-button main">{say("Hand the watch over")}</button>
    </form>
  );
}

function Sheet({ report }: { report: Handover }) {
  const { watch, counts } = report;
  return (
    <article class="handover">
      <header>
        <h2>{say("Handover of the watch")}</h2>
        <p>
          <bdi class="who">{outside(watch.officer)}</bdi> · <span class="mono">{utc(watch.from_ms)}</span> {say("to")}{" "}
          <span class="mono">{utc(watch.to_ms)}</span> ({duration(watch.to_ms - watch.from_ms)})
          {watch.ended ? "" : ` · ${say("not handed over yet")}`}
        </p>
        {status.value?.exercise ? <p><span class="chip exercise">EXERCISE</span> {say("None of this is real.")}</p> : null}
      </header>
      <Numbers report={report} />
      <section><h3>{say("Open, oldest first")}</h3><Rows rows={report.open} empty={say("Nothing is open.")} aged /></section>
      {report.snoozed.length > 0 ? <section><h3>{say("Snoozed")}</h3><Rows rows={report.snoozed} empty="" aged /></section> : null}
      <section><h3>{say("What rang or was taken in this watch")}</h3><Rows rows={report.rang} empty={say("Nothing rang.")} aged={false} /></section>
      <Suspensions rows={report.suspensions} />
      <section>
        <h3>{say("Feeds")}</h3>
        {report.feeds.length === 0 ? <p class="dim">{say("No feed was told of as unwell.")}</p> : (
          <ul>{report.feeds.map((feed, at) => <li key={at}><bdi>{outside(feed.text)}</bdi></li>)}</ul>
        )}
      </section>
      <section>
        <h3>{say("Acts")}</h3>
        <Counted title={say("By officer")} counts={counts.acts_by_officer} />
        <Counted title={say("Dismissed because of")} counts={counts.by_reason} />
        <p class="dim small">
          {sayCount(report.log.lines, "The log has one line", "The log has {n} lines")}; {say("its newest hash is")} <span class="mono">{report.log.head}</span>.{" "}
          {say("Kept on paper, it proves later that nothing before it was changed.")}
        </p>
      </section>
      <SignOff key={watch.seq} report={report} />
      <p class="caveat">{say("Public data, not evidence on its own. A match is information, not intent.")}</p>
    </article>
  );
}

export function HandoverPage() {
  const [report, setReport] = useState<Handover | null>(null);
  const [trouble, setTrouble] = useState<{ what: string; hint: string } | null>(null);
  const [chosen, choose] = useState<number | null>(null);
  const asked = chosen ?? myWatch.value?.seq ?? null;
  const minute = Math.floor((now_ms.value ?? 0) / 60_000);
  useEffect(() => {
    const abort = new AbortController();
    getHandover(asked, abort.signal).then((read) => {
      setReport(read);
      setTrouble(null);
    }, (cause) => {
      if (cause instanceof ApiError) setTrouble({ what: cause.message, hint: cause.hint });
      else if (!(cause instanceof DOMException)) throw cause;
    });
    return () => abort.abort();
  }, [asked, minute, alerts.value, suspensions.value, myWatch.value]);
  return (
    <main class="page" aria-label={say("Handover")}>
      <div class="page-bar">
        {report && report.watches.length > 0 ? (
          <label class="field inline">
            <span>{say("Watch of")}</span>
            <select value={report.watch.seq} onChange={(event) => choose(Number(event.currentTarget.value))}>
              {report.watches.map((one) => (
                <option key={one.seq} value={one.seq}>{outside(one.officer)} {one.from.slice(5, 16).replace("T", " ")}Z</option>
              ))}
            </select>
          </label>
        ) : null}
        <span class="spring" />
        {report ? (
          <>
            <button type="button" class="small-button" onClick={() => window.print()}>{say("Print")}</button>
            <a class="small-button" href={ofScreen(`/api/handover.csv?watch=${report.watch.seq}`)} download>CSV</a>
          </>
        ) : null}
      </div>
      {report ? <Sheet report={report} /> : trouble ? <p class="empty"><b>{outside(trouble.what)}</b> {outside(trouble.hint)}</p> : <p class="empty">{say("Reading the log…")}</p>}
    </main>
  );
}
