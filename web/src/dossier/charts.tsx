// Speed, course, heading and distance over time, in one picture with one cursor. SVG with the
// theme's variables: the same drawing is printed in black on white.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { around, circularMiddle, courseText } from "../evidence/series.ts";
import { duration, metres, outside, parseTime, utcDate, utcMinute, utcTime, whole } from "../format/format.ts";
import { language, say, sayCount } from "../lang/lang.ts";
import { cursor_ms, rowAtCursor } from "./cursor.ts";
import { PlotLine, Panel, type PanelSpec } from "./panel-plot.tsx";
import { at, marks, MINUTE_MS, nearestRow, runs, type Scale, stepOf, TIME_STEPS_MS, valueAt } from "./scale.ts";
import { SlotTable } from "./slot-table.tsx";
import { Twin } from "./twin.tsx";
import type { Dossier, DossierAlert, Usual } from "./types.ts";

const [LEFT, RIGHT, TOP] = [52, 12, 20];
const LEAST_PX = 480;
/** The width of A4 in the pixels of the page, less its margins. */
const PAPER_PX = 690;

interface Moment {
  t_ms: number;
  text: string;
}

function moments(alert: DossierAlert): Moment[] {
  return [
    { t_ms: parseTime(alert.t_start), text: say("began") },
    { t_ms: parseTime(alert.t_detected), text: say("detected") },
    { t_ms: parseTime(alert.t_end), text: say("ended") },
  ].filter(({ t_ms }) => Number.isFinite(t_ms));
}

function valuesText(alert: DossierAlert, row: number): string {
  const { t_ms, sog_kn, cog_deg, heading_deg, distance_m } = alert.evidence.fixes;
  const degrees = (value: number | null | undefined): string => (value == null ? "–" : `${courseText(value)}°`);
  return [
    utcTime(t_ms[row]!),
    `SOG ${sog_kn[row] == null ? "–" : `${sog_kn[row]!.toFixed(1)} kn`}`,
    `COG ${degrees(cog_deg[row])}`,
    `HDG ${degrees(heading_deg[row])}`,
    distance_m[row] == null ? "" : `${say("distance")} ${metres(distance_m[row]!)}`,
  ].filter(Boolean).join("  ");
}

/** The band in words: how it was made, and of how much. */
export function usualText(usual: Usual): string {
  const hours = duration(usual.minutes * MINUTE_MS);
  const before = `${Math.round((parseTime(usual.to) - parseTime(usual.from)) / (60 * MINUTE_MS))} h`;
  if (usual.low_kn === null)
    return say("No usual speed is drawn: in the {before} before it began this ship was received under way for {hours} only; {least} min are needed.", { before, hours, least: usual.least_minutes });
  return say(
    "Shaded: this ship's own usual speed, {low} to {high} kn. Between these lay 80 % of the minutes under way (over {moving} kn) in the {before} before it began, of which {hours} were received.",
    { before, low: usual.low_kn!.toFixed(1), high: usual.high_kn!.toFixed(1), moving: usual.moving_kn, hours },
  );
}

function panels(alert: DossierAlert, usual: Usual | null): PanelSpec[] {
  const { sog_kn, cog_deg, heading_deg, distance_m } = alert.evidence.fixes;
  const middle = circularMiddle([...heading_deg, ...cog_deg]);
  const turned = (values: readonly (number | null)[]) => values.map((value) => around(value, middle));
  const found: PanelSpec[] = [
    {
      title: say("Speed over ground, kn"), height_px: 150, from: 0, steps: [1, 2, 5, 10, 20], least: 4,
      write: (value) => `${value}`,
      band: usual?.low_kn == null ? null : [usual.low_kn, usual.high_kn!],
      lines: [{ values: sog_kn, name: "SOG", look: "sog" }],
    },
    {
      title: say("Course and heading, degrees"), height_px: 130, from: null, steps: [10, 20, 30, 45, 90], least: 60,
      write: (value) => `${courseText(value)}°`,
      band: null,
      lines: [{ values: turned(cog_deg), name: say("course"), look: "cog" }, { values: turned(heading_deg), name: say("heading"), look: "heading" }],
    },
  ];
  const to = alert.evidence.distance_to;
  if (to && distance_m.some((value) => value !== null))
    found.push({
      title: `${say("Distance, km")} · ${outside(to.name)}${to.is_ahead ? ` ${say("(the first ahead)")}` : ""}`,
      height_px: 110, from: 0, steps: [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], least: 0.5,
      write: (value) => `${Number(value.toFixed(1))}`,
      band: null,
      lines: [{ values: distance_m.map((value) => (value === null ? null : value / 1000)), name: say("distance"), look: "distance" }],
    });
  return found;
}

