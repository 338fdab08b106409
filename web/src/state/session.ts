// Joins the wire to the state: what comes in, what is asked for, and when.
import { batch, effect, untracked } from "@preact/signals";
import { ApiError, getAlert, getAlerts, getAssets, getPresent, getStatus, getSuspensions, getTrack, getVessel, getWatches, ofScreen } from "../wire/api.ts";
import { soundKey } from "../sound/rings.ts";
import { DELTA, type Frame, SNAPSHOT } from "../wire/frame.ts";
import { openSocket } from "../wire/socket.ts";
import type { Alert, Clock, Message, Status, Track } from "../wire/types.ts";
import * as state from "./state.ts";

const TRACK_WINDOW_MS = 6 * 3600_000;
/** Between two words of the service the shown clock may run on for so long, ms of local time. */
const EXTRAPOLATE_MS = 1500;
const TICK_MS = 250;

/** An act or a version that came is newer than what is known, unless a reading was overtaken. */
const isOlder = (came: Alert, known: Alert): boolean =>
  came.version < known.version || (came.version === known.version && came.triage.last_seq < known.triage.last_seq);

export function mergeAlerts(known: ReadonlyMap<string, Alert>, came: readonly Alert[]): Map<string, Alert> {
  const fresh = came.filter((alert) => !known.has(alert.id));
  const merged = new Map<string, Alert>(fresh.map((alert) => [alert.id, alert]));
  for (const [id, alert] of known) merged.set(id, alert);
  for (const alert of came) {
    if (!isOlder(alert, merged.get(alert.id)!)) merged.set(alert.id, alert);
  }
  return merged;
}

function setClock(clock: Clock | null): void {
  if (!clock) return;
  batch(() => {
    lookBack(clock.own);
    state.clock.value = clock;
    state.clockHeard_ms.value = performance.now();
    state.now_ms.value = clock.t_ms;
  });
}

export const heardClock = setClock;

/** The watch goes on behind a screen that looks back: its alerts are kept apart, and are the list again afterwards. */
function lookBack(own: boolean): void {
  const was = state.clock.value?.own ?? false;
  if (own && !was) {
    state.present.value = state.alerts.value;
    state.presentBefore.value = new Set([...state.alerts.value.values()].map(soundKey));
    void readPresent(); // what was on its way meanwhile
  } else if (was && !own) {
    state.alerts.value = state.present.value;
  }
}

async function readPresent(): Promise<void> {
  try {
    const list = await getPresent();
    state.present.value = mergeAlerts(new Map(list.map((alert) => [alert.id, alert])), [...state.present.value.values()]);
  } catch (cause) {
    fail(cause);
  }
}

function setStatus(status: Status): void {
  batch(() => {
    state.status.value = status;
    if (status.user) state.officer.value = status.user.name;
    const left_ms = status.user?.session_left_ms ?? null;
    state.sessionEnds_ms.value = left_ms === null ? null : performance.now() + left_ms;
    setClock(status.clock);
  });
}

function fail(cause: unknown): void {
  if (cause instanceof DOMException && cause.name === "AbortError") return;
  if (!(cause instanceof ApiError)) throw cause;
  state.trouble.value = { what: cause.message, hint: cause.hint };
}

export const tell = fail;

/** No static data of a vessel, or no fixes in the window, is no fault: the panel says so itself. */
function failUnlessMissing(cause: unknown): void {
  if (!(cause instanceof ApiError && cause.status === 404)) fail(cause);
}

let readings = 0;
/** Alerts told of while the list is being read: the answer may be older than they are. */
let early: Alert[] = [];

async function readAlerts(): Promise<void> {
  readings += 1;
  const reading = readings;
  early = [];
  try {
    const list = await getAlerts();
    if (reading !== readings) return; // a later reading is under way
    batch(() => {
      state.alerts.value = mergeAlerts(new Map(list.map((alert) => [alert.id, alert])), early);
      state.alertsRead.value = true;
      state.trouble.value = null;
    });
  } catch (cause) {
    fail(cause);
  }
}

