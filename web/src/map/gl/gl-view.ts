// The map on a GPU: MapLibre for land, assets and names, an own layer for vessels.
import { Map as MapLibreMap, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { shown } from "../../layers/layers.ts";
import { now_ms, vessels } from "../../state/state.ts";
import { colours, trafficOpacity } from "../../theme/theme.ts";
import type { AssetCollection } from "../../wire/types.ts";
import { assetStyle, corridorHalfWidth_m } from "../asset-style.ts";
import { assetShapes } from "../geometry.ts";
import { CHART_BOUNDS, mercatorX, mercatorY } from "../mercator.ts";
import { type Camera, type GeoLayer, type MapEvents, type MapView, MAX_ZOOM, reducedMotion, START } from "../view.ts";
import { HATCH, hatchImage, STIPPLE, stippleImage, TERMINAL, terminalImage } from "../patterns.ts";
import { baseStyle, FIRST_ABOVE_TRAFFIC, layers } from "./style.ts";
import { VesselLayer } from "./vessel-layer.ts";

setWorkerUrl(new URL(workerUrl, location.href).href);

/** Points of a piece of coast: a longer line overflows MapLibre's 16-bit vertex numbers. */
const COAST_PIECE = 4000;

/** The rings of the land as lines in pieces. */
function coastLines(data: GeoJSON.GeoJSON): GeoJSON.MultiLineString {
  const coordinates: GeoJSON.Position[][] = [];
  const cut = (ring: GeoJSON.Position[]): void => {
    for (let at = 0; at < ring.length - 1; at += COAST_PIECE) coordinates.push(ring.slice(at, at + COAST_PIECE + 1));
  };
  const walk = (part: GeoJSON.GeoJSON): void => {
    if (part.type === "FeatureCollection") for (const feature of part.features) walk(feature);
    else if (part.type === "Feature") walk(part.geometry);
    else if (part.type === "Polygon") for (const ring of part.coordinates) cut(ring);
    else if (part.type === "MultiPolygon") for (const rings of part.coordinates) for (const ring of rings) cut(ring);
  };
  walk(data);
  return { type: "MultiLineString", coordinates };
}

/** Assets with the properties that the style's expressions read. */
function styledAssets(assets: AssetCollection): GeoJSON.FeatureCollection {
  const shapes = assetShapes(assets);
  const drawn = assets.features.filter((feature) => feature.geometry);
  return {
    type: "FeatureCollection",
    features: drawn.map(({ geometry, properties }, index) => {
      const shape = shapes[index]!;
      const line = shape.class === "pipeline" ? "pipeline" : "cable";
      const { width_px, opacity } = assetStyle(line, properties, shape.inService);
      return {
        type: "Feature", geometry,
        properties: { class: shape.class, width_px, opacity, corridor_m: corridorHalfWidth_m(properties) },
      };
    }),
  };
}

export class GlView implements MapView {
  readonly kind = "gl";
  private readonly map: MapLibreMap;
  private readonly pending = new Map<string, GeoJSON.GeoJSON>();
  private ready = false;
  /** Those that the style was made of: the theme may be another one by the time it has loaded. */
  private lastColours: unknown = colours.value;

  constructor(
    private readonly host: HTMLElement,
    events: MapEvents,
    begin: { lon: number; lat: number; zoom: number } = START,
  ) {
    const { west, south, east, north } = CHART_BOUNDS;
    this.map = new MapLibreMap({
      container: host,
      style: baseStyle(colours.value),
      center: [begin.lon, begin.lat],
      zoom: begin.zoom,
      maxZoom: MAX_ZOOM,
      maxBounds: [[west, south], [east, north]],
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    // MapLibre's own canvas takes the keys: one stop of the Tab key, not two.
    this.map.getCanvas().setAttribute("aria-label", host.getAttribute("aria-label") ?? "Map");
    host.removeAttribute("tabindex");
    host.removeAttribute("role");
    host.removeAttribute("aria-label");
    this.map.on("render", () => events.drawn(this.camera()));
    this.map.on("load", () => this.begin());
  }

  get surface(): HTMLElement {
    return this.map.getCanvas();
  }

  allow(what: "drag" | "double-click", allowed: boolean): void {
    const handler = what === "drag" ? this.map.dragPan : this.map.doubleClickZoom;
    if (allowed) handler.enable();
    else handler.disable();
  }

  camera(): Camera {
    const { lng, lat } = this.map.getCenter();
    const { clientWidth: width, clientHeight: height } = this.host;
    return { x: mercatorX(lng), y: mercatorY(lat), zoom: this.map.getZoom(), width, height };
  }

  setData(layer: GeoLayer, data: GeoJSON.GeoJSON): void {
    if (layer === "land") this.put("coast", coastLines(data));
    this.put(layer, layer === "assets" ? styledAssets(data as AssetCollection) : data);
  }

  goTo(lon: number, lat: number, zoom?: number): void {
    this.map.easeTo({ center: [lon, lat], zoom: zoom ?? this.map.getZoom(), duration: reducedMotion() ? 0 : 450 });
  }

  zoomBy(steps: number): void {
    this.map.easeTo({ zoom: this.map.getZoom() + steps, duration: reducedMotion() ? 0 : 200 });
  }

  refresh(): void {
    if (this.ready && this.lastColours !== colours.value) this.recolour();
    this.map.triggerRepaint();
  }

  destroy(): void {
    this.map.remove();
  }

  private put(source: string, data: GeoJSON.GeoJSON): void {
    if (this.ready) void this.map.getSource<GeoJSONSource>(source)!.setData(data);
    else this.pending.set(source, data);
  }

  private begin(): void {
    this.ready = true;
    this.map.addImage(HATCH, hatchImage(colours.value.wind));
    this.map.addImage(STIPPLE, stippleImage(colours.value["sea-label"]));
    this.map.addImage(TERMINAL, terminalImage(colours.value.sea, colours.value.pipeline));
    for (const [source, data] of this.pending) this.put(source, data);
    this.pending.clear();
    const layer = new VesselLayer(vessels, () => ({
      colour: colours.value.traffic,
      opacity: trafficOpacity.value,
      now_ms: now_ms.value ?? vessels.t_ms,
      stale: shown.value.stale,
    }));
    this.map.addLayer(layer, FIRST_ABOVE_TRAFFIC);
    this.refresh();
  }

  private recolour(): void {
    this.lastColours = colours.value;
    this.map.updateImage(HATCH, hatchImage(colours.value.wind));
    this.map.updateImage(STIPPLE, stippleImage(colours.value["sea-label"]));
    this.map.updateImage(TERMINAL, terminalImage(colours.value.sea, colours.value.pipeline));
    for (const { id, paint } of layers(colours.value)) {
      for (const [property, value] of Object.entries(paint ?? {})) {
        this.map.setPaintProperty(id, property as "line-color", value as string);
      }
    }
  }
}
