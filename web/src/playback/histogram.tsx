// When alerts arose, as bars over the time bar, and the same as a table for those who do not see it.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { utc } from "../format/format.ts";
import { PRIORITIES, PRIORITY_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { markPath, PRIORITY_COLOUR } from "../map/marks.ts";
import { ApiError, getHistogram } from "../wire/api.ts";
import type { Histogram, Priority } from "../wire/types.ts";
import { partOf, stack, type Window } from "./window.ts";

/** As read last; it may be of another window for a moment. */
export const histogram = signal<Histogram | null>(null);

const BIN_PX = 9;
const BARS_PX = 19;
const MARK_PX = 4;
export const HEIGHT_PX = BARS_PX + 2 * MARK_PX + 1;
const AGAIN_MS = 5000;
/** Width of a part of the bar by its priority: told apart without colour. */
const WIDTH: Readonly<Record<Priority, number>> = { P1: 0.9, P2: 0.58, P3: 0.26 };
/** Bottom first: what matters most stands on top. */
const STACKED: readonly Priority[] = ["P3", "P2", "P1"];

let asked_ms = Number.NEGATIVE_INFINITY;
/** Counts the questions: an answer that was overtaken by a later one is dropped. */
let asked = 0;

/** Reads the histogram of a window anew when the window changes, and as more is analysed. */
export function useHistogram({ from_ms, to_ms }: Window, width_px: number, analysed_ms: number | null): void {
  const bins = Math.max(12, Math.min(300, Math.round(width_px / BIN_PX)));
  const read = histogram.peek();
  const isOther = read?.from_ms !== from_ms || read.to_ms !== to_ms || read.P1.length !== bins;
  useEffect(() => {
    if (width_px === 0) return;
    const wait_ms = isOther ? 0 : Math.max(0, asked_ms + AGAIN_MS - performance.now());
    const timer = window.setTimeout(() => {
      asked_ms = performance.now();
      asked += 1;
      const mine = asked;
      getHistogram(from_ms, to_ms, bins).then((found) => {
        if (mine === asked) histogram.value = found;
      }, (cause: unknown) => {
        // The bar works without it, and the banners say when the service is away.
        if (!(cause instanceof ApiError)) throw cause;
      });
    }, wait_ms);
    return () => window.clearTimeout(timer);
  }, [from_ms, to_ms, bins, analysed_ms, width_px === 0]);
}

/** Start of a bin, ms UTC. */
const startOf = (read: Histogram, bin: number): number =>
  read.from_ms + ((read.to_ms - read.from_ms) * bin) / read.P1.length;

const countsOf = (read: Histogram, bin: number): number[] => STACKED.map((priority) => read[priority][bin]!);

export function Bars({ shown, width_px, at_ms }: { shown: Window; width_px: number; at_ms: number }) {
  const read = histogram.value;
  if (!read || width_px === 0) return null;
  const totals = read.P1.map((_, bin) => countsOf(read, bin).reduce((sum, count) => sum + count, 0));
  const most = Math.max(...totals);
  const bin_px = (partOf(shown, startOf(read, 1)) - partOf(shown, read.from_ms)) * width_px;
  return (
    <svg class="bars" width={width_px} height={HEIGHT_PX} aria-hidden="true">
      {totals.map((total, bin) => {
        if (total === 0) return null;
        const middle = partOf(shown, startOf(read, bin + 0.5)) * width_px;
        const tall = stack(countsOf(read, bin), most, BARS_PX);
        let top = HEIGHT_PX;
        const isAhead = startOf(read, bin) > at_ms;
        return (
          <g key={bin} class={isAhead ? "ahead" : undefined}>
            {STACKED.map((priority, at) => {
              if (tall[at] === 0) return null;
              top -= tall[at]!;
              const wide = Math.max(2, bin_px * WIDTH[priority]);
              const height = Math.max(1, tall[at]! - 0.5);
              return <rect key={priority} x={middle - wide / 2} y={top} width={wide} height={height} style={{ fill: `var(--${PRIORITY_COLOUR[priority]})` }} />;
            })}
            {read.P1[bin]! > 0 ? (
              <path d={markPath("P1", MARK_PX)} transform={`translate(${middle} ${top - MARK_PX - 0.5})`} style={{ fill: `var(--${PRIORITY_COLOUR.P1})` }} />
            ) : null}
          </g>
        );
      })}
    </svg>
  );
}

/** "2 Alarm, 1 Note": what arose about a time; empty for nothing. */
export function countsAt(t_ms: number): string {
  const read = histogram.value;
  if (!read) return "";
  const bin = Math.min(read.P1.length - 1, Math.floor(partOf(read, t_ms) * read.P1.length));
  return PRIORITIES.filter((priority) => (read[priority][bin] ?? 0) > 0)
    .map((priority) => `${say(PRIORITY_WORD[priority])} ${read[priority][bin]}`)
    .join(" · ");
}

/** The bars as a table, for screen readers. */
export function Twin() {
  const read = histogram.value;
  if (!read) return null;
  const rows = read.P1.map((_, bin) => bin).filter((bin) => countsOf(read, bin).some((count) => count > 0));
  return (
    <div class="visually-hidden">
      <table>
        <caption>{sayCount(rows.length, "When alerts arose: {n} part of the span with any", "When alerts arose: {n} parts of the span with any")}</caption>
        <thead>
          <tr><th scope="col">{say("From, UTC")}</th>{PRIORITIES.map((priority) => <th key={priority} scope="col">{say(PRIORITY_WORD[priority])}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((bin) => (
            <tr key={bin}>
              <th scope="row">{utc(startOf(read, bin))}</th>
              {PRIORITIES.map((priority) => <td key={priority}>{read[priority][bin]}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
