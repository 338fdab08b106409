// A picture that is painted once, larger than the view, and pushed around until it no longer fits.
import type { Camera } from "../view.ts";
import { worldPx } from "../mercator.ts";

/** Room on each side, as a share of the view. */
const MARGIN = 0.3;

export type Painter = (context: CanvasRenderingContext2D, camera: Camera) => void;

export class CachedLayer {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d")!;
  private painted: Camera | null = null;

  constructor(private readonly paint: Painter) {}

  /** The content or its colours have changed. */
  forget(): void {
    this.painted = null;
  }

  /** True when the picture is sharp and covers the whole view. */
  fits(camera: Camera): boolean {
    return this.painted !== null && this.painted.zoom === camera.zoom && this.covers(camera);
  }

  private covers(camera: Camera): boolean {
    const painted = this.painted;
    if (!painted) return false;
    const [world, scale] = [worldPx(camera.zoom), 2 ** (camera.zoom - painted.zoom)];
    const slackX = (painted.width * scale - camera.width) / 2;
    const slackY = (painted.height * scale - camera.height) / 2;
    return Math.abs((camera.x - painted.x) * world) <= slackX && Math.abs((camera.y - painted.y) * world) <= slackY;
  }

  /** Puts the picture on the view; paints anew if it must, or if `sharp` asks for it. */
  draw(target: CanvasRenderingContext2D, camera: Camera, ratio: number, sharp: boolean): void {
    if (!this.covers(camera) || (sharp && !this.fits(camera))) this.repaint(camera, ratio);
    const painted = this.painted!;
    const scale = 2 ** (camera.zoom - painted.zoom);
    const [width, height] = [painted.width * scale, painted.height * scale];
    const world = worldPx(camera.zoom);
    const left = (painted.x - camera.x) * world + camera.width / 2 - width / 2;
    const top = (painted.y - camera.y) * world + camera.height / 2 - height / 2;
    // Whole device pixels: half a pixel of shift would blur every line.
    const snap = (value: number): number => (scale === 1 ? Math.round(value * ratio) / ratio : value);
    target.drawImage(this.canvas, snap(left), snap(top), width, height);
  }

  private repaint(camera: Camera, ratio: number): void {
    const width = Math.ceil(camera.width * (1 + 2 * MARGIN));
    const height = Math.ceil(camera.height * (1 + 2 * MARGIN));
    const painted = { ...camera, width, height };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.paint(this.context, painted);
    this.painted = painted;
  }
}
