// The map with everything around it: renderer, overlay, pointer, legend, scale, attribution.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { outside } from "../format/format.ts";
import { getGeo } from "../wire/api.ts";
import { wanted } from "../list/filter.ts";
import { selectAlert, selectVessel, tell } from "../state/session.ts";
import * as state from "../state/state.ts";
import { colours } from "../theme/theme.ts";
import { Draw } from "../draw/open.tsx";
import { outline, outlineEffect, zones } from "../draw/zones.ts";
import { drawing } from "./above.ts";
import { Attribution } from "./attribution.tsx";
import { type AssetShape, assetShapes } from "./geometry.ts";
import { Legend } from "./legend.tsx";
import { nextMarks, stillAhead } from "./next.ts";
import { alertPlace, Overlay, type Scene } from "./overlay.ts";
import { type Picked, pick } from "./pick.ts";
import { chooseRenderer } from "./probe.ts";
import { Readout } from "./readout.tsx";
import { Tip } from "./tip.tsx";
import { type Camera, type GeoLayer, type MapView, reducedMotion, unproject } from "./view.ts";

export const renderer = chooseRenderer(location.search);
/** Where the pointer is on the map, px; its place changes also when the map moves below it. */
let pointer: { x: number; y: number } | null = null;
/** Layers that are still being read. */
const reading = signal<ReadonlySet<string>>(new Set());
export const cursor = signal<[number, number] | null>(null);
export const centre = signal<[number, number]>([20, 59]);
export const scale = signal<{ zoom: number; lat: number }>({ zoom: 5, lat: 59 });
export const hover = signal<{ picked: Picked; x: number; y: number } | null>(null);

let view: MapView | null = null;
let shapes: AssetShape[] = [];
let shapeById: ReadonlyMap<string, AssetShape> = new Map();
/** Local time at which each alert was first seen; those of the first reading never pulse. */
const bornAt_ms = new Map<string, number>();

/** The map as it is now; null before there is one. */
export const mapView = (): MapView | null => view;
export const zoomMap = (steps: number): void => view?.zoomBy(steps);
export const goTo = (lon: number, lat: number, zoom?: number): void => view?.goTo(lon, lat, zoom);

/** Brings the selection into view; zooms in only when far out. */
export function showSelection(): void {
  const alert = state.selectedAlert.value;
  const mmsi = state.selectedMmsi.value;
  const row = mmsi === null ? null : state.vessels.row(mmsi);
  const place = row ? [row.lon, row.lat] : alert ? alertPlace(alert, state.vessels) : null;
  if (place && view) view.goTo(place[0]!, place[1]!, Math.max(view.camera().zoom, 8));
}

/** Shows an asset whole. */
export function showAsset(id: string): void {
  const shape = shapeById.get(id);
  if (!shape || !view) return;
  const [west, north, east, south] = shape.box;
  const { width, height } = view.camera();
  const zoom = Math.log2(Math.min(width / Math.max(east - west, 1e-5), height / Math.max(south - north, 1e-5)) / 512 / 1.3);
  const x = (west + east) / 2;
  const y = (north + south) / 2;
  const [lon, lat] = unproject({ x, y, zoom: 0, width: 0, height: 0 }, 0, 0);
  view.goTo(lon, lat, Math.min(11, zoom));
}

