// The selected vessel's distance to the nearest asset, and its closest approach, on the overlay.
import { alpha, type Colours } from "../theme/theme.ts";
import { label } from "./measure-draw.ts";
import { miles } from "./measure.ts";
import type { Near } from "./near.ts";
import { type Camera, project } from "./view.ts";
import type { Position } from "./wgs84.ts";

/** Nearer than this on the screen a line would only hide the mark. */
const LEAST_PX = 24;
/** Further than this the nearest asset is no matter of the map. */
const MOST_M = 20 * 1852;

function stroke(context: CanvasRenderingContext2D, from: Position, to: Position, colour: string): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.setLineDash([2, 3]);
  context.strokeStyle = colour;
  context.lineWidth = 1.3;
  context.stroke();
  context.setLineDash([]);
}

export function drawNear(
  context: CanvasRenderingContext2D,
  camera: Camera,
  colours: Colours,
  from: { lon: number; lat: number },
  { nearest, cpa }: Near,
): void {
  const at = project(camera, from.lon, from.lat);
  if (nearest && nearest.distance_m <= MOST_M) {
    const to = project(camera, ...nearest.place);
    if (Math.hypot(to[0] - at[0], to[1] - at[1]) >= LEAST_PX) {
      stroke(context, at, to, colours.selection);
      label(context, miles(nearest.distance_m), to[0] + 8, to[1] + 10, colours.text1, alpha(colours.sea, 0.85));
    }
  }
  if (!cpa || cpa.after_ms === 0 || cpa.distance_m > MOST_M) return;
  const [own, other] = [project(camera, ...cpa.at), project(camera, ...cpa.place)];
  if (Math.hypot(own[0] - at[0], own[1] - at[1]) < LEAST_PX) return;
  stroke(context, own, other, colours.selection);
  context.beginPath();
  context.arc(...own, 3.5, 0, 2 * Math.PI);
  context.fillStyle = colours.sea;
  context.fill();
  context.strokeStyle = colours.selection;
  context.lineWidth = 1.4;
  context.stroke();
}
