// What lies above the map in both renderers: the selection, its track and what comes next, and alerts.
import type { VesselRow, VesselStore } from "../state/vessels.ts";
import { STALE_UNDER_WAY_MS } from "../state/vessels.ts";
import { alpha, type Colours } from "../theme/theme.ts";
import type { Alert, Priority, Track } from "../wire/types.ts";
import { outside, utcMinute } from "../format/format.ts";
import { painters } from "./above.ts";
import { stampAlert, stampOf } from "./alert-marks.ts";
import type { AssetShape } from "./geometry.ts";
import { ahead } from "./mercator.ts";
import type { NextMark } from "./next.ts";
import { drawMarked, drawMeasure, label, textWidth } from "./measure-draw.ts";
import type { Measure } from "./measure.ts";
import { drawNear } from "./near-draw.ts";
import type { Near } from "./near.ts";
import { trace } from "./trace.ts";
import { type Camera, markSize, project, toScreen } from "./view.ts";
import type { Position } from "./wgs84.ts";

const VECTOR_MIN = 30;
/** Above so many exercise vessels in view the brackets would be a carpet. */
const MOST_BRACKETS = 80;
const PULSE_MS = 2000;
/** From here on there is room to name every next asset. */
const ALL_LABELS_ZOOM = 7;

export interface Scene {
  colours: Colours;
  vessels: VesselStore;
  alerts: readonly Alert[];
  selectedAlert: Alert | null;
  selected: VesselRow | null;
  selectedName: string;
  track: Track | null;
  assets: ReadonlyMap<string, AssetShape>;
  next: readonly NextMark[];
  near: Near | null;
  measure: Measure | null;
  /** A place that was searched for. */
  marked: Position | null;
  /** Whether stale vessels are drawn. */
  stale: boolean;
  probe: { lon: number; lat: number } | null;
  /** Local ms at which an alert was first seen, for the pulse of a new Alarm. */
  bornAt_ms: ReadonlyMap<string, number>;
  local_ms: number;
  now_ms: number;
}

export class Overlay {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d")!;