function TimeGrid({ time, top, bottom }: { time: Scale; top: number; bottom: number }) {
  const step = stepOf(time.high - time.low, TIME_STEPS_MS, Math.max(3, (time.to_px - time.from_px) / 90));
  return (
    <g>
      {marks(time.low, time.high, step).map((t_ms) => (
        <g key={t_ms}>
          <line class="grid" x1={at(time, t_ms)} x2={at(time, t_ms)} y1={top} y2={bottom} />
          <text x={Math.min(at(time, t_ms), time.to_px - 16)} y={bottom + 15} text-anchor="middle">{step >= 1440 * MINUTE_MS ? utcDate(t_ms).slice(5) : utcMinute(t_ms)}</text>
        </g>
      ))}
    </g>
  );
}

function Moments({ list, time, bottom }: { list: readonly Moment[]; time: Scale; bottom: number }) {
  return (
    <g class="moments">
      {list.filter(({ t_ms }) => t_ms >= time.low && t_ms <= time.high).map(({ t_ms, text }, row) => {
        const x = at(time, t_ms);
        const isRight = x > time.to_px - 110;
        return (
          <g key={text}>
            <line x1={x} x2={x} y1={4 + 13 * row} y2={bottom} />
            <text x={x + (isRight ? -4 : 4)} y={13 + 13 * row} text-anchor={isRight ? "end" : "start"}>{text} {utcMinute(t_ms)}</text>
          </g>
        );
      })}
    </g>
  );
}

/** Spans in which nothing was received: named, so that a hole is not taken for a calm. */
function Gaps({ t_ms, time, bottom }: { t_ms: readonly number[]; time: Scale; bottom: number }) {
  const pieces = runs(t_ms, () => true);
  return (
    <g class="gaps">
      {pieces.slice(1).map((piece, k) => {
        const [from, to] = [at(time, t_ms[pieces[k]!.at(-1)!]!), at(time, t_ms[piece[0]!]!)];
        return (
          <g key={piece[0]}>
            <rect x={from} width={Math.max(1, to - from)} y={TOP + 26} height={bottom - TOP - 26} />
            {to - from > 70 ? <text x={(from + to) / 2} y={bottom - 6} text-anchor="middle">{say("not received")}</text> : null}
          </g>
        );
      })}
    </g>
  );
}

function Cursor({ alert, time, bottom, width }: { alert: DossierAlert; time: Scale; bottom: number; width: number }) {
  const { t_ms } = alert.evidence.fixes;
  const row = rowAtCursor(alert.evidence.fixes);
  if (row < 0) return null;
  const x = at(time, t_ms[row]!);
  return (
    <g class="cursor">
      <line x1={x} x2={x} y1={TOP + 26} y2={bottom} />
      <text x={width - RIGHT} y={bottom + 32} text-anchor="end">{valuesText(alert, row)}</text>
    </g>
  );
}

const timeScale = (t_ms: readonly number[], width: number): Scale => ({
  low: t_ms[0]!, high: Math.max(t_ms.at(-1)!, t_ms[0]! + MINUTE_MS), from_px: LEFT, to_px: width - RIGHT,
});