/** A name that fits beside a mark. */
function shortName(name: string | null | undefined): string {
  const text = outside(name ?? "");
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function scene(): Scene {
  const mmsi = state.selectedMmsi.value;
  const selected = mmsi === null ? null : state.vessels.row(mmsi);
  const alert = state.selectedAlert.value;
  const now_ms = state.now_ms.value ?? state.vessels.t_ms;
  return {
    colours: colours.value,
    vessels: state.vessels,
    alerts: wanted.value,
    selectedAlert: alert,
    selected,
    selectedName: selected ? shortName(state.vessel.value?.name ?? alert?.subject.name) : "",
    track: state.track.value ?? state.detail.value?.evidence.fixes ?? null,
    assets: shapeById,
    next: alert && selected ? nextMarks(stillAhead(alert.next_assets, now_ms), shapeById, selected) : [],
    probe: state.probe.value,
    bornAt_ms,
    local_ms: performance.now(),
    now_ms,
  };
}

function noteBirths(): void {
  const first = bornAt_ms.size === 0;
  for (const id of state.alerts.value.keys()) {
    if (!bornAt_ms.has(id)) bornAt_ms.set(id, first ? Number.NEGATIVE_INFINITY : performance.now());
  }
}

async function makeView(host: HTMLElement, drawn: (camera: Camera) => void): Promise<MapView> {
  if (renderer.kind === "gl") {
    const { GlView } = await import("./gl/gl-view.ts");
    return new GlView(host, { drawn });
  }
  const { CanvasView } = await import("./canvas/canvas-view.ts");
  return new CanvasView(host, { drawn });
}

async function loadGeo(): Promise<void> {
  const layers: Exclude<GeoLayer, "assets">[] = ["land", "territory", "ports"];
  reading.value = new Set(layers);
  const load = async (layer: (typeof layers)[number]): Promise<void> => {
    const data = await getGeo(layer);
    view?.setData(layer, data);
    reading.value = new Set([...reading.value].filter((other) => other !== layer));
  };
  await Promise.all(layers.map(load)).catch(tell);
}

/** Starts the renderer in `host`; returns what ends it. */
function start(host: HTMLElement): () => void {
  const overlay = new Overlay();
  let ended = false;
  let again = 0;
  const stops: (() => void)[] = [];
  const drawn = (camera: Camera): void => {
    const moving = overlay.draw(camera, scene());
    cursor.value = pointer && unproject(camera, pointer.x, pointer.y);
    centre.value = unproject(camera, camera.width / 2, camera.height / 2);
    scale.value = { zoom: camera.zoom, lat: centre.value[1] };
    if (moving && !reducedMotion()) {
      cancelAnimationFrame(again);
      again = requestAnimationFrame(() => view?.refresh());
    }
  };
  void makeView(host, drawn).then((made) => {
    if (ended) return made.destroy();
    view = made;
    host.append(overlay.canvas);
    host.dataset.renderer = made.kind;
    void loadGeo();
    stops.push(
      effect(() => {
        if (!state.assets.value) return;
        shapes = assetShapes(state.assets.value);
        shapeById = new Map(shapes.map((shape) => [shape.properties.id, shape]));
        made.setData("assets", state.assets.value);
      }),
      effect(() => {
        noteBirths();
        // Everything the picture shows; reading it here is what makes it redraw.
        void [state.picture.value, state.clock.value, wanted.value, state.selectedAlert.value];
        void [state.selectedMmsi.value, state.vessel.value, state.track.value, state.detail.value, state.probe.value, colours.value];
        void [zones.value, outline.value, outlineEffect.value];
        made.refresh();
      }),
    );
  });
  return () => {
    ended = true;
    cancelAnimationFrame(again);
    for (const stop of stops) stop();
    view?.destroy();
    view = null;
  };
}

function pointerAt(event: MouseEvent): { x: number; y: number } {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function pickAt(x: number, y: number): Picked {
  return view ? pick(view.camera(), x, y, { alerts: wanted.value, vessels: state.vessels, shapes }) : null;
}

function onMove(event: PointerEvent): void {
  if (!view || event.buttons !== 0 || drawing.value) {
    hover.value = null;
    return;
  }
  const { x, y } = pointerAt(event);
  pointer = { x, y };
  cursor.value = unproject(view.camera(), x, y);
  const picked = pickAt(x, y);
  hover.value = picked ? { picked, x, y } : null;
  (event.currentTarget as HTMLElement).style.cursor = picked && picked.kind !== "asset" ? "pointer" : "";
}

export function MapPane() {
  const host = useRef<HTMLDivElement>(null);
  const down = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => start(host.current!), []);
  const onClick = (event: MouseEvent): void => {
    if (drawing.value) return; // the click was a corner
    const { x, y } = pointerAt(event);
    if (!down.current || Math.hypot(x - down.current.x, y - down.current.y) > 4) return; // it was a drag
    const picked = pickAt(x, y);
    if (picked?.kind === "alert") selectAlert(picked.alert.id);
    if (picked?.kind === "vessel") selectVessel(picked.mmsi);
  };
  return (
    <section class="map" aria-label="Map">
      <div
        ref={host}
        class="map-host"
        role="application"
        aria-label="Map of the Baltic. Arrow keys move it, plus and minus zoom."
        tabIndex={0}
        onPointerDownCapture={(event) => {
          down.current = pointerAt(event);
        }}
        onPointerMove={onMove}
        onPointerLeave={() => {
          pointer = null;
          cursor.value = null;
          hover.value = null;
        }}
        onClick={onClick}
      />
      {reading.value.has("land") ? <p class="map-wait" role="status">Reading the coastline…</p> : null}
      <Tip />
      <Draw />
      <div class="map-zoom">
        <button type="button" aria-label="Zoom in" onClick={() => zoomMap(1)}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => zoomMap(-1)}>−</button>
      </div>
      <div class="map-foot">
        <div class="map-foot-row">
          <Legend />
          <Readout />
        </div>
        <Attribution />
      </div>
    </section>
  );
}
