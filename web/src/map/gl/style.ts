// The MapLibre style: sources, layers bottom to top, and their colours from the tokens.
import type {
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";
import cyrillic from "@fontsource/noto-sans/files/noto-sans-cyrillic-400-normal.woff2?url";
import latinExt from "@fontsource/noto-sans/files/noto-sans-latin-ext-400-normal.woff2?url";
import latin from "@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2?url";
import { alpha, type Colours } from "../../theme/theme.ts";
import { AREA, THIN } from "../asset-style.ts";
import { EARTH_CIRCUMFERENCE_M, TILE_PX } from "../mercator.ts";
import { LABEL_FONT, LABEL_SIZE_PX } from "../names.ts";
import { HATCH, STIPPLE, TERMINAL } from "../patterns.ts";

/** Vessels are put in below this layer: infrastructure lies above traffic. */
export const FIRST_ABOVE_TRAFFIC = "mask";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const MIDDLE_LAT_COS = Math.cos((58.5 * Math.PI) / 180);

/** Both sides of the corridor in px: at least 5, and the ground truth from where that is wider. */
function corridorWidth(): ExpressionSpecification {
  const pxPerMetre = TILE_PX / (EARTH_CIRCUMFERENCE_M * MIDDLE_LAT_COS);
  const width = (zoom: number): ExpressionSpecification => ["max", 5, ["*", ["get", "corridor_m"], 2 * pxPerMetre * 2 ** zoom]];
  return ["interpolate", ["exponential", 2], ["zoom"], 4, width(4), 6, width(6), 8, width(8), 16, width(16)];
}

const SOURCES = ["land", "coast", "territory", "assets", "ports", "places", "masks", "coverage", "gnss"] as const;
const source = (): SourceSpecification => ({ type: "geojson", data: EMPTY, tolerance: 0.25 });
const is = (key: string, value: string): ExpressionSpecification => ["==", ["get", key], value];

function lines(colours: Colours): LayerSpecification[] {
  const line = (id: string, filter: ExpressionSpecification, paint: object): LayerSpecification => ({
    id, type: "line", source: "assets", filter, layout: { "line-join": "round" }, paint,
  });
  const roundEnds = (id: string, filter: ExpressionSpecification, paint: object): LayerSpecification => ({
    ...line(id, filter, paint), layout: { "line-join": "round", "line-cap": "round" },
  } as LayerSpecification);
  const opacity: ExpressionSpecification = ["get", "opacity"];
  const width: ExpressionSpecification = [
    "interpolate", ["linear"], ["zoom"], THIN.below, ["*", THIN.share, ["get", "width_px"]], THIN.full, ["get", "width_px"],
  ];
  const hue: ExpressionSpecification = ["case", is("class", "pipeline"), colours.pipeline, colours.cable];
  return [
    roundEnds("corridor", ["in", ["get", "class"], ["literal", ["cable", "pipeline"]]], {
      "line-color": hue, "line-opacity": 0.1, "line-width": corridorWidth(),
    }),
    {
      id: "wind", type: "fill", source: "assets", filter: is("class", "wind"),
      paint: { "fill-pattern": HATCH },
    },
    line("wind-edge", is("class", "wind"), { "line-color": colours.wind, "line-width": 1, "line-opacity": opacity }),
    line("pipeline", is("class", "pipeline"), {
      "line-color": colours.pipeline, "line-width": width, "line-opacity": opacity, "line-dasharray": [3, 2],
    }),
    line("cable", is("class", "cable"), { "line-color": colours.cable, "line-width": width, "line-opacity": opacity }),
    {
      id: "terminal", type: "symbol", source: "assets", filter: is("class", "point"),
      layout: { "icon-image": TERMINAL, "icon-allow-overlap": true, "icon-ignore-placement": true },
      paint: { "icon-opacity": opacity },
    },
  ];
}

/** Masks and GNSS areas: below the lines, above the traffic. */
function areas(colours: Colours): LayerSpecification[] {
  return [
    { id: FIRST_ABOVE_TRAFFIC, type: "fill", source: "masks", paint: { "fill-color": colours.control, "fill-opacity": AREA.mask.fill } },
    {
      id: "mask-edge", type: "line", source: "masks",
      paint: { "line-color": colours.text3, "line-width": AREA.mask.line_px, "line-dasharray": AREA.mask.dash },
    },
    { id: "gnss", type: "fill", source: "gnss", paint: { "fill-color": colours.warning, "fill-opacity": AREA.gnss.fill } },
    {
      id: "gnss-edge", type: "line", source: "gnss",
      paint: { "line-color": colours.warning, "line-width": AREA.gnss.line_px, "line-dasharray": AREA.gnss.dash },
    },
  ];
}

function labels(colours: Colours): LayerSpecification[] {
  const text = (id: string, from: string, kind: "sea" | "country" | "port", layout: object): LayerSpecification => ({
    id, type: "symbol", source: from,
    filter: ["all", is("kind", kind), [">=", ["zoom"], ["get", "minZoom"]]],
    layout: { "text-field": ["get", "text"], "text-font": [LABEL_FONT], "text-size": LABEL_SIZE_PX[kind], "text-padding": 4, ...layout },
    paint: {
      "text-color": kind === "sea" ? colours["sea-label"] : colours["map-label"],
      "text-halo-color": kind === "sea" ? alpha(colours.sea, 0) : alpha(colours.land, 0.8),
      "text-halo-width": kind === "sea" ? 0 : 1.2,
    },
  });
  return [
    text("port-names", "ports", "port", { "text-anchor": "left", "text-offset": [0.6, 0], "text-optional": true }),
    text("sea-names", "places", "sea", { "text-letter-spacing": 0.05 }),
    text("country-names", "places", "country", { "text-transform": "uppercase", "text-letter-spacing": 0.14 }),
  ];
}

export function layers(colours: Colours): LayerSpecification[] {
  return [
    { id: "sea", type: "background", paint: { "background-color": colours.sea } },
    { id: "coverage", type: "fill", source: "coverage", paint: { "fill-pattern": STIPPLE } },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": colours.land, "fill-antialias": false } },
    { id: "coast", type: "line", source: "coast", paint: { "line-color": colours.coast, "line-width": 0.8 } },
    {
      id: "territory", type: "line", source: "territory",
      paint: { "line-color": colours.territory, "line-width": 1, "line-dasharray": [1, 3] },
    },
    {
      id: "port-dots", type: "circle", source: "ports", filter: [">=", ["zoom"], ["get", "minZoom"]],
      paint: { "circle-radius": 1.7, "circle-color": colours["map-label"] },
    },
    ...areas(colours),
    ...lines(colours),
    ...labels(colours),
  ];
}

export function baseStyle(colours: Colours): StyleSpecification {
  const at = (url: string): string => new URL(url, location.href).href;
  return {
    version: 8,
    "font-faces": {
      [LABEL_FONT]: [
        { url: at(latin), "unicode-range": ["U+0000-00FF", "U+2000-206F"] },
        { url: at(latinExt), "unicode-range": ["U+0100-02BA", "U+1E00-1E9F"] },
        { url: at(cyrillic), "unicode-range": ["U+0400-045F"] },
      ],
    },
    sources: Object.fromEntries(SOURCES.map((name) => [name, source()])),
    layers: layers(colours),
  };
}