function Picture({ alert, usual, width }: { alert: DossierAlert; usual: Usual | null; width: number }) {
  const { t_ms } = alert.evidence.fixes;
  const specs = useMemo(() => panels(alert, usual), [alert, usual, language.value]);
  const time = timeScale(t_ms, width);
  let y = TOP + 26;
  const boxes = specs.map((spec) => {
    const box = { top: y + 16, bottom: y + spec.height_px };
    y += spec.height_px + 10;
    return box;
  });
  const bottom = boxes.at(-1)!.bottom;
  // What does not follow the cursor is drawn once.
  const still = useMemo(() => (
    <>
      <TimeGrid time={time} top={TOP + 42} bottom={bottom} />
      <Gaps t_ms={t_ms} time={time} bottom={bottom} />
      {specs.map((spec, k) => <Panel key={spec.title} spec={spec} t_ms={t_ms} time={time} box={boxes[k]!} left={LEFT} />)}
      <Moments list={moments(alert)} time={time} bottom={bottom} />
    </>
  ), [alert, specs, width]);
  return (
    <svg viewBox={`0 0 ${width} ${bottom + 40}`} aria-hidden="true">
      {still}
      <Cursor alert={alert} time={time} bottom={bottom} width={width} />
    </svg>
  );
}

/** A picture as wide as its place, in whole pixels. */
function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(1100);
  useEffect(() => {
    let isPaper = false;
    const fit = (): void => {
      if (host.current) width.value = isPaper ? PAPER_PX : Math.max(LEAST_PX, host.current.clientWidth);
    };
    const observer = new ResizeObserver(fit);
    observer.observe(host.current!);
    // Paper is narrower: the picture is drawn anew, so that its words keep their size.
    const toPaper = (): void => {
      isPaper = true;
      fit();
    };
    const toScreen = (): void => {
      isPaper = false;
      fit();
    };
    window.addEventListener("beforeprint", toPaper);
    window.addEventListener("afterprint", toScreen);
    return () => {
      observer.disconnect();
      window.removeEventListener("beforeprint", toPaper);
      window.removeEventListener("afterprint", toScreen);
    };
  }, []);
  return [host, width.value];
}

const STEPS: Readonly<Record<string, (row: number, n: number) => number>> = {
  ArrowRight: (row) => row + 1,
  ArrowLeft: (row) => row - 1,
  PageDown: (row) => row + 10,
  PageUp: (row) => row - 10,
  Home: () => 0,
  End: (_row, n) => n - 1,
};

function ChartFigure({ dossier: { alert, usual } }: { dossier: Dossier }) {
  const [host, width] = useWidth();
  const { t_ms } = alert.evidence.fixes;
  const n = t_ms.length;
  const row = rowAtCursor(alert.evidence.fixes);
  const onMove = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const time = timeScale(t_ms, width);
    cursor_ms.value = t_ms[nearestRow(t_ms, valueAt(time, ((event.clientX - box.left) / box.width) * width))]!;
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    cursor_ms.value = t_ms[Math.min(n - 1, Math.max(0, step(Math.max(0, row), n)))]!;
  };
  return (
    <figure>
      <div
        ref={host}
        class="charts"
        role="slider"
        tabIndex={0}
        aria-label={say("Moment of the charts and the map; arrow keys move it")}
        aria-valuemin={0}
        aria-valuemax={n - 1}
        aria-valuenow={Math.max(0, row)}
        aria-valuetext={valuesText(alert, Math.max(0, row))}
        onPointerMove={onMove}
        onPointerLeave={() => { cursor_ms.value = null; }}
        onKeyDown={onKey}
      >
        <Picture alert={alert} usual={usual} width={width} />
      </div>
      <Caption t_ms={t_ms} usual={usual} />
    </figure>
  );
}

function Caption({ t_ms, usual }: { t_ms: readonly number[]; usual: Usual | null }) {
  const gaps = runs(t_ms, () => true).length - 1;
  return (
    <figcaption>
      <PlotLine look="sog" /> SOG <PlotLine look="cog" /> {say("course")} <PlotLine look="heading" /> {say("heading")}.{" "}
      {sayCount(t_ms.length, "{count} report, UTC.", "{count} reports, UTC.", { count: whole(t_ms.length) })}{" "}
      {gaps > 0 ? sayCount(gaps, "A line stops where nothing was received; there is {n} such gap.", "A line stops where nothing was received; there are {n} such gaps.") : say("There is no gap in reception.")}{" "}
      {usual ? usualText(usual) : null}
    </figcaption>
  );
}

export function Charts({ dossier }: { dossier: Dossier }) {
  return <Twin name={say("Charts")} picture={<ChartFigure dossier={dossier} />} table={<SlotTable track={dossier.alert.evidence.fixes} />} />;
}
