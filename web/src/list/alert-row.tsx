// One alert in three lines: what, who and where, why.
import { duration, outside, parseTime, vesselName } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD, STATE_WORD } from "../format/words.ts";
import { Mark } from "../map/mark.tsx";
import { selectAlert } from "../state/session.ts";
import { now_ms, selectedAlertId } from "../state/state.ts";
import type { Alert } from "../wire/types.ts";

export function Chips({ alert }: { alert: Alert }) {
  return (
    <>
      {alert.exercise ? <span class="chip exercise">EXERCISE</span> : null}
      <span class={`chip ${alert.state}`}>{STATE_WORD[alert.state] ?? outside(alert.state)}</span>
      {alert.muted_by.map((name) => (
        <span key={name} class="chip muted">muted by <bdi>{outside(name)}</bdi></span>
      ))}
    </>
  );
}

export function SubjectLine({ alert }: { alert: Alert }) {
  const { subject, asset } = alert;
  return (
    <>
      <bdi class="who">{subject.mmsi === null && !subject.name ? "no single vessel" : vesselName(subject.name)}</bdi>
      {subject.mmsi === null ? null : <span class="mono"> {subject.mmsi}</span>}
      {asset ? <span class="where"> · <bdi>{outside(asset.name)}</bdi></span> : null}
    </>
  );
}

/** The sentence without the name and MMSI that stand in the line above it. */
export function withoutSubject({ text, subject }: Alert): string {
  const lead = `${subject.name ?? ""} (MMSI ${subject.mmsi}) `.trimStart();
  return outside(text.startsWith(lead) ? text.charAt(lead.length).toUpperCase() + text.slice(lead.length + 1) : text);
}

function Age({ alert }: { alert: Alert }) {
  const at_ms = parseTime(alert.t_detected);
  const text = now_ms.value === null || Number.isNaN(at_ms) ? "" : duration(now_ms.value - at_ms);
  return <time class="age mono" dateTime={alert.t_detected} title={`detected ${alert.t_detected}`}>{text}</time>;
}

export const rowDomId = (id: string): string => `alert-${id.replace(/[^A-Za-z0-9_-]/g, "_")}`;

export function AlertRow({ alert }: { alert: Alert }) {
  const selected = selectedAlertId.value === alert.id;
  return (
    <li
      id={rowDomId(alert.id)}
      role="option"
      aria-selected={selected}
      class={`row ${alert.state} ${alert.priority}`}
      data-alert={alert.id}
      onClick={() => selectAlert(alert.id)}
    >
      <span class="row-mark"><Mark priority={alert.priority} size={16} hollow={alert.state !== "open"} /></span>
      <div class="row-body">
        <div class="row-head">
          <span class="row-title"><span class="word">{PRIORITY_WORD[alert.priority]}</span> {detectorTitle(alert.detector)}</span>
          <Age alert={alert} />
        </div>
        <div class="row-who"><SubjectLine alert={alert} /></div>
        <p class="row-why"><Chips alert={alert} /><bdi>{withoutSubject(alert)}</bdi></p>
      </div>
    </li>
  );
}
