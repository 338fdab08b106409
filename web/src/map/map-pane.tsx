// The map with everything around it: renderer, overlay, pointer, legend, scale, attribution.
import { computed, effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { outside, placeDecimal, placeDm } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { LayerPanel } from "../layers/panel.tsx";
import { shown } from "../layers/layers.ts";
import { reading, showLayers, shownAssets } from "../layers/show.ts";
import { wanted } from "../list/filter.ts";
import { selectAlert, selectVessel } from "../state/session.ts";
import * as state from "../state/state.ts";
import { colours } from "../theme/theme.ts";
import { Draw } from "../draw/open.tsx";
import { outline, outlineEffect, zones } from "../draw/zones.ts";
import { drawing } from "./above.ts";
import { Attribution } from "./attribution.tsx";
import { type AssetShape, assetShapes } from "./geometry.ts";
import { endFollow, FollowChip, startFollow } from "./follow.tsx";
import { measure, moveCursor, setPoint } from "./measure.ts";
import { MeasureBox } from "./measure-box.tsx";
import { near } from "./near.ts";
import { nextMarks, stillAhead } from "./next.ts";
import { copy, Notice } from "./notice.tsx";
import { alertPlace, Overlay, type Scene } from "./overlay.ts";
import { type Picked, pick } from "./pick.ts";
import { marked } from "./place.ts";
import { chooseRenderer } from "./probe.ts";
import { Readout } from "./readout.tsx";
import { Tip } from "./tip.tsx";
import { TimeOffer } from "../views/dialog.tsx";
import { mercatorX, mercatorY } from "./mercator.ts";
import { type Camera, type MapView, reducedMotion, START, unproject } from "./view.ts";
import type { Position } from "./wgs84.ts";

export const renderer = chooseRenderer(location.search);
/** Where the pointer is on the map, px; its place changes also when the map moves below it. */
let pointer: { x: number; y: number } | null = null;
export const cursor = signal<[number, number] | null>(null);
export const centre = signal<[number, number]>([20, 59]);
/** `drawn`: a camera has set it. */
export const scale = signal<{ zoom: number; lat: number; drawn: boolean }>({ zoom: 5, lat: 59, drawn: false });
export const hover = signal<{ picked: Picked; x: number; y: number } | null>(null);

let view: MapView | null = null;
/** Where the next view begins: where the last one stood, or where a link leads. */
let begin: { lon: number; lat: number; zoom: number } = START;
/** All assets, and those that are switched on. */
const allShapes = computed<AssetShape[]>(() => (state.assets.value ? assetShapes(state.assets.value) : []));
const shapes = computed<AssetShape[]>(() => {
  const ids = new Set(shownAssets.value?.features.map(({ properties }) => properties.id));
  return allShapes.value.filter(({ properties }) => ids.has(properties.id));
});
const shapeById = computed<ReadonlyMap<string, AssetShape>>(() => new Map(allShapes.value.map((shape) => [shape.properties.id, shape])));
/** Local time at which each alert was first seen; those of the first reading never pulse. */
const bornAt_ms = new Map<string, number>();

/** The map as it is now; null before there is one. */
export const mapView = (): MapView | null => view;
export const zoomMap = (steps: number): void => view?.zoomBy(steps);
export const viewCamera = (): Camera | null => view?.camera() ?? null;
/** What the map will show when it is opened, for a page that came before it. */
export const openingCamera = (): Camera => ({ x: mercatorX(begin.lon), y: mercatorY(begin.lat), zoom: begin.zoom, width: innerWidth, height: innerHeight });
export const panTo = ([lon, lat]: Position): void => view?.goTo(lon, lat);

/** Goes to a place, also before there is a map. */
export function goTo(lon: number, lat: number, zoom?: number): void {
  endFollow();
  if (view) view.goTo(lon, lat, zoom);
  else begin = { lon, lat, zoom: zoom ?? begin.zoom };
}

/** Marks a place and goes there, no further out than it shows something. */
export function goToPlace([lon, lat]: Position): void {
  marked.value = [lon, lat];
  goTo(lon, lat, Math.max(scale.value.zoom, 8));
}

/** Gives the keys to the map. */
export const focusMap = (): void => document.querySelector<HTMLElement>(".map-host[tabindex], .map-host canvas[tabindex]")?.focus();

/** The place that is read out: the measure tool's cursor, that of the pointer, or the centre. */
export const readPlace = computed<Position>(() => measure.value?.cursor ?? cursor.value ?? centre.value);

/** Copies the place that is read out. */
export function copyPlace(): void {
  const place = readPlace.value;
  const text = `${placeDm(...place)} (${placeDecimal(...place)})`;
  void copy(text, say("Copied {text}", { text }), say("The browser does not let it be copied: {text}", { text }));
}

/** The selected vessel and the assets around it; for an alert, the approach to its asset. */
export const nearSelected = computed(() => {
  void state.picture.value;
  const mmsi = state.selectedMmsi.value;
  const row = mmsi === null ? null : state.vessels.row(mmsi);
  return row && near(row, allShapes.value, state.selectedAlert.value?.asset?.id);
});

/** Brings the selection into view; zooms in only when far out. */
export function showSelection(): void {
  const alert = state.selectedAlert.value;
  const mmsi = state.selectedMmsi.value;
  const row = mmsi === null ? null : state.vessels.row(mmsi);
  const place = row ? [row.lon, row.lat] : alert ? alertPlace(alert, state.vessels) : null;
  if (place && view && Number.isFinite(place[0])) view.goTo(place[0]!, place[1]!, Math.max(view.camera().zoom, 8));
}

/** Shows an asset whole. */
export function showAsset(id: string): void {
  const shape = shapeById.value.get(id);
  if (!shape) return;
  const [west, north, east, south] = shape.box;
  const seen = view?.camera();
  // Before there is a map, or behind another page, it has no size: about what it will have.
  const [width, height] = seen && seen.width > 1 ? [seen.width, seen.height] : [0.7 * window.innerWidth, 0.8 * window.innerHeight];
  const zoom = Math.log2(Math.min(width / Math.max(east - west, 1e-5), height / Math.max(south - north, 1e-5)) / 512 / 1.3);
  const x = (west + east) / 2;
  const y = (north + south) / 2;
  const [lon, lat] = unproject({ x, y, zoom: 0, width: 0, height: 0 }, 0, 0);
  goTo(lon, lat, Math.min(11, zoom));
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
  const ahead = state.wholeOf(alert)?.next_assets ?? [];
  return {
    colours: colours.value,
    vessels: state.vessels,
    alerts: wanted.value,
    selectedAlert: alert,
    selected,
    selectedName: selected ? shortName(state.vessel.value?.name ?? alert?.subject.name) : "",
    track: state.track.value ?? state.detail.value?.evidence.fixes ?? null,
    assets: shapeById.value,
    next: selected ? nextMarks(stillAhead(ahead, now_ms), shapeById.value, selected) : [],
    near: nearSelected.value,
    measure: measure.value,
    marked: marked.value,
    stale: shown.value.stale,
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
    return new GlView(host, { drawn }, begin);
  }
  const { CanvasView } = await import("./canvas/canvas-view.ts");
  return new CanvasView(host, { drawn }, begin);
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
    scale.value = { zoom: camera.zoom, lat: centre.value[1], drawn: true };
    begin = { lon: centre.value[0], lat: centre.value[1], zoom: camera.zoom };
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
    stops.push(
      showLayers(made),
      startFollow(made),
      effect(() => {
        noteBirths();
        // Everything the picture shows; reading it here is what makes it redraw.
        void [state.picture.value, state.clock.value, wanted.value, state.selectedAlert.value];
        void [state.selectedMmsi.value, state.vessel.value, state.track.value, state.detail.value, state.probe.value, colours.value];
        void [zones.value, outline.value, outlineEffect.value];
        void [measure.value, marked.value, shown.value, allShapes.value];
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
  if (!view) return null;
  const staleBefore_ms = shown.value.stale ? null : (state.now_ms.value ?? state.vessels.t_ms);
  return pick(view.camera(), x, y, { alerts: wanted.value, vessels: state.vessels, shapes: shapes.value, staleBefore_ms });
}

function onMove(event: PointerEvent): void {
  if (!view || event.buttons !== 0 || drawing.value) {
    hover.value = null;
    if (event.buttons !== 0) endFollow();
    return;
  }
  const { x, y } = pointerAt(event);
  const rests = pointer?.x === x && pointer.y === y; // the map has moved below it
  pointer = { x, y };
  cursor.value = unproject(view.camera(), x, y);
  if (measure.value) {
    if (rests && measure.value.byKeys) return;
    moveCursor(cursor.value, false);
    hover.value = null;
    (event.currentTarget as HTMLElement).style.cursor = "crosshair";
    return;
  }
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
    if (measure.value) return setPoint(view && unproject(view.camera(), x, y));
    const picked = pickAt(x, y);
    if (picked?.kind === "alert") selectAlert(picked.alert.id);
    if (picked?.kind === "vessel") selectVessel(picked.mmsi);
  };
  return (
    <section class="map" aria-label={say("Map")}>
      <div
        ref={host}
        class="map-host"
        role="application"
        aria-label={say("Map of the Baltic. Arrow keys move it, plus and minus zoom.")}
        tabIndex={0}
        onPointerDownCapture={(event) => {
          down.current = pointerAt(event);
        }}
        onPointerMove={onMove}
        onPointerLeave={() => {
          pointer = null;
          cursor.value = null;
          hover.value = null;
          if (!measure.value?.byKeys) moveCursor(null, false);
        }}
        onClick={onClick}
        onDblClickCapture={(event) => { if (measure.value) event.stopPropagation(); }}
        onKeyDownCapture={(event) => { if (event.key.startsWith("Arrow")) endFollow(); }}
        onContextMenu={(event) => {
          event.preventDefault();
          if (!drawing.value) copyPlace(); // there it takes a corner out
        }}
      />
      {reading.value.has("land") ? <p class="map-wait" role="status">{say("Reading the coastline…")}</p> : null}
      <Tip />
      <Draw />
      <Notice />
      <div class="map-head"><TimeOffer /><FollowChip /><MeasureBox /></div>
      <div class="map-zoom">
        <button type="button" aria-label={say("Zoom in")} onClick={() => zoomMap(1)}>+</button>
        <button type="button" aria-label={say("Zoom out")} onClick={() => zoomMap(-1)}>−</button>
      </div>
      <div class="map-foot">
        <div class="map-foot-row">
          <LayerPanel />
          <Readout />
        </div>
        <Attribution />
      </div>
    </section>
  );
}
