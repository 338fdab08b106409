// What people did with an alert.
import { outside, utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import type { Alert, LogLine } from "../wire/types.ts";
import { doneWord, reasonWord, stateWord } from "./words.ts";

function said(line: LogLine): string {
  const parts = [];
  if (line.reason) parts.push(reasonWord(line.reason));
  if (line.to) parts.push(say("to {to}", { to: line.to }));
  if (line.group) parts.push(line.group);
  if (line.ref) parts.push(line.ref);
  if (line.until_ms) parts.push(say("until {t}", { t: utcMinute(line.until_ms) }));
  if (line.title) parts.push(line.title);
  if (line.comment) parts.push(`“${line.comment}”`);
  return outside(parts.join(" · ").replaceAll("\n", " ⏎ "));
}

/** Every act on an alert, oldest first: who, when, what became of it, what was said. */
export function ActLog({ log }: { log: readonly LogLine[] }) {
  if (log.length === 0) return <p class="dim">{say("Nobody has acted on it yet.")}</p>;
  return (
    <ol class="act-log">
      {log.map((line) => (
        <li key={line.seq}>
          <time class="mono" dateTime={line.t} title={say("done at {at} by the wall clock", { at: line.at })}>{line.t.slice(11, 16)}Z</time>{" "}
          <bdi class="who">{outside(line.officer)}</bdi> {doneWord(line.verb)}
          {line.new !== line.old ? <span class="dim"> → {stateWord(line.new as Alert["triage"]["state"])}</span> : null}
          {said(line) ? <bdi class="dim"> {said(line)}</bdi> : null}
        </li>
      ))}
    </ol>
  );
}
