// Own labels: seas and countries, placed by hand; ports come from the service.

import { say } from "../lang/lang.ts";

export interface Label {
  text: string;
  lon: number;
  lat: number;
  kind: "sea" | "country" | "port";
  minZoom: number;
}

const sea = (text: string, lon: number, lat: number, minZoom = 0): Label => ({ text, lon, lat, kind: "sea", minZoom });
const country = (text: string, lon: number, lat: number): Label => ({ text, lon, lat, kind: "country", minZoom: 0 });

const PLACES: readonly Label[] = [
  sea("Baltic Sea", 18.9, 56.2),
  sea("Gulf of Finland", 26.2, 59.86),
  sea("Gulf of Riga", 23.5, 57.75),
  sea("Bothnian Sea", 19.2, 61.9),
  sea("Bothnian Bay", 22.9, 64.7),
  sea("Kattegat", 11.35, 56.75),
  sea("Skagerrak", 9.9, 58.1),
  sea("Arkona Basin", 13.7, 54.95, 6.4),
  sea("Bay of Gdańsk", 19.15, 54.6, 6.4),
  sea("Åland Sea", 19.15, 60.15, 6.4),
  sea("Archipelago Sea", 21.4, 60.05, 7),
  country("Sweden", 15.4, 60.2),
  country("Finland", 25.2, 62.3),
  country("Estonia", 25.8, 58.7),
  country("Latvia", 25.4, 56.85),
  country("Lithuania", 23.9, 55.35),
  country("Poland", 18.3, 53.6),
  country("Germany", 12.3, 53.6),
  country("Denmark", 9.35, 56.1),
  country("Norway", 10.3, 60.6),
  country("Russia", 29.6, 59.05),
  country("Kaliningrad (RU)", 21.4, 54.68),
];

/** Seas and countries in the language of the screen. */
export const places = (): Label[] => PLACES.map((label) => ({ ...label, text: say(label.text) }));

const PORT_ZOOM: Record<string, number> = { large: 6.2, medium: 6.8, small: 8, "very small": 9.5 };

/** Port points of the service as labels; both its own names and those of the World Port Index are read. */
export function portLabels(data: GeoJSON.GeoJSON): Label[] {
  if (data.type !== "FeatureCollection") return [];
  return data.features.flatMap(({ geometry, properties }) => {
    if (geometry?.type !== "Point") return [];
    const text = String(properties?.name ?? properties?.["Main Port Name"] ?? "");
    const size = String(properties?.size ?? properties?.harbor_size ?? properties?.["Harbor Size"] ?? "small").toLowerCase();
    const [lon, lat] = geometry.coordinates;
    return text ? [{ text, lon: lon!, lat: lat!, kind: "port" as const, minZoom: PORT_ZOOM[size] ?? 8.5 }] : [];
  });
}

/** Labels as the map takes them. */
export const labelPoints = (labels: readonly Label[]): GeoJSON.FeatureCollection => ({
  type: "FeatureCollection",
  features: labels.map(({ lon, lat, ...properties }) => ({
    type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] },
  })),
});

/** The reverse, for the canvas. */
export const labelsOf = (data: GeoJSON.GeoJSON): Label[] =>
  (data as GeoJSON.FeatureCollection<GeoJSON.Point, Omit<Label, "lon" | "lat">>).features.map(({ properties, geometry }) => ({
    ...properties, lon: geometry.coordinates[0]!, lat: geometry.coordinates[1]!,
  }));

/** Fonts of a label, the same in both renderers. */
export const LABEL_FONT = "Noto Sans Regular";
export const LABEL_SIZE_PX = { sea: 12, country: 11, port: 10.5 } as const;
