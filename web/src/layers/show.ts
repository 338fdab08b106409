// Gives the map what is switched on, and keeps it fresh: a layer that is off is an empty one.
import { computed, effect, signal, untracked } from "@preact/signals";
import { undrawn, zones } from "../draw/zones.ts";
import { getGeo, getLayer } from "../wire/api.ts";
import type { GeoLayer, MapView } from "../map/view.ts";
import { labelPoints, places, portLabels } from "../map/names.ts";
import { alerts, alertsRead, assets, now_ms } from "../state/state.ts";
import { tell } from "../state/session.ts";
import type { AssetCollection, ClockLayer } from "../wire/types.ts";
import { gnssAreas } from "./gnss.ts";
import { type LayerId, shown, showsKind } from "./layers.ts";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
/** Layers that follow the clock are asked for again as often as this, in event time and here. */
const EVERY_EVENT_MS = 60_000;
const EVERY_LOCAL_MS = 4_000;

/** Layers that are still being read. */
export const reading = signal<ReadonlySet<string>>(new Set());

/** The assets whose kind is switched on. */
export const shownAssets = computed<AssetCollection | null>(() => {
  const all = assets.value;
  return all && { ...all, features: all.features.filter(({ properties }) => showsKind(properties.kind, shown.value)) };
});

type Shipped = "land" | "territory" | "ports";
const shipped = signal<Partial<Record<Shipped, GeoJSON.GeoJSON>>>({});

async function readShipped(): Promise<void> {
  const missing = (["land", "territory", "ports"] as const).filter((layer) => !shipped.value[layer]);
  reading.value = new Set(missing);
  const read = async (layer: Shipped): Promise<void> => {
    const data = await getGeo(layer);
    shipped.value = { ...shipped.value, [layer]: data };
    reading.value = new Set([...reading.value].filter((other) => other !== layer));
  };
  await Promise.all(missing.map(read)).catch(tell);
}

/** What the layers that follow the clock say of themselves; null until they are read. */
export const clockLayers = signal<Readonly<Record<"masks" | "coverage", ClockLayer | null>>>({ masks: null, coverage: null });

/** Asks for a layer while it is on, again whenever the clock has moved far enough. */
function followClock(layer: "masks" | "coverage"): () => void {
  let asked_ms = Number.NaN;
  let next = 0;
  let due = 0;
  let abort = new AbortController();
  const ask = (): void => {
    window.clearTimeout(next);
    next = 0;
    asked_ms = now_ms.peek() ?? Number.NaN;
    due = performance.now() + EVERY_LOCAL_MS;
    abort.abort();
    abort = new AbortController();
    getLayer(layer, abort.signal).then((data) => {
      clockLayers.value = { ...clockLayers.peek(), [layer]: data };
    }, tell);
  };
  const stop = effect(() => {
    if (!shown.value[layer] || !alertsRead.value) {
      asked_ms = Number.NaN;
      return;
    }
    const t_ms = now_ms.value;
    if (t_ms === null || Math.abs(t_ms - asked_ms) < EVERY_EVENT_MS || next !== 0) return;
    const wait_ms = Number.isNaN(asked_ms) ? 0 : due - performance.now();
    if (wait_ms <= 0) untracked(ask);
    else next = window.setTimeout(ask, wait_ms);
  });
  return () => {
    stop();
    window.clearTimeout(next);
    abort.abort();
  };
}

/** Feeds every layer of a view until the returned function is called. */
export function showLayers(view: MapView): () => void {
  const put = (layer: GeoLayer, data: () => GeoJSON.GeoJSON | null | undefined): (() => void) =>
    effect(() => {
      const found = data();
      if (found) view.setData(layer, found);
    });
  const onlyIf = <T>(id: LayerId, data: () => T): T | typeof EMPTY => (shown.value[id] ? data() : EMPTY);
  void readShipped();
  // Of its own, so that an alert's new version alone does not draw the areas anew.
  const areas = computed(() => JSON.stringify(gnssAreas(alerts.value.values())));
  const stops = [
    put("land", () => shipped.value.land),
    put("territory", () => onlyIf("territory", () => shipped.value.territory)),
    put("ports", () => onlyIf("ports", () => shipped.value.ports && labelPoints(portLabels(shipped.value.ports)))),
    put("places", () => onlyIf("names", () => labelPoints(places()))),
    put("assets", () => shownAssets.value),
    put("gnss", () => onlyIf("gnss", () => JSON.parse(areas.value) as GeoJSON.FeatureCollection)),
    put("masks", () => onlyIf("masks", () => clockLayers.value.masks && undrawn(clockLayers.value.masks, zones.value))),
    put("coverage", () => onlyIf("coverage", () => clockLayers.value.coverage && notHeard(clockLayers.value.coverage))),
    followClock("masks"),
    followClock("coverage"),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The half of the chart that is shaded. */
function notHeard(layer: ClockLayer): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features: layer.features.filter(({ properties }) => properties?.heard === false) };
}
