// What an alert rests on, for the panel and for the dossier; fetched with the first alert that is read whole.
import { outside, parseTime, utcTime } from "../format/format.ts";
import { inWords, PRIORITY_WORD } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { ActLog } from "../triage/act-log.tsx";
import type { AlertDetail, ListEntry } from "../wire/types.ts";
import { Fact } from "./facts.tsx";
import { Part } from "./part.tsx";
import { NextAssets, WhyTable } from "./tables.tsx";

/** A note on the priority, or on late data, which speaks for itself. */
export const noteText = (note: string): string => (note.startsWith("late data: ") ? outside(note) : say("Priority: {note}", { note: inWords(note) }));

export function Against({ alert }: { alert: AlertDetail }) {
  if (alert.against.length === 0) return <p class="dim">{say("The tests found nothing that speaks against it.")}</p>;
  return <ul class="against">{alert.against.map((text, at) => <li key={at}><bdi>{outside(text)}</bdi></li>)}</ul>;
}

/** What a user's lists say of the vessel, a line an entry; the words are those of `model/listing.py`. */
function Listed({ lists, imo }: { lists: ListEntry[]; imo: number | null }) {
  const lines = lists.map(
    ({ list, kind, entry, date, matched_by }) =>
      say("{list} ({kind}), entry {entry} of {date}, matched by {by}", { list, kind: kind.replaceAll("_", " "), entry, date, by: matched_by.toUpperCase() }),
  );
  if (lines.length === 0)
    lines.push(imo ? say("no entry") : say("no entry by MMSI; those by IMO could not be compared, its IMO number was not received"));
  return <>{lines.map((line, at) => <Fact key={at} name={say("Listed by")} wide><bdi>{outside(line)}</bdi></Fact>)}</>;
}

export function Context({ alert }: { alert: AlertDetail }) {
  const { gnss, coverage, depth_m, lists } = alert.context;
  const unknown = say("unknown");
  return (
    <dl class="facts">
      <Fact name="GNSS">{gnss ? outside(gnss) : unknown}</Fact>
      <Fact name={say("Coverage")}>{coverage ? outside(coverage) : unknown}</Fact>
      <Fact name={say("Depth")}>{depth_m === null ? unknown : say("{n} m ± 50 m, coarse", { n: Math.abs(Math.round(depth_m)) })}</Fact>
      {lists ? <Listed lists={lists} imo={alert.subject.imo} /> : null}
      {alert.group ? <Fact name={say("Group")}><span class="mono">{outside(alert.group)}</span></Fact> : null}
    </dl>
  );
}

/** When a version was issued; an earlier service says only when the alert was detected. */
function issued({ t_issued, t_detected }: AlertDetail["versions"][number]): string {
  const t_ms = parseTime(t_issued ?? t_detected);
  return Number.isNaN(t_ms) ? "" : utcTime(t_ms);
}

export function Versions({ full }: { full: AlertDetail }) {
  return (
    <ol class="versions">
      {full.versions.map((version) => (
        <li key={version.version}>
          <span class="mono">v{version.version} {issued(version)}</span>{" "}
          {say(PRIORITY_WORD[version.priority])}, {say(outside(version.state))}. <bdi class="dim">{outside(version.text)}</bdi>
        </li>
      ))}
    </ol>
  );
}

export function Provenance({ full }: { full: AlertDetail }) {
  const { rules, attribution, caveat } = full.evidence;
  const credit = Array.isArray(attribution) ? attribution.join(" · ") : attribution;
  return (
    <>
      <p class="caveat"><bdi>{outside(caveat)}</bdi></p>
      <p class="small dim">
        {say("Rules")}: <span class="mono">{outside(rules).replace(/^rules /, "")}</span> · {say("alert")} <span class="mono">{outside(full.id)}</span> v{full.version}
        {credit ? <> · {say("Data")}: {outside(credit)}</> : null}
      </p>
    </>
  );
}

/** What the list does not have: why, what speaks against, and in which circumstances. */
export function Rests({ full }: { full: AlertDetail }) {
  return (
    <>
      {full.next_assets.length > 0 ? <Part title={say("Next on this course")}><NextAssets list={full.next_assets} /></Part> : null}
      <Part title={say("Why")}>
        <WhyTable why={full.why} />
        {full.notes?.map((note, at) => <p key={at} class="dim"><bdi>{noteText(note)}</bdi></p>)}
      </Part>
      <Part title={say("What speaks against")}><Against alert={full} /></Part>
      <Part title={say("Context")}><Context alert={full} /></Part>
    </>
  );
}

/** What became of it: the acts on it, its versions, and where its data are from. */
export function History({ full }: { full: AlertDetail }) {
  return (
    <>
      <Part title={say("What people did")}><ActLog log={full.log} /></Part>
      {full.versions.length > 0 ? <Part title={say("Versions")}><Versions full={full} /></Part> : null}
      <Provenance full={full} />
    </>
  );
}
