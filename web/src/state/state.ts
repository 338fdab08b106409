// What the screen knows, as signals. Written by session.ts and by the user's acts, read everywhere.
import { computed, signal } from "@preact/signals";
import type { Partner } from "../partners/types.ts";
import type { Alert, AlertDetail, AssetCollection, Clock, OnWatch, Presence, Status, Suspension, Track, Vessel } from "../wire/types.ts";
import { VesselStore } from "./vessels.ts";

export const status = signal<Status | null>(null);
/** What keeps the watch from judging, or did until lately. */
export const halt = computed(() => status.value?.halt ?? null);
export const halting = computed(() => halt.value?.until_ms === null);
export const assets = signal<AssetCollection | null>(null);

/** The clock as last sent, and when that was (performance.now). */
export const clock = signal<Clock | null>(null);
export const clockHeard_ms = signal(0);
/** Event time shown, ms UTC: runs on between two words of the service while it plays. */
export const now_ms = signal<number | null>(null);
/** The minute shown, for what need not be worked out four times a second. */
export const minute_ms = computed(() => (now_ms.value === null ? null : Math.floor(now_ms.value / 60_000) * 60_000));

export type Line = "connecting" | "up" | "down";
export const line = signal<Line>("connecting");
/** Local time (performance.now) at which the line went down and the next try starts. */
export const lineDownAt_ms = signal(0);
/** When the session of who is logged in ends, local time as the ticks'; null where it does not. */
export const sessionEnds_ms = signal<number | null>(null);
export const retryAt_ms = signal(0);
/** A steady tick of local time, ms (performance.now), for ages that do not follow the event clock. */
export const tick_ms = signal(0);
/** Messages that were not in the contract, by reason: dropped, counted, shown in the feed list. */
export const refused = signal<ReadonlyMap<string, number>>(new Map());

export const vessels = new VesselStore();
/** Mirrors vessels.revision for everything that must follow the picture. */
export const picture = signal(0);

/** In the service's order, newest first; a later version takes its predecessor's place. */
export const alerts = signal<ReadonlyMap<string, Alert>>(new Map());
/** While this screen looks back: the alerts of the watch, as they stand now. */
export const present = signal<ReadonlyMap<string, Alert>>(new Map());
/** Keys of those that were there when it began to look back (soundKey). */
export const presentBefore = signal<ReadonlySet<string>>(new Set());
/** Whatever this screen shows: what the watch says now, and its time, ms UTC. */
export const watched = computed(() => (clock.value?.own ? present.value : alerts.value));
export const watch_ms = computed(() => (clock.value?.own ? (clock.value.span?.to_ms ?? null) : now_ms.value));
/** Null until the list has been read once. */
export const alertsRead = signal(false);

/** Those of partners, by a key that no alert of our own has; read where they are shown. */
export const partnerAlerts = signal<ReadonlyMap<string, Alert>>(new Map());
export const partners = signal<readonly Partner[]>([]);
/** Counts the service's word that something came of a partner. */
export const partnersTold = signal(0);
/** An alert of whomever, by its key. */
export const alertOf = (id: string): Alert | undefined => alerts.value.get(id) ?? partnerAlerts.value.get(id);

export const selectedAlertId = signal<string | null>(null);
export const selectedMmsi = signal<number | null>(null);
export const detail = signal<AlertDetail | null>(null);
export const vessel = signal<Vessel | null>(null);
export const track = signal<Track | null>(null);
/** A viewer looks on: the service would refuse what they did. */
export const mayAct = computed(() => status.value?.user?.role !== "viewer");
/** A sentence for the user when an answer failed; cleared by the next success. */
export const trouble = signal<{ what: string; hint: string } | null>(null);

export const selectedAlert = computed<Alert | null>(() => {
  const id = selectedAlertId.value;
  return id === null ? null : (alertOf(id) ?? null);
});

/** The selected alert whole; null until it is read, and for any other. */
export const wholeOf = (alert: Alert | null): AlertDetail | null =>
  alert !== null && detail.value?.id === alert.id ? detail.value : null;

function storedOfficer(): string {
  try {
    return sessionStorage.getItem(OFFICER_KEY) ?? "";
  } catch {
    return ""; // storage may be forbidden: the name is asked for again
  }
}
export const OFFICER_KEY = "sargas.officer";
/** The name entered on this screen; on watch only if the service says so too. */
export const officer = signal(storedOfficer());
export const onWatch = signal<readonly OnWatch[]>([]);
/** Those that are over too, the newest first. */
export const suspensions = signal<readonly Suspension[]>([]);
export const presence = signal<readonly Presence[]>([]);
export const myWatch = computed<OnWatch | null>(() => onWatch.value.find((one) => one.officer === officer.value) ?? null);
/** Counts the service's greetings: what it must be told anew follows it. */
export const greeted = signal(0);
/** Counts the service's word that a zone was drawn, changed or withdrawn somewhere. */
export const zonesTold = signal(0);

/** A point of the track under the chart's cursor. */
export const probe = signal<{ lon: number; lat: number; t_ms: number } | null>(null);

export const helpOpen = signal(false);
/** Open where there is room for it. */
export const legendOpen = signal(typeof window === "undefined" || (window.innerHeight >= 800 && window.innerWidth >= 1400));
