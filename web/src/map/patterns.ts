// Fills that are not a colour: wind farms are hatched, water where nothing was heard is stippled.
import { alpha } from "../theme/theme.ts";

export const HATCH = "hatch";
export const STIPPLE = "stipple";
export const TERMINAL = "terminal";
const TILE_PX = 8;

function tile(draw: (pen: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = TILE_PX;
  draw(canvas.getContext("2d")!);
  return canvas;
}

/** Diagonal lines. */
export const hatchTile = (hex: string): HTMLCanvasElement =>
  tile((pen) => {
    pen.strokeStyle = alpha(hex, 0.55);
    pen.lineWidth = 1;
    pen.beginPath();
    for (const shift of [-TILE_PX, 0, TILE_PX]) {
      pen.moveTo(shift, TILE_PX);
      pen.lineTo(shift + TILE_PX, 0);
    }
    pen.stroke();
  });

/** Fine dots, two a tile. */
export const stippleTile = (hex: string): HTMLCanvasElement =>
  tile((pen) => {
    pen.fillStyle = alpha(hex, 0.85);
    for (const at of [1, 5]) pen.fillRect(at, at, 1.3, 1.3);
  });

/** A small square, as the canvas draws it. */
export const terminalImage = (sea: string, edge: string): ImageData =>
  pixels(tile((pen) => {
    pen.fillStyle = sea;
    pen.strokeStyle = edge;
    pen.lineWidth = 1.4;
    pen.fillRect(1, 1, 6, 6);
    pen.strokeRect(1, 1, 6, 6);
  }));

const pixels = (canvas: HTMLCanvasElement): ImageData => canvas.getContext("2d")!.getImageData(0, 0, TILE_PX, TILE_PX);

export const hatchImage = (hex: string): ImageData => pixels(hatchTile(hex));
export const stippleImage = (hex: string): ImageData => pixels(stippleTile(hex));
