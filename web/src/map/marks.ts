// Shapes of the three priorities: on the map, in the list, in the legend, on the slider.
import type { Priority } from "../wire/types.ts";

/** Points in the unit circle, y downwards; a circle has none. */
const POINTS: Record<Priority, readonly (readonly [number, number])[]> = {
  P1: [[0, -1.02], [1, 0.78], [-1, 0.78]],
  P2: [[0, -1.06], [1.06, 0], [0, 1.06], [-1.06, 0]],
  P3: [],
};

/** As an SVG path around (0, 0). */
export function markPath(priority: Priority, radius: number): string {
  const r = (value: number): string => (value * radius).toFixed(2);
  if (priority === "P3") {
    const c = r(0.86);
    return `M-${c} 0A${c} ${c} 0 1 1 ${c} 0A${c} ${c} 0 1 1 -${c} 0Z`;
  }
  return `M${POINTS[priority].map(([x, y]) => `${r(x)} ${r(y)}`).join("L")}Z`;
}

export function traceMark(context: CanvasRenderingContext2D, priority: Priority, x: number, y: number, radius: number): void {
  context.beginPath();
  if (priority === "P3") context.arc(x, y, 0.86 * radius, 0, 2 * Math.PI);
  for (const [dx, dy] of POINTS[priority]) context.lineTo(x + dx * radius, y + dy * radius);
  context.closePath();
}

export const PRIORITY_COLOUR = { P1: "alarm", P2: "warning", P3: "note" } as const;

/** A vessel: an arrow in the unit circle, course up: tip, right, notch, left. */
export const ARROW: readonly (readonly [number, number])[] = [
  [0, -1],
  [0.62, 0.85],
  [0, 0.5],
  [-0.62, 0.85],
];
