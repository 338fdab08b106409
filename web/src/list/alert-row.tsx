// One alert in three lines: what, who and where, why.
import { duration, outside, parseTime, utcMinute, vesselName } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD, STATE_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { Mark } from "../map/mark.tsx";
import { Theirs } from "../partners/open.tsx";
import { selectAlert } from "../state/session.ts";
import { silencedUntil } from "../sound/sound.ts";
import { now_ms, selectedAlertId } from "../state/state.ts";
import { isSuspension, suspensionOf, untilWord } from "../triage/suspensions.ts";
import { isDone, isSnoozed, marked, othersAt } from "../triage/triage.ts";
import { stateWord } from "../triage/words.ts";
import type { Alert } from "../wire/types.ts";
import { behind, layOpen, selectedRow } from "./filter.ts";

function SuspendedChip({ alert }: { alert: Alert }) {
  const names = alert.muted_by.filter(isSuspension);
  if (names.length === 0) return null;
  const ends_ms = names.flatMap((name) => suspensionOf(name)?.ends_ms ?? []);
  return <span class="chip muted">{ends_ms.length > 0 ? say("suspended until {t}", { t: untilWord(Math.max(...ends_ms)) }) : say("suspended")}</span>;
}

function SilencedChip({ alert }: { alert: Alert }) {
  const until_ms = silencedUntil(alert);
  return until_ms === null ? null : <span class="chip">{say("silenced until {t}", { t: utcMinute(until_ms) })}</span>;
}

/** What the watch says of it; a person's word follows where there is one. */
export function Chips({ alert }: { alert: Alert }) {
  const { triage } = alert;
  if (alert.origin) return <Theirs part="Chips" alert={alert} />;
  return (
    <>
      {alert.exercise ? <span class="chip exercise">EXERCISE</span> : null}
      {triage.raised_again_ms !== null ? <span class="chip again">{say("raised again")}</span> : null}
      <span class={`chip triage ${triage.state}`}>{stateWord(triage.state)}</span>
      {isSnoozed(alert, now_ms.value) ? <span class="chip">{say("until {t}", { t: utcMinute(triage.snoozed_until_ms!) })}</span> : null}
      <SilencedChip alert={alert} />
      {triage.owner ? <span class="chip"><bdi>{outside(triage.owner)}</bdi></span> : null}
      {othersAt(alert.id).map((who) => <span key={who} class="chip looking">👁 <bdi>{outside(who)}</bdi></span>)}
      {alert.state === "open" ? null : <span class={`chip ${alert.state}`}>{say(STATE_WORD[alert.state] ?? outside(alert.state))}</span>}
      <SuspendedChip alert={alert} />
      {alert.muted_by.filter((name) => !isSuspension(name)).map((name) => (
        <span key={name} class="chip muted">{say("muted by")} <bdi>{outside(name)}</bdi></span>
      ))}
    </>
  );
}

/** Who it is about; who is kept back is somebody all the same. */
export const whoIs = ({ subject, release }: Alert): string =>
  release?.redacted.includes("subject.mmsi") ? say("vessel kept back")
    : subject.mmsi === null && !subject.name ? say("no single vessel") : vesselName(subject.name);

export function SubjectLine({ alert }: { alert: Alert }) {
  const { subject, asset } = alert;
  return (
    <>
      <bdi class="who">{whoIs(alert)}</bdi>
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
  return <time class="age mono" dateTime={alert.t_detected} title={say("detected {t}", { t: alert.t_detected })}>{text}</time>;
}

export const rowDomId = (id: string): string => `alert-${id.replace(/[^A-Za-z0-9_-]/g, "_")}`;

/** How many more stand behind this row; a press lays them open. */
function Behind({ alert }: { alert: Alert }) {
  const { more, open, head } = behind(alert);
  if (more === 0) return null;
  if (!head) return <span class="chip behind" title={say("of the stack above")}>└</span>;
  const words = open ? say("Close the stack (←)") : sayCount(more, "One more alert of the same vessel or incident (→)", "{n} more alerts of the same vessel or incident (→)");
  return (
    <button
      type="button"
      class="chip behind"
      tabIndex={-1}
      title={words}
      aria-label={words}
      onClick={(event) => {
        event.stopPropagation();
        layOpen(alert, !open);
      }}
    >
      {open ? "−" : "+"}{more}
    </button>
  );
}

export function AlertRow({ alert, at, of }: { alert: Alert; at: number; of: number }) {
  const selected = selectedAlertId.value === alert.id;
  const holds = !selected && selectedRow.value === alert.id;
  const isMarked = marked.value.has(alert.id);
  return (
    <li
      id={rowDomId(alert.id)}
      role="option"
      aria-selected={selected}
      aria-posinset={at + 1}
      aria-setsize={of}
      class={`row ${alert.state} ${alert.priority} ${alert.origin ? "theirs" : alert.triage.state}${isMarked ? " marked" : ""}${holds ? " holds-selected" : ""}`}
      data-alert={alert.id}
      onClick={() => selectAlert(alert.id)}
    >
      <span class="row-mark">
        <Mark priority={alert.priority} size={16} hollow={alert.state !== "open" || isDone(alert)} theirs={!!alert.origin} />
        {isMarked ? <span class="row-marked" title={say("marked to be grouped")}>✓</span> : null}
      </span>
      <div class="row-body">
        <div class="row-head">
          <span class="row-title"><span class="word">{say(PRIORITY_WORD[alert.priority])}</span> {detectorTitle(alert.detector)}</span>
          <Behind alert={alert} />
          <Age alert={alert} />
        </div>
        <div class="row-who"><SubjectLine alert={alert} /></div>
        <p class="row-why"><Chips alert={alert} /><bdi>{withoutSubject(alert)}</bdi></p>
      </div>
    </li>
  );
}
