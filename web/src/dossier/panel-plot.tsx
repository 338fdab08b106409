// One panel of the charts: a scale, a band, and lines that stop where nothing was received.
import { at, marks, pathOf, runs, type Scale, stepOf } from "./scale.ts";

export type Look = "sog" | "cog" | "heading" | "distance";

export interface PanelSpec {
  title: string;
  height_px: number;
  /** Where the scale begins; null where it goes around the values. */
  from: number | null;
  steps: readonly number[];
  /** No scale spans less. */
  least: number;
  write(value: number): string;
  band: [number, number] | null;
  lines: { values: readonly (number | null)[]; name: string; look: Look }[];
}

function scaleOf({ from, least, lines, band }: PanelSpec, box: { top: number; bottom: number }): Scale {
  const known = [...lines.flatMap(({ values }) => values), ...(band ?? [])].filter((value) => value !== null);
  let [low, high] = known.length === 0 ? [0, least] : known.reduce(([a, b], value) => [Math.min(a!, value), Math.max(b!, value)], [Infinity, -Infinity]) as [number, number];
  if (from !== null) [low, high] = [from, Math.max(high * 1.08, from + least)];
  else if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  else [low, high] = [low - 4, high + 4];
  return { low, high, from_px: box.bottom, to_px: box.top };
}

export function Panel({ spec, t_ms, time, box, left }: { spec: PanelSpec; t_ms: readonly number[]; time: Scale; box: { top: number; bottom: number }; left: number }) {
  const scale = scaleOf(spec, box);
  const step = stepOf(scale.high - scale.low, spec.steps, 5);
  const right = time.to_px;
  return (
    <g>
      <text class="title" x={left} y={box.top - 5}>{spec.title}</text>
      {spec.band ? (
        <rect class="band" x={left} width={right - left} y={at(scale, spec.band[1])} height={Math.max(2, at(scale, spec.band[0]) - at(scale, spec.band[1]))} />
      ) : null}
      {marks(scale.low, scale.high, step).map((value) => (
        <g key={value}>
          <line class="grid" x1={left} x2={right} y1={at(scale, value)} y2={at(scale, value)} />
          <text x={left - 6} y={at(scale, value) + 4} text-anchor="end">{spec.write(value)}</text>
        </g>
      ))}
      {spec.lines.map(({ values, look }) => (
        <path
          key={look}
          class={`line ${look}`}
          d={runs(t_ms, (row) => values[row] != null).map((rows) => pathOf(rows.map((row) => [at(time, t_ms[row]!), at(scale, values[row]!)]))).join("")}
        />
      ))}
    </g>
  );
}

/** A short piece of a line, for the words that explain it. */
export function PlotLine({ look }: { look: Look }) {
  return (
    <svg class="plot-line" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">
      <path class={`line ${look}`} d="M1 4H21" />
    </svg>
  );
}
