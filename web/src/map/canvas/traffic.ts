// All vessels on a 2-D canvas.
import type { VesselStore } from "../../state/vessels.ts";
import { worldPx } from "../mercator.ts";
import { type Camera, markSize } from "../view.ts";
import { DOT_COLUMN, HOLLOW_ROW, makeSprites, SOLID_ROW, type Sprites } from "./sprites.ts";

export class Traffic {
  private sprites: Sprites | null = null;
  private key = "";

  draw(
    context: CanvasRenderingContext2D,
    camera: Camera,
    vessels: VesselStore,
    now_ms: number,
    look: { colour: string; opacity: number; ratio: number },
  ): void {
    const { size_px, faint, arrows } = markSize(camera.zoom);
    const sprites = this.spritesFor(Math.round(size_px), look.colour, look.ratio, arrows);
    const { sheet, cell } = sprites;
    const half = sprites.size_px / 2;
    const world = worldPx(camera.zoom);
    const [ox, oy] = [camera.x * world - camera.width / 2, camera.y * world - camera.height / 2];
    context.globalAlpha = look.opacity * faint;
    for (let slot = 0; slot < vessels.n; slot += 1) {
      const px = vessels.x[slot]! * world - ox;
      const py = vessels.y[slot]! * world - oy;
      if (px < -half || py < -half || px > camera.width + half || py > camera.height + half) continue;
      const column = vessels.isPointed(slot) ? sprites.column(vessels.cog_x10[slot]!) : DOT_COLUMN;
      const row = now_ms > vessels.staleAt_ms[slot]! ? HOLLOW_ROW : SOLID_ROW;
      context.drawImage(sheet, column * cell, row * cell, cell, cell, px - half, py - half, sprites.size_px, sprites.size_px);
    }
    context.globalAlpha = 1;
  }

  private spritesFor(mark_px: number, colour: string, ratio: number, arrows: boolean): Sprites {
    const key = `${mark_px} ${colour} ${ratio} ${arrows}`;
    if (!this.sprites || this.key !== key) {
      this.sprites = makeSprites(mark_px, colour, ratio, arrows);
      this.key = key;
    }
    return this.sprites;
  }
}