  constructor() {
    this.canvas.className = "map-canvas overlay";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  /** Draws the scene; true while something moves and wants another frame. */
  draw(camera: Camera, scene: Scene): boolean {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    context.lineJoin = "round";
    drawAssets(context, camera, scene);
    for (const paint of painters) paint(context, camera);
    drawTrack(context, camera, scene);
    drawBrackets(context, camera, scene);
    if (scene.selected && scene.near) drawNear(context, camera, scene.colours, scene.selected, scene.near);
    drawSelected(context, camera, scene);
    drawNext(context, camera, scene);
    const moving = drawAlerts(context, camera, scene);
    drawProbe(context, camera, scene);
    if (scene.marked) drawMarked(context, camera, scene.colours, scene.marked);
    if (scene.measure) drawMeasure(context, camera, scene.colours, scene.measure);
    return moving;
  }
}

/** Where an alert's mark stands: on its vessel while it is open and heard, else where it began. */
export function alertPlace(alert: Alert, vessels: VesselStore): [number, number] {
  const row = alert.state === "open" && alert.subject.mmsi !== null ? vessels.row(alert.subject.mmsi) : null;
  return row ? [row.lon, row.lat] : [alert.lon, alert.lat];
}

function drawAssets(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const ids = [scene.selectedAlert?.asset?.id, ...scene.next.map((mark) => mark.asset.id)];
  for (const id of new Set(ids)) {
    const shape = id ? scene.assets.get(id) : undefined;
    if (!shape || shape.class === "point") continue;
    context.beginPath();
    for (const path of shape.paths) trace(context, camera, path, shape.closed);
    context.strokeStyle = alpha(scene.colours[shape.class], 0.35);
    context.lineWidth = 6;
    context.setLineDash([]);
    context.stroke();
    context.strokeStyle = scene.colours[shape.class];
    context.lineWidth = 2.4;
    context.setLineDash(shape.class === "pipeline" ? [6, 4] : []);
    context.stroke();
    context.setLineDash([]);
  }
}

function drawTrack(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { track, colours } = scene;
  if (!track || track.t_ms.length === 0) return;
  const heard = new Path2D();
  const unheard = new Path2D();
  const dots = new Path2D();
  let [px, py, pt] = [Number.NaN, Number.NaN, Number.NaN];
  for (let at = 0; at < track.t_ms.length; at += 1) {
    const [lon, lat, t] = [track.lon[at], track.lat[at], track.t_ms[at]!];
    if (lon == null || lat == null || t > scene.now_ms + 1000) continue;
    const [x, y] = project(camera, lon, lat);
    if (!Number.isNaN(px)) {
      const path = t - pt > STALE_UNDER_WAY_MS * 2 ? unheard : heard;
      path.moveTo(px, py);
      path.lineTo(x, y);
    }
    if (camera.zoom >= 11) {
      dots.moveTo(x + 1.8, y);
      dots.arc(x, y, 1.8, 0, 2 * Math.PI);
    }
    [px, py, pt] = [x, y, t];
  }
  context.strokeStyle = alpha(colours.sea, 0.7);
  context.lineWidth = 3.6;
  context.stroke(heard);
  context.strokeStyle = alpha(colours.selection, 0.85);
  context.lineWidth = 1.5;
  context.stroke(heard);
  context.setLineDash([1.5, 5]);
  context.stroke(unheard);
  context.setLineDash([]);
  context.fillStyle = colours.selection;
  context.fill(dots);
}

/** Corners around vessels that an exercise laid in. */
function drawBrackets(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { vessels, colours } = scene;
  const found: [number, number][] = [];
  for (let slot = 0; slot < vessels.n; slot += 1) {
    if ((vessels.vesselClass[slot]! & 0x80) === 0) continue;
    if (!scene.stale && scene.now_ms > vessels.staleAt_ms[slot]!) continue;
    const [x, y] = toScreen(camera, vessels.x[slot]!, vessels.y[slot]!);
    if (x < 0 || y < 0 || x > camera.width || y > camera.height) continue;
    found.push([x, y]);
    if (found.length > MOST_BRACKETS) return;
  }
  context.strokeStyle = colours.text2;
  context.lineWidth = 1.2;
  context.beginPath();
  for (const [x, y] of found) {
    for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
      context.moveTo(x + sx * 10, y + sy * 6);
      context.lineTo(x + sx * 10, y + sy * 10);
      context.lineTo(x + sx * 6, y + sy * 10);
    }
  }
  context.stroke();
}

function drawSelected(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { selected, colours } = scene;
  if (!selected) return;
  const [x, y] = project(camera, selected.lon, selected.lat);
  const { size_px } = markSize(camera.zoom);
  if (selected.cog_deg !== null && selected.sog_kn !== null && selected.sog_kn > 0.2) {
    const distance_m = (selected.sog_kn * 1852 * VECTOR_MIN) / 60;
    const [vx, vy] = project(camera, ...ahead(selected.lon, selected.lat, selected.cog_deg, distance_m));
    context.strokeStyle = colours.selection;
    context.lineWidth = 1.4;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(vx, vy);
    const across = ((selected.cog_deg + 90) * Math.PI) / 180;
    const [tx, ty] = [Math.sin(across) * 4, -Math.cos(across) * 4];
    context.moveTo(vx - tx, vy - ty);
    context.lineTo(vx + tx, vy + ty);
    context.stroke();
  }
  context.strokeStyle = alpha(colours.sea, 0.8);
  context.lineWidth = 3.4;
  context.beginPath();
  context.arc(x, y, size_px / 2 + 8, 0, 2 * Math.PI);
  context.stroke();
  context.strokeStyle = colours.selection;
  context.lineWidth = 1.5;
  context.stroke();
  if (scene.selectedName) label(context, scene.selectedName, x + 26, y - 16, colours.text1, alpha(colours.sea, 0.85));
}

/** "Unnamed submarine cable (OSM way 804553520)" is too long for a label; its number stands in the list. */
const shortAsset = (name: string): string => outside(name.replace(/\s*\(OSM way \d+\)$/, "")).slice(0, 32);

