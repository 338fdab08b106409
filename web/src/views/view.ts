// What is seen now as a view, and the way back: the address follows the screen, and the screen a link.
import { effect, signal, untracked } from "@preact/signals";
import { say } from "../lang/lang.ts";
import { layersText, readLayers, shown } from "../layers/layers.ts";
import { filter } from "../list/filter.ts";
import { centre, goTo, scale } from "../map/map-pane.tsx";
import { copy } from "../map/notice.tsx";
import { route } from "../route.ts";
import { heardClock, selectAlert, selectVessel, tell } from "../state/session.ts";
import { alertOf, alertsRead, clock, now_ms, selectedAlertId, selectedMmsi } from "../state/state.ts";
import { postPlayback } from "../wire/api.ts";
import { filterText, readFilter } from "./filter-text.ts";
import { linkOf, readLink, type View } from "./link.ts";

/** Browsers allow a hundred writes of the address in half a minute. */
const WRITE_AFTER_MS = 700;
const MINUTE_MS = 60_000;
/** A link whose time is nearer to the clock than this needs no word about it. */
const SAME_TIME_MS = MINUTE_MS;

const firstFilter = filter.peek();

/** What makes up a saved view: where, what is drawn, what is listed. */
export function placeView(): View {
  const [lon, lat] = centre.value;
  return {
    camera: { lon, lat, zoom: scale.value.zoom },
    layers: layersText(shown.value),
    filter: filterText(filter.value, firstFilter),
  };
}

/** A playing clock is written by the minute: a link need not change with every second. */
function linkedTime(): number | null {
  const t_ms = now_ms.value;
  const step_ms = clock.value?.playing ? MINUTE_MS : 1000;
  return t_ms === null ? null : Math.floor(t_ms / step_ms) * step_ms;
}

function wholeView(): View {
  const t_ms = linkedTime();
  return {
    ...placeView(),
    ...(selectedAlertId.value !== null ? { alert: selectedAlertId.value } : selectedMmsi.value !== null ? { mmsi: selectedMmsi.value } : {}),
    ...(t_ms === null ? {} : { t_ms }),
  };
}

/** A time that a link names and the clock does not show: offered, as one clock moves every screen. */
export const offered_ms = signal<number | null>(null);

export async function goToOffered(): Promise<void> {
  const t_ms = offered_ms.value;
  offered_ms.value = null;
  if (t_ms === null) return;
  await postPlayback({ action: "seek", t_ms }).then(heardClock, tell);
}

/** What a link selects, until the alerts are there. */
const wantedSelection = signal<Pick<View, "alert" | "mmsi"> | null>(null);

export function showView(view: View): void {
  if (view.camera) goTo(view.camera.lon, view.camera.lat, view.camera.zoom);
  if (view.layers !== undefined) shown.value = readLayers(view.layers);
  if (view.filter !== undefined) filter.value = readFilter(view.filter, firstFilter);
  if (view.alert !== undefined || view.mmsi !== undefined) wantedSelection.value = view;
}

/** A link is whole: what it leaves out is as at first. What is no link of ours changes nothing. */
function showLink(hash: string, withTime: boolean): void {
  const view = readLink(hash);
  if (Object.keys(view).length === 0) return;
  showView({ layers: "", filter: "", ...view });
  if (view.alert === undefined && view.mmsi === undefined) selectAlert(null);
  if (!withTime || view.t_ms === undefined) return;
  const stop = effect(() => {
    const t_ms = clock.value?.t_ms;
    if (t_ms === undefined) return;
    queueMicrotask(() => stop());
    if (Math.abs(t_ms - view.t_ms!) >= SAME_TIME_MS) offered_ms.value = view.t_ms!;
  });
}

/** Selects what a link names once the alerts have been read; one that is not there yet is waited for. */
function selectWhenRead(): void {
  effect(() => {
    const wanted = wantedSelection.value;
    if (!wanted || !alertsRead.value) return;
    const isThere = wanted.alert === undefined || alertOf(wanted.alert) !== undefined;
    if (!isThere && selectedAlertId.value === null && selectedMmsi.value === null) return;
    untracked(() => {
      wantedSelection.value = null;
      if (!isThere) return;
      if (wanted.alert !== undefined) selectAlert(wanted.alert);
      else if (wanted.mmsi !== undefined) selectVessel(wanted.mmsi);
    });
  });
}

const address = (view: View): string => `${location.pathname}${location.search}#${linkOf(view)}`;

function followAddress(): void {
  let timer = 0;
  // Only the watch has a camera; and a link that waits for its alert is not overwritten.
  const isOurs = (): boolean => route.value.page === "" && !wantedSelection.value && scale.value.drawn;
  const write = (): void => {
    timer = 0;
    if (isOurs()) history.replaceState(history.state, "", address(wholeView()));
  };
  effect(() => {
    void wholeView(); // what the address follows
    if (isOurs() && timer === 0) timer = window.setTimeout(write, WRITE_AFTER_MS);
  });
}

export function copyLink(): Promise<void> {
  const url = new URL(address(wholeView()), location.href).href;
  return copy(url, say("The link to this view is copied."), say("The browser does not let it be copied; the link stands in the address bar."));
}

/** Reads the link that the page was opened with, and lets the address follow from then on. */
export function startViews(): void {
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  // A reloaded page shows the clock as it is: it has moved on, and nobody asked for another.
  showLink(location.hash, visit?.type === "navigate");
  // The event's own address: by now ours may have been written over it.
  window.addEventListener("hashchange", ({ newURL }) => showLink(new URL(newURL).hash, true));
  selectWhenRead();
  followAddress();
}
