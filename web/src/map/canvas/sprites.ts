// Vessel marks drawn once: 72 courses, solid and hollow, and dots. Then each vessel is one drawImage.

import { ARROW } from "../marks.ts";

const COURSES = 72;

export interface Sprites {
  sheet: HTMLCanvasElement;
  /** Side of a cell in device pixels and in CSS pixels. */
  cell: number;
  size_px: number;
  /** Column of a course in tenths of a degree. */
  column(cog_x10: number): number;
}

export const DOT_COLUMN = COURSES;
export const SOLID_ROW = 0;
export const HOLLOW_ROW = 1;

export function makeSprites(mark_px: number, colour: string, ratio: number): Sprites {
  const cell = Math.ceil((mark_px + 4) * ratio);
  const sheet = document.createElement("canvas");
  sheet.width = cell * (COURSES + 1);
  sheet.height = cell * 2;
  const pen = sheet.getContext("2d")!;
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineJoin = "round";
  const half = (mark_px / 2) * ratio;
  const line = 1.15 * ratio;
  for (const row of [SOLID_ROW, HOLLOW_ROW]) {
    for (let column = 0; column <= COURSES; column += 1) {
      pen.setTransform(1, 0, 0, 1, (column + 0.5) * cell, (row + 0.5) * cell);
      pen.beginPath();
      if (column === DOT_COLUMN) {
        const radius = half * 0.5;
        pen.arc(0, 0, row === HOLLOW_ROW ? radius - line / 2 : radius, 0, 2 * Math.PI);
      } else {
        pen.rotate((column * 2 * Math.PI) / COURSES);
        const inset = row === HOLLOW_ROW ? half - line / 2 : half;
        for (const [x, y] of ARROW) pen.lineTo(x * inset, y * inset);
        pen.closePath();
      }
      if (row === HOLLOW_ROW) {
        pen.lineWidth = line;
        pen.stroke();
      } else pen.fill();
    }
  }
  return {
    sheet,
    cell,
    size_px: cell / ratio,
    column: (cog_x10) => Math.round((cog_x10 * COURSES) / 3600) % COURSES,
  };
}
