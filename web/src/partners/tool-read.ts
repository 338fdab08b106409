// A partner's alert as the screen takes it. What they sent is believed to be nothing: each field is looked at, and
// what is absent, kept back or of another kind is absent here.
import type { Origin } from "./types.ts";
import type { Alert, AlertAsset, AlertDetail, AlertState, NextAsset, Priority, Subject, Triage, Why } from "../wire/types.ts";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fields = (value: unknown): Fields => (isFields(value) ? value : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const textOrNull = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const scalar = (value: unknown): number | string | null => number(value) ?? textOrNull(value);
const rows = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);

/** By which the screen tells it from one of our own, whatever id the partner gave it. */
export const keyOf = (instance: string, id: string): string => `${instance}~${id}`;

export function splitKey(key: string): { instance: string; id: string } {
  const at = key.indexOf("~");
  return { instance: key.slice(0, at), id: key.slice(at + 1) };
}

/** Nobody here can act on it: no state of triage is shown of it, nor asked. */
const NOBODYS: Triage = {
  state: "ack", since_ms: 0, owner: null, raised_again_ms: null, snoozed_until_ms: null, reason: null, comment: null, to: null,
  ref: null, incident: null, taken_ms: null, taken_by: null, last_seq: 0, acts: 0,
};

function subjectOf(value: unknown): Subject {
  const { domain, mmsi, imo, name, ship_type, length_m } = fields(value);
  const id = number(mmsi);
  return {
    domain: text(domain), mmsi: id !== null && Number.isInteger(id) && id > 0 && id <= 999_999_999 ? id : null, imo: number(imo),
    name: textOrNull(name), ship_type: scalar(ship_type), length_m: number(length_m),
  };
}

function assetOf(value: unknown): AlertAsset | null {
  if (!isFields(value)) return null;
  const { id, name, kind, distance_m, kp_km, accuracy_m } = value;
  return { id: text(id), name: text(name), kind: text(kind), distance_m: number(distance_m), kp_km: number(kp_km), accuracy_m: number(accuracy_m) };
}

const aheadOf = ({ id, name, kind, distance_km, eta }: Fields): NextAsset =>
  ({ id: text(id), name: text(name), kind: text(kind), distance_km: number(distance_km) ?? Number.NaN, eta: textOrNull(eta) });

const whyOf = ({ feature, value, unit, threshold, margin, passed }: Fields): Why =>
  ({ feature: text(feature), value: scalar(value), unit: textOrNull(unit), threshold: scalar(threshold), margin: number(margin), passed: passed === true });

const isPriority = (value: unknown): value is Priority => value === "P1" || value === "P2" || value === "P3";
const isState = (value: unknown): value is AlertState => value === "open" || value === "closed" || value === "retracted";

const versionOf = ({ version, state, priority, t_detected, t_issued, text: said }: Fields): AlertDetail["versions"] =>
  isPriority(priority) ? [{ version: number(version) ?? 0, state: text(state), priority, t_detected: text(t_detected), t_issued: text(t_issued), text: text(said) }] : [];

/** Null for what is no alert of a partner. */
export function readTheirs(value: unknown): AlertDetail | null {
  const { id, version, detector, state, priority, t_start, t_detected, t_end, ...rest } = fields(value);
  const { instance, peer, name, received, bundle } = fields(rest.origin);
  if (typeof id !== "string" || typeof instance !== "string" || !instance || !isPriority(priority) || !isState(state)) return null;
  const origin: Origin = { instance, peer: textOrNull(peer), name: text(name), received: text(received), bundle: text(bundle), id };
  const { group, redacted } = fields(rest.release);
  const { gnss, coverage, depth_m } = fields(rest.context);
  return {
    id: keyOf(instance, id), version: number(version) ?? 0, detector: text(detector), state, priority, t_start: text(t_start),
    t_detected: text(t_detected), t_end: textOrNull(t_end), subject: subjectOf(rest.subject), asset: assetOf(rest.asset),
    // No place is nowhere: nothing lies within or near it.
    lon: number(rest.lon) ?? Number.NaN, lat: number(rest.lat) ?? Number.NaN,
    context: { gnss: textOrNull(gnss), coverage: textOrNull(coverage), depth_m: number(depth_m) },
    text: text(rest.text),
    // Whatever it is called, it is one.
    exercise: rest.exercise === null || rest.exercise === undefined || rest.exercise === false ? null : text(rest.exercise) || true,
    muted_by: texts(rest.muted_by), group: null, triage: NOBODYS, origin,
    release: { group: text(group), redacted: texts(redacted) },
    rules: text(rest.rules), next_assets: rows(rest.next_assets).map(aheadOf), why: rows(rest.why).map(whyOf), against: texts(rest.against),
    notes: texts(rest.notes), log: [], versions: rows(rest.versions).flatMap(versionOf),
    evidence: { fixes: { t_ms: [], lon: [], lat: [], sog_kn: [], cog_deg: [], heading_deg: [] }, rules: text(rest.rules), attribution: [], caveat: "" },
  };
}

/** By key, as the list wants them. */
export const byKey = (list: readonly unknown[]): Map<string, Alert> =>
  new Map(list.flatMap((one) => readTheirs(one) ?? []).map((alert) => [alert.id, alert]));
