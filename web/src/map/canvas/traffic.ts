// All vessels on a 2-D canvas.
import type { VesselStore } from "../../state/vessels.ts";
import { worldPx } from "../mercator.ts";
import { type Camera, markSize } from "../view.ts";
import { DOT_COLUMN, HOLLOW_ROW, makeSprites, SOLID_ROW, type Sprites } from "./sprites.ts";

export interface Look {
  colour: string;
  opacity: number;
  ratio: number;
  /** Whether stale vessels are drawn. */
  stale: boolean;
}

/**
 * Far out every vessel is a dot. One path for all: where they crowd they join to one grey, and do
 * not add up to a bright blob over the cables.
 */
function drawDots(
  context: CanvasRenderingContext2D,
  camera: Camera,
  vessels: VesselStore,
  now_ms: number,
  size_px: number,
  look: Look,
): void {
  const world = worldPx(camera.zoom);
  const [ox, oy] = [camera.x * world - camera.width / 2, camera.y * world - camera.height / 2];
  const half = size_px / 2;
  const hollow = new Path2D();
  context.beginPath();
  for (let slot = 0; slot < vessels.n; slot += 1) {
    const px = vessels.x[slot]! * world - ox;
    const py = vessels.y[slot]! * world - oy;
    if (px < -half || py < -half || px > camera.width + half || py > camera.height + half) continue;
    const isStale = now_ms > vessels.staleAt_ms[slot]!;
    if (isStale && !look.stale) continue;
    if (isStale) hollow.rect(px - half + 0.4, py - half + 0.4, size_px - 0.8, size_px - 0.8);
    else context.rect(px - half, py - half, size_px, size_px);
  }
  context.fillStyle = context.strokeStyle = look.colour;
  context.fill();
  context.lineWidth = 0.8;
  context.stroke(hollow);
}

export class Traffic {
  private readonly sheet = document.createElement("canvas").getContext("2d")!;
  private sprites: Sprites | null = null;
  private key = "";

  draw(
    context: CanvasRenderingContext2D,
    camera: Camera,
    vessels: VesselStore,
    now_ms: number,
    look: Look,
  ): void {
    const { size_px, faint, arrows } = markSize(camera.zoom);
    const opacity = look.opacity * faint;
    if (arrows) {
      // Drawn whole on a sheet of their own, then laid on at once: marks that overlap do not add up.
      const sheet = this.sheetFor(context.canvas, look.ratio);
      this.drawArrows(sheet, camera, vessels, now_ms, size_px, look);
      context.globalAlpha = opacity;
      context.drawImage(sheet.canvas, 0, 0, camera.width, camera.height);
    } else {
      context.globalAlpha = opacity;
      drawDots(context, camera, vessels, now_ms, size_px, look);
    }
    context.globalAlpha = 1;
  }

  private drawArrows(
    context: CanvasRenderingContext2D,
    camera: Camera,
    vessels: VesselStore,
    now_ms: number,
    size_px: number,
    look: Look,
  ): void {
    const sprites = this.spritesFor(Math.round(size_px), look.colour, look.ratio);
    const { sheet, cell } = sprites;
    const half = sprites.size_px / 2;
    const world = worldPx(camera.zoom);
    const [ox, oy] = [camera.x * world - camera.width / 2, camera.y * world - camera.height / 2];
    for (let slot = 0; slot < vessels.n; slot += 1) {
      const px = vessels.x[slot]! * world - ox;
      const py = vessels.y[slot]! * world - oy;
      if (px < -half || py < -half || px > camera.width + half || py > camera.height + half) continue;
      const isStale = now_ms > vessels.staleAt_ms[slot]!;
      if (isStale && !look.stale) continue;
      const column = vessels.isPointed(slot) ? sprites.column(vessels.cog_x10[slot]!) : DOT_COLUMN;
      const row = isStale ? HOLLOW_ROW : SOLID_ROW;
      context.drawImage(sheet, column * cell, row * cell, cell, cell, px - half, py - half, sprites.size_px, sprites.size_px);
    }
  }

  /** An empty sheet as large as the map, in its units. */
  private sheetFor({ width, height }: HTMLCanvasElement, ratio: number): CanvasRenderingContext2D {
    const { canvas } = this.sheet;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.sheet.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.sheet.clearRect(0, 0, width / ratio, height / ratio);
    return this.sheet;
  }

  private spritesFor(mark_px: number, colour: string, ratio: number): Sprites {
    const key = `${mark_px} ${colour} ${ratio}`;
    if (!this.sprites || this.key !== key) {
      this.sprites = makeSprites(mark_px, colour, ratio);
      this.key = key;
    }
    return this.sprites;
  }
}
