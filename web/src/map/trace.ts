// Paths of the unit square on a 2-D canvas.
import type { Box, Path } from "./geometry.ts";
import { worldPx } from "./mercator.ts";
import type { Camera } from "./view.ts";

/** Points nearer than this to the last one drawn are left out, px. */
const LEAST_STEP_PX = 0.6;

/** Whether any of a box lies in the view. */
export function inView(box: Box, camera: Camera): boolean {
  const world = worldPx(camera.zoom);
  const [halfX, halfY] = [camera.width / 2 / world, camera.height / 2 / world];
  return box[0] < camera.x + halfX && box[2] > camera.x - halfX && box[1] < camera.y + halfY && box[3] > camera.y - halfY;
}

/** Adds a path to the context's current one, in screen pixels. */
export function trace(context: CanvasRenderingContext2D, camera: Camera, path: Path, closed: boolean): void {
  const world = worldPx(camera.zoom);
  const [ox, oy] = [camera.x * world - camera.width / 2, camera.y * world - camera.height / 2];
  let [px, py] = [path[0]! * world - ox, path[1]! * world - oy];
  context.moveTo(px, py);
  for (let at = 2; at < path.length; at += 2) {
    const [x, y] = [path[at]! * world - ox, path[at + 1]! * world - oy];
    const last = at === path.length - 2;
    if (!last && Math.abs(x - px) < LEAST_STEP_PX && Math.abs(y - py) < LEAST_STEP_PX) continue;
    context.lineTo(x, y);
    [px, py] = [x, y];
  }
  if (closed) context.closePath();
}