function refuse(reason: string): void {
  const counts = new Map(state.refused.value);
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
  state.refused.value = counts;
}

function hear(message: Message): void {
  switch (message.kind) {
    case "hello":
      setStatus(message.status);
      // After a lost line the selected vessel's track has a hole: what was read is read again.
      state.alertsRead.value = false;
      void readAlerts();
      if (message.status.clock?.own) void readPresent();
      heardHello();
      break;
    case "clock":
      setClock(message.clock);
      break;
    case "alerts":
      early.push(...message.alerts);
      state.alerts.value = mergeAlerts(state.alerts.value, message.alerts);
      break;
    case "present":
      state.present.value = mergeAlerts(state.present.value, message.alerts);
      break;
    case "reset":
      state.vessels.clear();
      batch(() => {
        state.picture.value += 1;
        state.alerts.value = new Map();
        state.alertsRead.value = false;
      });
      void readAlerts();
      readSuspensions();
      break;
    case "suspensions":
      state.suspensions.value = message.suspensions;
      break;
    case "feeds":
      if (state.status.value) state.status.value = { ...state.status.value, feeds: message.feeds };
      break;
    case "halt":
      if (state.status.value) state.status.value = { ...state.status.value, halt: message.halt };
      break;
    case "watches":
      state.onWatch.value = message.on_watch;
      break;
    case "zones":
      state.zonesTold.value += 1;
      break;
    case "partners":
      state.partnersTold.value += 1;
      break;
    case "looking":
      state.presence.value = message.looking;
      break;
    default:
      refuse(`message of unknown kind ${JSON.stringify((message as { kind: unknown }).kind)}`);
  }
}

function readSuspensions(): void {
  getSuspensions().then((found) => {
    state.suspensions.value = found;
  }, fail);
}

/** Who has the watch is read anew, and told where this screen looks: the service may be another one. */
function heardHello(): void {
  getWatches().then((said) => {
    batch(() => {
      state.onWatch.value = said.on_watch;
      state.presence.value = said.looking;
    });
  }, fail);
  readSuspensions();
  state.greeted.value += 1;
}

/** Keeps the service told at which alert this screen looks. */
function tellPresence(send: (message: object) => void): void {
  effect(() => {
    state.greeted.value;
    const officer = state.myWatch.value?.officer ?? "";
    send({ kind: "looking", officer, alert: officer && !state.selectedAlert.value?.origin ? (state.selectedAlertId.value ?? "") : "" });
  });
}

function see(frame: Frame): void {
  state.vessels.apply(frame);
  state.picture.value = state.vessels.revision;
  if (frame.kind === SNAPSHOT || frame.kind === DELTA) extendTrack();
}

/** The selected vessel's newest fix joins its track without asking the service again. */
function extendTrack(): void {
  const [mmsi, track] = [state.selectedMmsi.value, state.track.value];
  const row = mmsi === null ? null : state.vessels.row(mmsi);
  if (!row || !track || row.ageIsFloor) return;
  const last_ms = track.t_ms.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (row.fix_ms < last_ms + 1000) return;
  state.track.value = {
    t_ms: [...track.t_ms, row.fix_ms],
    lon: [...track.lon, row.lon],
    lat: [...track.lat, row.lat],
    sog_kn: [...track.sog_kn, row.sog_kn],
    cog_deg: [...track.cog_deg, row.cog_deg],
    heading_deg: [...track.heading_deg, null],
  } satisfies Track;
}

/** Selects an alert and its vessel, or nothing. */
export function selectAlert(id: string | null): void {
  const alert = id === null ? undefined : state.alertOf(id);
  // A partner sees ships that are not received here: nothing is asked about those.
  const isHeard = !alert?.origin || state.vessels.row(alert.subject.mmsi ?? 0) !== null;
  batch(() => {
    state.selectedAlertId.value = id;
    state.selectedMmsi.value = (isHeard && alert?.subject.mmsi) || null;
    state.probe.value = null;
  });
}

