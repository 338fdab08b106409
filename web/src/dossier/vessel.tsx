// Who the vessel is, who it said it was before, and what else rang about it.
import type { ComponentChildren } from "preact";
import { Fact } from "../evidence/facts.tsx";
import { outside, parseTime, utc, utcDate, utcMinute, vesselName, whole } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { Mark } from "../map/mark.tsx";
import { go } from "../route.ts";
import { alerts } from "../state/state.ts";
import { reasonWord, stateWord } from "../triage/words.ts";
import type { Alert } from "../wire/types.ts";
import { dossierPath } from "./go.ts";
import { useIdentities } from "./read.ts";
import type { DossierAlert, Identity } from "./types.ts";

const time = (iso: string | null | undefined): string => (Number.isNaN(parseTime(iso)) ? "–" : utc(parseTime(iso)));

const minute = (iso: string): string => `${utcDate(parseTime(iso))} ${utcMinute(parseTime(iso))}`;

export function VesselCard({ alert, latest }: { alert: DossierAlert; latest: Identity | null }) {
  const { subject } = alert;
  const missing = say("not received");
  const length_m = latest?.length_m ?? subject.length_m;
  const kind = latest?.ship_type_text ?? (subject.ship_type === null ? null : `${subject.ship_type}`);
  return (
    <dl class="facts">
      <Fact name={say("Name")}><bdi>{vesselName(latest?.name ?? subject.name)}</bdi></Fact>
      <Fact name="MMSI"><span class="mono">{subject.mmsi}</span></Fact>
      <Fact name="IMO"><span class="mono">{latest?.imo ?? subject.imo ?? missing}</span></Fact>
      <Fact name={say("Call sign")}><bdi>{latest?.callsign ? outside(latest.callsign) : missing}</bdi></Fact>
      <Fact name={say("Type")}>{kind ? outside(kind) : missing}</Fact>
      <Fact name={say("Length × beam")}>{length_m ? `${length_m} m${latest?.beam_m ? ` × ${latest.beam_m} m` : ""}` : missing}</Fact>
    </dl>
  );
}

const FIELD_WORD = (): Record<string, string> => ({
  imo: "IMO", name: say("name"), callsign: say("call sign"), ship_type: say("type"), length_m: say("length"), beam_m: say("beam"),
});

function IdentityRow({ one, isOldest }: { one: Identity; isOldest: boolean }) {
  const words = FIELD_WORD();
  return (
    <tr>
      <td class="mono">{minute(one.from)}</td><td class="mono">{minute(one.to)}</td>
      <th scope="row"><bdi>{one.name ? outside(one.name) : "–"}</bdi></th>
      <td class="mono">{one.imo ?? "–"}</td><td class="mono"><bdi>{one.callsign ? outside(one.callsign) : "–"}</bdi></td>
      <td>{one.ship_type_text ?? "–"}</td><td class="num mono">{one.length_m ? `${one.length_m} × ${one.beam_m ?? "?"} m` : "–"}</td>
      <td>{one.changed.length === 0 ? (isOldest ? say("first kept here") : "–") : one.changed.map((name) => words[name] ?? name).join(", ")}</td>
    </tr>
  );
}

export function Identities({ mmsi, version, card }: { mmsi: number; version: number; card(latest: Identity | null): ComponentChildren }) {
  const { data, failure } = useIdentities(mmsi, version);
  const own = data?.mmsi === mmsi ? data : null;
  const names = [say("From, UTC"), say("To, UTC"), say("Name"), "IMO", say("Call sign"), say("Type"), say("Size"), say("What changed")];
  return (
    <>
      {card(own?.versions[0] ?? null)}
      <h3>{say("Identity history")}</h3>
      {failure ? <p>{failure.message} {failure.hint}</p> : own === null ? <p class="dim">{say("Reading…")}</p> : own.versions.length === 0 ? (
        <p class="dim">{say("No static report of this vessel is stored up to this time.")}</p>
      ) : (
        <>
          <p class="dim">
            {sayCount(own.total, "One identity was sent.", "{n} identities were sent.")}{" "}
            {own.total > own.versions.length ? say("The newest {n} are listed.", { n: whole(own.versions.length) }) : null}{" "}
            {say("From and to are its first and last report.")}
          </p>
          <div class="table-scroll" tabIndex={0} role="region" aria-label={say("Identity history")}>
            <table class="grid-table identities">
              <caption class="visually-hidden">{say("What the vessel said of itself, newest first")}</caption>
              <thead><tr>{names.map((name) => <th key={name} scope="col" class={name === say("Size") ? "num" : undefined}>{name}</th>)}</tr></thead>
              <tbody>{own.versions.map((one, k) => <IdentityRow key={`${one.from} ${k}`} one={one} isOldest={k === own.versions.length - 1 && own.total === own.versions.length} />)}</tbody>
            </table>
          </div>
        </>
      )}
    </>
  );
}

/** How an alert stands with people, and how it ended as far as the watch's own tests say. */
function endText(alert: Alert): string {
  const { state, reason } = alert.triage;
  return `${stateWord(state)}${reason ? ` (${reasonWord(reason)})` : ""} · ${ownEnd(alert)}`;
}

function ownEnd(alert: Alert): string {
  const ended_ms = parseTime(alert.t_end);
  const muted = alert.muted_by.length > 0 ? `, ${say("muted by")} ${alert.muted_by.map(outside).join(", ")}` : "";
  if (alert.state === "open") return say("still open") + muted;
  const word = alert.state === "retracted" ? say("withdrawn") : say("closed");
  return `${word}${Number.isNaN(ended_ms) ? "" : ` ${utc(ended_ms)}`}${muted}`;
}

export function OtherAlerts({ alert }: { alert: DossierAlert }) {
  const { mmsi } = alert.subject;
  const others = [...alerts.value.values()].filter((one) => mmsi !== null && one.subject.mmsi === mmsi && one.id !== alert.id);
  others.sort((a, b) => parseTime(b.t_detected) - parseTime(a.t_detected));
  if (others.length === 0) return <p class="dim">{say("No other alert about this vessel is stored up to this time.")}</p>;
  return (
    <ul class="other-alerts">
      {others.map((one) => (
        <li key={one.id}>
          <Mark priority={one.priority} size={13} hollow={one.state !== "open"} />
          <a
            href={dossierPath(one.id)}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              go(dossierPath(one.id));
            }}
          >
            {say(PRIORITY_WORD[one.priority])} · {say(detectorTitle(one.detector))}
          </a>
          <span class="mono dim">{time(one.t_detected)}{parseTime(one.t_detected) > parseTime(alert.t_detected) ? ` (${say("later")})` : ""}</span>
          <span>{endText(one)}</span>
          {one.asset ? <bdi class="dim">{outside(one.asset.name)}</bdi> : null}
        </li>
      ))}
    </ul>
  );
}
