// Zones on the map, in both renderers: told apart by their line and their word, never by hue alone.
import { computed } from "@preact/signals";
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { now_ms, vessels } from "../state/state.ts";
import { alpha, type Colours, colours } from "../theme/theme.ts";
import type { Zone, ZoneEffect } from "../wire/types.ts";
import { painters } from "../map/above.ts";
import { type Shape, shapesOf } from "../map/geometry.ts";
import { inView, trace } from "../map/trace.ts";
import { type Camera, project, toScreen } from "../map/view.ts";
import { effectWord, outline, outlineEffect, standing, zones } from "./zones.ts";

/** Solid is a vigilance area, dashes a zone, dots a mask; two lines where it mutes. */
const DASH: Readonly<Record<ZoneEffect, number[]>> = { none: [9, 4], raise: [], downgrade: [2, 4], mute: [2, 4] };
const NAMED_FROM_ZOOM = 6;
const NAME_MOST = 28;

/** Neutral inks: the hues belong to alerts and assets. */
const ink = (hues: Colours, effect: ZoneEffect): string => (effect === "raise" ? hues.text1 : effect === "none" ? hues.text2 : hues.text3);

const shaped = computed(() => zones.value.features.map((zone) => ({ zone, shapes: shapesOf(zone.geometry) })));

function traceAll(context: CanvasRenderingContext2D, camera: Camera, shapes: readonly Shape[]): void {
  context.beginPath();
  for (const { paths } of shapes) for (const path of paths) trace(context, camera, path, true);
}

function hatch(context: CanvasRenderingContext2D, camera: Camera, shapes: readonly Shape[], colour: string, gap_px: number): void {
  const boxes = shapes.map(({ box }) => [...toScreen(camera, box[0], box[1]), ...toScreen(camera, box[2], box[3])]);
  const left = Math.max(0, Math.min(...boxes.map((box) => box[0]!)));
  const top = Math.max(0, Math.min(...boxes.map((box) => box[1]!)));
  const right = Math.min(camera.width, Math.max(...boxes.map((box) => box[2]!)));
  const bottom = Math.min(camera.height, Math.max(...boxes.map((box) => box[3]!)));
  context.save();
  context.clip("evenodd");
  context.beginPath();
  const height = bottom - top;
  for (let x = left - height; x < right; x += gap_px) {
    context.moveTo(x, bottom);
    context.lineTo(x + height, top);
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.stroke();
  context.restore();
}

function strokeAs(context: CanvasRenderingContext2D, hues: Colours, effect: ZoneEffect, faint: boolean): void {
  context.setLineDash([]);
  context.strokeStyle = alpha(hues.sea, 0.75);
  context.lineWidth = 4.5;
  context.stroke();
  context.setLineDash(DASH[effect]);
  context.strokeStyle = alpha(ink(hues, effect), faint ? 0.5 : 1);
  context.lineWidth = effect === "raise" ? 2.2 : 1.6;
  context.stroke();
  context.setLineDash([]);
}

function nameIt(context: CanvasRenderingContext2D, camera: Camera, hues: Colours, zone: Zone, shapes: readonly Shape[], waits: boolean): void {
  const { name, id, effect } = zone.properties;
  const top = shapes.reduce((best, shape) => (shape.box[1] < best.box[1] ? shape : best));
  const [x, y] = toScreen(camera, (top.box[0] + top.box[2]) / 2, top.box[1]);
  const full = outside(name || id);
  const short = full.length > NAME_MOST ? `${full.slice(0, NAME_MOST - 1)}…` : full;
  const text = `${effectWord(effect)}${waits ? `, ${say("waits")}` : ""} · ${short}`;
  context.font = "11px Inter, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "center";
  context.strokeStyle = alpha(hues.sea, 0.85);
  context.lineWidth = 4;
  context.strokeText(text, x, y - 9);
  context.fillStyle = ink(hues, effect);
  context.fillText(text, x, y - 9);
  context.textAlign = "start";
}

function paintZone(context: CanvasRenderingContext2D, camera: Camera, zone: Zone, shapes: readonly Shape[], t_ms: number): void {
  const { effect } = zone.properties;
  const state = standing(zone, t_ms);
  const seen = shapes.filter(({ box }) => inView(box, camera));
  if (state === "over" || seen.length === 0) return;
  const hues = colours.value;
  traceAll(context, camera, seen);
  if (effect === "mute" || effect === "downgrade") {
    hatch(context, camera, seen, alpha(hues.text3, effect === "mute" ? 0.4 : 0.22), effect === "mute" ? 8 : 16);
    traceAll(context, camera, seen);
  }
  strokeAs(context, hues, effect, state === "waits");
  if (camera.zoom >= NAMED_FROM_ZOOM || effect === "raise") nameIt(context, camera, hues, zone, seen, state === "waits");
}

function paintOutline(context: CanvasRenderingContext2D, camera: Camera): void {
  const hues = colours.value;
  const corners = outline.value.map(([lon, lat]) => project(camera, lon, lat));
  if (corners.length === 0) return;
  context.beginPath();
  corners.forEach(([x, y], at) => (at === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.closePath();
  context.fillStyle = alpha(hues.selection, 0.08);
  context.fill();
  strokeAs(context, hues, outlineEffect.value, false);
  context.strokeStyle = hues.selection;
  context.lineWidth = 1;
  context.stroke();
}

/** Puts the zones on the map. */
export function startPaint(): void {
  painters.add((context, camera) => {
    const t_ms = now_ms.value ?? vessels.t_ms;
    context.lineJoin = "round";
    for (const { zone, shapes } of shaped.value) paintZone(context, camera, zone, shapes, t_ms);
    paintOutline(context, camera);
  });
}
