// The span as a line under the hand: bars of alerts above it, days and hours below.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { utc, utcDate } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { now_ms } from "../state/state.ts";
import { dragged_ms, hold, keepHold, release } from "./commands.ts";
import { Bars, countsAt, Twin, useHistogram } from "./histogram.tsx";
import { axisMarks, partOf, type Window } from "./window.ts";

const width_px = signal(0);
/** Where the pointer is over the bar, px; null when it is elsewhere. */
const pointer_px = signal<number | null>(null);
/** Room for the date at the left end; marks of the axis there give way. */
const DATE_PX = 84;
/** Room for the words of one mark, right of its line. */
const MARK_PX = 38;
/** Half of the widest tip: at the ends it stands inside the bar. */
const TIP_HALF_PX = 120;

function Axis({ shown }: { shown: Window }) {
  const at = (t_ms: number): string => `${(100 * partOf(shown, t_ms)).toFixed(3)}%`;
  const marks = axisMarks(shown, width_px.value);
  return (
    <div class="axis mono" aria-hidden="true">
      <span class="date">{utcDate(shown.from_ms)}</span>
      {marks.map(({ t_ms, text, isDay }) => {
        const px = partOf(shown, t_ms) * width_px.value;
        if (px < DATE_PX && !isDay) return null;
        const fits = px > DATE_PX && px < width_px.value - MARK_PX;
        return <span key={t_ms} class={isDay ? "mark day" : "mark"} style={{ left: at(t_ms) }}>{fits ? <b>{text}</b> : null}</span>;
      })}
    </div>
  );
}

/** The time under the hand or the pointer, and what arose about it. */
function Tip({ shown }: { shown: Window }) {
  const pointed_ms = pointer_px.value === null ? null : shown.from_ms + (pointer_px.value / width_px.value) * (shown.to_ms - shown.from_ms);
  const t_ms = dragged_ms.value ?? pointed_ms;
  if (t_ms === null) return null;
  const px = partOf(shown, t_ms) * width_px.value;
  const left = Math.max(TIP_HALF_PX, Math.min(px, width_px.value - TIP_HALF_PX));
  const counts = countsAt(t_ms);
  return (
    <p class="time-tip mono" aria-hidden="true" style={{ left: `${left}px` }}>
      {utc(t_ms)}{counts ? <span class="dim"> {counts}</span> : null}
    </p>
  );
}

export function Slider({ shown, analysed_ms }: { shown: Window; analysed_ms: number | null }) {
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width_px.value = Math.round(entry!.contentRect.width);
    });
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  useHistogram(shown, width_px.value, analysed_ms);
  const { from_ms, to_ms } = shown;
  const at_ms = dragged_ms.value ?? now_ms.value ?? from_ms;
  const part = (t_ms: number): string => `${(100 * Math.min(1, Math.max(0, partOf(shown, t_ms)))).toFixed(3)}%`;
  return (
    <div
      ref={host}
      class="slider"
      style={{ "--at": part(at_ms), "--analysed": part(analysed_ms ?? from_ms) }}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        pointer_px.value = Math.max(0, Math.min(event.clientX - box.left, box.width));
      }}
      onPointerLeave={() => { pointer_px.value = null; }}
    >
      <Bars shown={shown} width_px={width_px.value} at_ms={at_ms} />
      <div class="rail" aria-hidden="true" />
      <Axis shown={shown} />
      <input
        type="range"
        aria-label={say("Time in the span")}
        aria-valuetext={utc(at_ms)}
        min={from_ms}
        max={to_ms}
        step={1000}
        value={at_ms}
        onInput={(event) => hold(Number(event.currentTarget.value))}
        onPointerDown={keepHold}
        onChange={release}
      />
      <Tip shown={shown} />
      <Twin />
    </div>
  );
}
