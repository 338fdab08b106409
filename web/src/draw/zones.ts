// Zones, vigilance areas and masks as the service has them, and what is being drawn.
import { computed, effect, signal } from "@preact/signals";
import { outside, parseTime } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { tell } from "../state/session.ts";
import { alertsRead, greeted, minute_ms, zonesTold } from "../state/state.ts";
import { getZones } from "../wire/api.ts";
import type { Zone, ZoneCollection, ZoneEffect } from "../wire/types.ts";

export type Place = [lon: number, lat: number];

export const zones = signal<ZoneCollection>({ features: [], detectors: [], kinds: [] });
/** The outline being drawn, its first corner not repeated; empty for none. */
export const outline = signal<readonly Place[]>([]);
export const outlineEffect = signal<ZoneEffect>("none");

export function effectWord(effect: ZoneEffect): string {
  switch (effect) {
    case "none": return say("Zone");
    case "raise": return say("Vigilance area");
    case "downgrade": return say("Mask, lowers");
    case "mute": return say("Mask, mutes");
  }
}

/** Whether a zone counts by now, waits until it does, or has ended. */
export function standing(zone: Zone, now_ms: number): "counts" | "waits" | "over" {
  const { valid_from, valid_until } = zone.properties;
  if (parseTime(valid_until) <= now_ms) return "over";
  return parseTime(valid_from) > now_ms ? "waits" : "counts";
}

/** The zones and vigilance areas that there are, the last word of each, by name; masks are for the watch itself. */
export const namedZones = computed<readonly Zone[]>(() => {
  const t_ms = minute_ms.value ?? 0;
  const found = zones.value.features.filter((zone) =>
    zone.properties.latest && (zone.properties.effect === "none" || zone.properties.effect === "raise") && standing(zone, t_ms) !== "over");
  return found.sort((a, b) => zoneName(a).localeCompare(zoneName(b)));
});

export const zoneName = ({ properties }: Zone): string => outside(properties.name || properties.id);

/** What a layer of masks has beyond those that are painted as zones. */
export function undrawn(layer: GeoJSON.FeatureCollection, drawn: ZoneCollection): GeoJSON.FeatureCollection {
  const ids = new Set(drawn.features.map(({ properties }) => properties.id));
  return { type: "FeatureCollection", features: layer.features.filter(({ properties }) => !ids.has(properties?.id)) };
}

export async function readZones(): Promise<void> {
  zones.value = await getZones();
}

/** Reads them when the line comes up, after a seek, and when somebody has drawn. */
export function startZones(): void {
  effect(() => {
    void [greeted.value, zonesTold.value];
    if (alertsRead.value) readZones().catch(tell);
  });
}