function drawNext(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  const { colours, selected } = scene;
  if (!selected) return;
  const [sx, sy] = project(camera, selected.lon, selected.lat);
  const rows: number[] = [];
  for (const { asset, x, y, met } of scene.next) {
    const [px, py] = toScreen(camera, x, y);
    context.strokeStyle = alpha(colours.selection, 0.45);
    context.lineWidth = 1;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(sx, sy);
    context.lineTo(px, py);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = colours.sea;
    context.strokeStyle = colours.selection;
    context.lineWidth = 1.5;
    context.beginPath();
    if (met) context.rect(px - 3.5, py - 3.5, 7, 7);
    else context.arc(px, py, 3.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    if (camera.zoom < ALL_LABELS_ZOOM && rows.length > 0) continue; // far out only the soonest is named
    // Hard by the vessel the label goes below its marks, and no two stand on one another.
    const near = Math.hypot(px - sx, py - sy) < 40;
    let ly = near ? sy + 30 : py;
    while (rows.some((row) => Math.abs(row - ly) < 15)) ly += 15;
    rows.push(ly);
    const eta_ms = asset.eta ? Date.parse(asset.eta) : Number.NaN;
    const eta = Number.isNaN(eta_ms) ? "no ETA" : `ETA ${utcMinute(eta_ms)}`;
    const text = `${shortAsset(asset.name)} ${eta}`;
    // On the side away from the vessel, so that its mark stays free.
    const ahead_px = px - 9 - textWidth(context, text);
    const lx = near ? sx + 9 : px < sx && ahead_px > 0 ? ahead_px : px + 9;
    label(context, text, lx, ly, colours.text1, alpha(colours.sea, 0.85));
  }
}

/** Partners' first, then Notes, Alarms last, the selected one on top of all. */
function drawAlerts(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): boolean {
  const weight = (alert: Alert): number =>
    (alert.id === scene.selectedAlert?.id ? 100 : 0) - (alert.origin ? 20 : 0) + (alert.state === "open" ? 10 : 0) + { P1: 3, P2: 2, P3: 1 }[alert.priority];
  let moving = false;
  // Alerts of one vessel stand on one place: of equal marks there the first is enough.
  const stamped = new Set<string>();
  for (const alert of [...scene.alerts].sort((a, b) => weight(a) - weight(b))) {
    const [x, y] = project(camera, ...alertPlace(alert, scene.vessels));
    if (x < -40 || y < -40 || x > camera.width + 40 || y > camera.height + 40) continue;
    const age_ms = scene.local_ms - (scene.bornAt_ms.get(alert.id) ?? Number.NEGATIVE_INFINITY);
    if (alert.priority === "P1" && alert.state === "open" && age_ms < PULSE_MS) {
      moving = true;
      const part = (age_ms % 1000) / 1000;
      context.strokeStyle = alpha(scene.colours.alarm, 1 - part);
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, 14 + part * 26, 0, 2 * Math.PI);
      context.stroke();
    }
    const key = `${Math.round(x)} ${Math.round(y)} ${stampOf(alert)}`;
    if (!stamped.has(key)) stampAlert(context, scene.colours, alert, x, y);
    stamped.add(key);
    if (alert.id === scene.selectedAlert?.id) selectionCorners(context, scene.colours, x, y);
  }
  return moving;
}

function selectionCorners(context: CanvasRenderingContext2D, colours: Colours, x: number, y: number): void {
  context.strokeStyle = colours.selection;
  context.lineWidth = 1.6;
  context.beginPath();
  for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
    context.moveTo(x + sx * 20, y + sy * 13);
    context.lineTo(x + sx * 20, y + sy * 20);
    context.lineTo(x + sx * 13, y + sy * 20);
  }
  context.stroke();
}

function drawProbe(context: CanvasRenderingContext2D, camera: Camera, scene: Scene): void {
  if (!scene.probe) return;
  const [x, y] = project(camera, scene.probe.lon, scene.probe.lat);
  context.fillStyle = scene.colours["chart-mark"];
  context.strokeStyle = scene.colours.sea;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}

export const priorityRank = (priority: Priority): number => ({ P1: 0, P2: 1, P3: 2 })[priority];
