// A priority's shape as SVG. The word stands beside it wherever it is used.
import type { Priority } from "../wire/types.ts";
import { markPath, PRIORITY_COLOUR } from "./marks.ts";

/** `theirs`: of a partner, the same shape as a small one within a contour. */
export function Mark({ priority, size, hollow = false, theirs = false }: { priority: Priority; size: number; hollow?: boolean; theirs?: boolean }) {
  const colour = `var(--${PRIORITY_COLOUR[priority]})`;
  return (
    <svg class="mark" width={size} height={size} viewBox="-8 -8 16 16" aria-hidden="true">
      {theirs ? <path d={markPath(priority, 7)} style={{ fill: "none", stroke: colour, strokeWidth: 1.3 }} stroke-linejoin="round" /> : null}
      <path
        d={markPath(priority, theirs ? 2.9 : 6.4)}
        style={hollow ? { fill: "none", stroke: colour, strokeWidth: 1.8 } : { fill: colour, stroke: colour, strokeWidth: 1 }}
        stroke-linejoin="round"
      />
    </svg>
  );
}
