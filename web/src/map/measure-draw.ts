// The measure tool and a searched place on the overlay.
import { placeDm } from "../format/format.ts";
import { alpha, type Colours } from "../theme/theme.ts";
import { bearing, type Leg, legsOf, type Measure, miles } from "./measure.ts";
import { type Camera, project } from "./view.ts";
import { between, type Position } from "./wgs84.ts";

/** On this chart a great circle of so many pieces shows no corner. */
const PIECES = 32;

const LABEL_FONT = '11px "JetBrains Mono", ui-monospace, monospace';

/** Width of a label in px. */
export function textWidth(context: CanvasRenderingContext2D, text: string): number {
  context.font = LABEL_FONT;
  return context.measureText(text).width;
}

export function label(context: CanvasRenderingContext2D, text: string, x: number, y: number, ink: string, halo: string): void {
  context.font = LABEL_FONT;
  context.textBaseline = "middle";
  context.strokeStyle = halo;
  context.lineWidth = 4;
  context.strokeText(text, x, y);
  context.fillStyle = ink;
  context.fillText(text, x, y);
}

function strokeLeg(context: CanvasRenderingContext2D, camera: Camera, colours: Colours, leg: Leg, dash: number[]): void {
  context.beginPath();
  for (const place of between(leg.from, leg.to, PIECES)) context.lineTo(...project(camera, ...place));
  context.setLineDash([]);
  context.strokeStyle = alpha(colours.sea, 0.8);
  context.lineWidth = 4;
  context.stroke();
  context.setLineDash(dash);
  context.strokeStyle = colours.focus;
  context.lineWidth = 1.6;
  context.stroke();
  context.setLineDash([]);
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, colour: string, halo: string): void {
  context.beginPath();
  for (const [ux, uy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
    context.moveTo(x + ux * 4, y + uy * 4);
    context.lineTo(x + ux * 13, y + uy * 13);
  }
  context.strokeStyle = halo;
  context.lineWidth = 4;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.stroke();
}

export function drawMeasure(context: CanvasRenderingContext2D, camera: Camera, colours: Colours, { points, cursor, byKeys }: Measure): void {
  const halo = alpha(colours.sea, 0.85);
  const last = points.at(-1);
  const all = legsOf(points);
  const [leg] = last && cursor ? legsOf([last, cursor]) : [];
  // The pointer still on the point would write 0 NM over what the leg before it says.
  const open = leg && leg.distance_m > 0 ? leg : null;
  for (const leg of all) strokeLeg(context, camera, colours, leg, []);
  if (open) strokeLeg(context, camera, colours, open, [4, 4]);
  for (const point of points) {
    const [x, y] = project(camera, ...point);
    context.beginPath();
    context.arc(x, y, 4, 0, 2 * Math.PI);
    context.fillStyle = colours.sea;
    context.fill();
    context.strokeStyle = colours.focus;
    context.lineWidth = 1.8;
    context.stroke();
  }
  for (const leg of open ? [...all, open] : all) {
    const [x, y] = project(camera, ...leg.to);
    label(context, `${miles(leg.distance_m)} ${bearing(leg.bearing_deg)}`, x + 12, y + 14, colours.text1, halo);
  }
  if (byKeys && cursor) cross(context, ...project(camera, ...cursor), colours.focus, halo);
}

/** A searched place, with what was searched for. */
export function drawMarked(context: CanvasRenderingContext2D, camera: Camera, colours: Colours, place: Position): void {
  const [x, y] = project(camera, ...place);
  const halo = alpha(colours.sea, 0.85);
  cross(context, x, y, colours.selection, halo);
  label(context, placeDm(...place), x + 14, y - 12, colours.text1, halo);
}
