// Speed, heading and course over the alert's fixes; UTC, 24 hours.
import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { duration, parseTime, utcMinute, utcTime, whole } from "../format/format.ts";
import { say, sayCount } from "../lang/lang.ts";
import { probe, selectedMmsi, track as liveTrack } from "../state/state.ts";
import { type Colours, colours } from "../theme/theme.ts";
import type { AlertDetail, Track } from "../wire/types.ts";
import { courseText, extended, type Series, seriesOf } from "./series.ts";

const HEIGHT_PX = 150;

interface Moment {
  t_s: number;
  text: string;
}

function moments(alert: AlertDetail): Moment[] {
  return [
    { t_s: parseTime(alert.t_start) / 1000, text: say("start") },
    { t_s: parseTime(alert.t_detected) / 1000, text: say("detected") },
  ].filter(({ t_s }) => Number.isFinite(t_s));
}

function drawMoments(plot: uPlot, list: readonly Moment[], tint: Colours): void {
  const { ctx: pen, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  pen.save();
  pen.strokeStyle = pen.fillStyle = tint["chart-mark"];
  pen.lineWidth = ratio;
  pen.font = `${10 * ratio}px Inter, sans-serif`;
  pen.textBaseline = "top";
  list.forEach(({ t_s, text }, row) => {
    const x = Math.round(plot.valToPos(t_s, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    pen.beginPath();
    pen.moveTo(x, bbox.top);
    pen.lineTo(x, bbox.top + bbox.height);
    pen.stroke();
    const right = x + pen.measureText(text).width + 8 * ratio > bbox.left + bbox.width;
    pen.textAlign = right ? "right" : "left";
    pen.fillText(text, x + (right ? -3 : 3) * ratio, bbox.top + (2 + 11 * row) * ratio);
  });
  pen.restore();
}

/** What the chart shows now; the plot's hooks read it, so that new fixes need no new plot. */
interface Shown {
  track: Track;
  series: Series;
}

const columnsOf = ({ t_s, sog_kn, heading_deg, cog_deg }: Series): uPlot.AlignedData =>
  [t_s, sog_kn, heading_deg, cog_deg] as uPlot.AlignedData;

function options(width: number, shown: { current: Shown }, list: readonly Moment[], tint: Colours): uPlot.Options {
  const font = '10.5px "JetBrains Mono", monospace';
  const axis = { stroke: tint.text2, font, ticks: { show: false }, grid: { stroke: tint["chart-grid"], width: 1 } };
  return {
    width,
    height: HEIGHT_PX,
    tzDate: (t_s) => uPlot.tzDate(new Date(t_s * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      kn: { range: (_plot, _low, high) => [0, Math.max(2, Math.ceil((high ?? 0) * 1.1))] },
      deg: { range: (_plot, low, high) => (low === null || high === null ? [0, 360] : [Math.min(low - 5, (low + high) / 2 - 30), Math.max(high + 5, (low + high) / 2 + 30)]) },
    },
    axes: [
      { ...axis, size: 24, space: 56, values: (_plot, splits) => splits.map((t_s) => utcMinute(t_s * 1000)) },
      { ...axis, scale: "kn", size: 34, space: 26, values: (_plot, splits) => splits.map((value) => `${value}`) },
      { ...axis, scale: "deg", side: 1, size: 36, space: 26, grid: { show: false }, values: (_plot, splits) => splits.map(courseText) },
    ],
    series: [
      {},
      { label: "SOG", scale: "kn", stroke: tint["chart-sog"], width: 1.6, spanGaps: false, points: { show: false } },
      { label: "heading", scale: "deg", stroke: tint["chart-heading"], width: 1.3, dash: [5, 3], spanGaps: false, points: { show: false } },
      { label: "COG", scale: "deg", stroke: tint["chart-cog"], width: 1.3, dash: [1.5, 2.5], spanGaps: false, points: { show: false } },
    ],
    hooks: {
      draw: [(plot) => drawMoments(plot, list, tint)],
      setCursor: [
        (plot) => {
          const { series, track } = shown.current;
          const at = plot.cursor.idx == null ? -1 : (series.source[plot.cursor.idx] ?? -1);
          const [lon, lat] = [track.lon[at], track.lat[at]];
          probe.value = lon == null || lat == null ? null : { lon, lat, t_ms: track.t_ms[at]! };
        },
      ],
    },
  };
}

/** The values under the cursor, or of the last fix. */
function Values({ track }: { track: Track }) {
  const at = probe.value ? track.t_ms.indexOf(probe.value.t_ms) : track.t_ms.length - 1;
  if (at < 0) return null;
  const [sog, heading, cog] = [track.sog_kn[at], track.heading_deg[at], track.cog_deg[at]];
  return (
    <p class="chart-values mono">
      <span>{utcTime(track.t_ms[at]!)}</span>
      <span class="key sog">SOG {sog == null ? "–" : `${sog.toFixed(1)} kn`}</span>
      <span class="key heading">HDG {heading == null ? "–" : `${courseText(heading)}°`}</span>
      <span class="key cog">COG {cog == null ? "–" : `${courseText(cog)}°`}</span>
    </p>
  );
}

export function Chart({ alert }: { alert: AlertDetail }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const evidence = alert.evidence.fixes;
  const live = selectedMmsi.value === alert.subject.mmsi ? liveTrack.value : null;
  const track = useMemo(() => extended(evidence, live), [evidence, live]);
  const series = useMemo(() => seriesOf(track), [track]);
  const shown = useRef<Shown>({ track, series });
  shown.current = { track, series };
  const draw = (): void => {
    plot.current?.destroy();
    plot.current = null;
    if (!host.current || evidence.t_ms.length === 0) return;
    const setup = options(host.current.clientWidth, shown, moments(alert), colours.value);
    plot.current = new uPlot(setup, columnsOf(shown.current.series), host.current);
  };
  useEffect(() => {
    draw();
    const observer = new ResizeObserver(([entry]) => plot.current?.setSize({ width: entry!.contentRect.width, height: HEIGHT_PX }));
    if (host.current) observer.observe(host.current);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
      probe.value = null;
    };
  }, [alert]);
  useEffect(() => plot.current?.setData(columnsOf(series)), [series]);
  useSignalEffect(() => {
    void colours.value;
    if (plot.current) draw();
  });
  if (evidence.t_ms.length === 0) return <p class="dim">{say("No fixes are kept with this alert.")}</p>;
  const [first, last, since] = [track.t_ms[0]!, track.t_ms.at(-1)!, track.t_ms.length - evidence.t_ms.length];
  return (
    <figure class="chart">
      <Values track={track} />
      <div ref={host} class="chart-host" role="img" aria-label={say("Speed, heading and course from {from} to {to}", { from: utcTime(first), to: utcTime(last) })} />
      <figcaption>
        {sayCount(evidence.t_ms.length, "{count} fix in {time}, UTC.", "{count} fixes in {time}, UTC.", { count: whole(evidence.t_ms.length), time: duration(last - first) })}{" "}
        {since > 0 ? sayCount(since, "{n} of them was received since.", "{n} of them were received since.") : ""}{" "}
        {say("A line stops where nothing was received for over {time}.", { time: duration(series.gap_ms) })}
      </figcaption>
    </figure>
  );
}
