// Dragging, wheel, pinch and keys for the canvas map.
import { latOf, lonOf, worldPx } from "../mercator.ts";
import type { Camera } from "../view.ts";

const WHEEL_STEP = 1 / 450;
const PAN_KEY_PX = 120;

export interface CameraControl {
  camera(): Camera;
  /** `busy`: more of the same is to be expected, a rough picture is enough. */
  move(camera: Camera, busy: boolean): void;
  allows(what: "drag" | "double-click"): boolean;
}

/** The camera that shows the same place under (px, py) at another zoom. */
export function zoomAround(camera: Camera, zoom: number, px: number, py: number): Camera {
  const [before, after] = [worldPx(camera.zoom), worldPx(zoom)];
  const [dx, dy] = [px - camera.width / 2, py - camera.height / 2];
  return { ...camera, zoom, x: camera.x + dx / before - dx / after, y: camera.y + dy / before - dy / after };
}

export function attachInput(element: HTMLElement, control: CameraControl): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  const off = new AbortController();
  const listen = { signal: off.signal };
  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const pan = (dx: number, dy: number, busy: boolean): void => {
    const camera = control.camera();
    const world = worldPx(camera.zoom);
    control.move({ ...camera, x: camera.x - dx / world, y: camera.y - dy / world }, busy);
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, place(event));
    element.setPointerCapture(event.pointerId);
  }, listen);
  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const ratio = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      const [cx, cy] = [(now.x + other.x) / 2, (now.y + other.y) / 2];
      const camera = control.camera();
      control.move(zoomAround(camera, camera.zoom + Math.log2(ratio), cx, cy), true);
    } else if (control.allows("drag")) pan(now.x - before.x, now.y - before.y, true);
    pointers.set(event.pointerId, now);
  }, listen);
  const release = (event: PointerEvent): void => {
    if (pointers.delete(event.pointerId)) control.move(control.camera(), false);
  };
  element.addEventListener("pointerup", release, listen);
  element.addEventListener("pointercancel", release, listen);
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    const camera = control.camera();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 30 : event.deltaY;
    control.move(zoomAround(camera, camera.zoom - pixels * WHEEL_STEP, x, y), true);
  }, { ...listen, passive: false });
  element.addEventListener("dblclick", (event) => {
    if (!control.allows("double-click")) return;
    const { x, y } = place(event);
    control.move(zoomAround(control.camera(), control.camera().zoom + 1, x, y), false);
  }, listen);
  element.addEventListener("keydown", (event) => {
    const step: Record<string, [number, number]> = {
      ArrowLeft: [PAN_KEY_PX, 0],
      ArrowRight: [-PAN_KEY_PX, 0],
      ArrowUp: [0, PAN_KEY_PX],
      ArrowDown: [0, -PAN_KEY_PX],
    };
    const shift = step[event.key];
    if (!shift || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    pan(shift[0], shift[1], false);
  }, listen);
  return () => off.abort();
}

/** Longitude and latitude of a camera's centre. */
export const centre = (camera: Camera): [number, number] => [lonOf(camera.x), latOf(camera.y)];