/** Selects a vessel; its newest open alert that nothing mutes, where there is one, comes with it. */
export function selectVessel(mmsi: number): void {
  const own = [...state.alerts.value.values()].find(
    (alert) => alert.subject.mmsi === mmsi && alert.state === "open" && alert.muted_by.length === 0,
  );
  batch(() => {
    state.selectedAlertId.value = own?.id ?? null;
    state.selectedMmsi.value = mmsi;
    state.probe.value = null;
  });
}

function followSelectedAlert(): void {
  let asked = "";
  let abort = new AbortController();
  effect(() => {
    const alert = state.selectedAlert.value?.origin ? null : state.selectedAlert.value; // a partner's: partners/
    const key = alert ? `${alert.id} ${alert.version} ${alert.triage.last_seq}` : "";
    if (key === asked) return;
    asked = key;
    abort.abort();
    abort = new AbortController();
    if (untracked(() => state.detail.value?.id) !== alert?.id) state.detail.value = null;
    if (!alert) return;
    getAlert(alert.id, abort.signal).then((detail) => {
      state.detail.value = detail;
    }, (cause: unknown) => {
      if (asked === key) asked = ""; // once the list is read anew, as after a lost line, it is asked again
      fail(cause);
    });
  });
}

function followSelectedVessel(): void {
  let abort = new AbortController();
  effect(() => {
    const mmsi = state.selectedMmsi.value;
    state.alertsRead.value; // a seek makes the track anew
    abort.abort();
    abort = new AbortController();
    batch(() => {
      state.vessel.value = null;
      state.track.value = null;
    });
    const to_ms = untracked(() => state.now_ms.value);
    if (mmsi === null || to_ms === null) return;
    getVessel(mmsi, abort.signal).then((vessel) => {
      state.vessel.value = vessel;
    }, failUnlessMissing);
    getTrack(mmsi, to_ms - TRACK_WINDOW_MS, to_ms, abort.signal).then((track) => {
      state.track.value = track;
    }, failUnlessMissing);
  });
}

function runClock(): void {
  window.setInterval(() => {
    const local_ms = performance.now();
    const clock = state.clock.value;
    batch(() => {
      state.tick_ms.value = local_ms;
      if (!clock?.playing || clock.live || state.line.value !== "up") return;
      const run_ms = Math.min(local_ms - state.clockHeard_ms.value, EXTRAPOLATE_MS) * clock.speed;
      const end_ms = clock.span?.to_ms ?? Number.POSITIVE_INFINITY;
      state.now_ms.value = Math.min(clock.t_ms + run_ms, Math.max(end_ms, clock.t_ms));
    });
  }, TICK_MS);
}

let reconnect: () => void = () => undefined;

/** Tries the line again at once. */
export const retryNow = (): void => reconnect();

/** Starts everything: reads what is static, opens the socket, keeps the selection's data fresh. */
export function startSession(): void {
  getStatus().then(setStatus, fail);
  getAssets().then((assets) => {
    state.assets.value = assets;
  }, fail);
  followSelectedAlert();
  followSelectedVessel();
  runClock();
  const url = ofScreen(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  const socket = openSocket(url, {
    message: hear,
    frame: see,
    refused: refuse,
    up() {
      batch(() => {
        state.line.value = "up";
        state.trouble.value = null;
      });
    },
    down(retry_ms) {
      batch(() => {
        const local_ms = performance.now();
        if (state.line.value !== "down") state.lineDownAt_ms.value = local_ms;
        state.line.value = "down";
        state.retryAt_ms.value = local_ms + retry_ms;
      });
      if (state.status.value?.user) getStatus().catch(() => undefined); // to the login where the session has ended
    },
  });
  reconnect = socket.retryNow;
  tellPresence(socket.send);
}
