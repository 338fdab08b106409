// The clock under the watch's hand: play, pause, speed, and where in the span it stands.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { parseTime, utc, utcDate, utcMinute, utcTime } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { markPath, PRIORITY_COLOUR } from "../map/marks.ts";
import { heardClock, tell } from "../state/session.ts";
import { alerts, clock, now_ms } from "../state/state.ts";
import { ApiError, postPlayback, type PlaybackCommand } from "../wire/api.ts";

const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
/** Where the hand holds the slider, ms UTC; null when it does not. */
const dragged_ms = signal<number | null>(null);
/** Why the service refused the last command. */
const refusal = signal("");

async function command(body: PlaybackCommand): Promise<void> {
  try {
    heardClock(await postPlayback(body));
    refusal.value = "";
  } catch (cause) {
    if (cause instanceof ApiError && cause.status !== 0) refusal.value = `${cause.message} ${cause.hint}`;
    else tell(cause);
  }
}

export const togglePlay = (): void => void command({ action: clock.value?.playing ? "pause" : "play" });

function Ticks({ from_ms, to_ms }: { from_ms: number; to_ms: number }) {
  const list = [...alerts.value.values()].sort((a, b) => (a.priority < b.priority ? 1 : -1));
  return (
    <div class="ticks" aria-hidden="true">
      {list.map((alert) => {
        const at_ms = parseTime(alert.t_detected);
        if (!(at_ms >= from_ms && at_ms <= to_ms)) return null;
        return (
          <svg key={alert.id} width="10" height="10" viewBox="-6 -6 12 12" style={{ left: `${(100 * (at_ms - from_ms)) / (to_ms - from_ms)}%` }}>
            <title>{`${PRIORITY_WORD[alert.priority]}: ${detectorTitle(alert.detector)} ${utcTime(at_ms)}`}</title>
            <path
              d={markPath(alert.priority, 5)}
              style={alert.state === "open" ? { fill: `var(--${PRIORITY_COLOUR[alert.priority]})` } : { fill: "none", stroke: `var(--${PRIORITY_COLOUR[alert.priority]})`, strokeWidth: 1.2 }}
            />
          </svg>
        );
      })}
    </div>
  );
}

function Slider({ from_ms, to_ms, analysed_ms }: { from_ms: number; to_ms: number; analysed_ms: number | null }) {
  const at_ms = dragged_ms.value ?? now_ms.value ?? from_ms;
  const part = (t_ms: number): string => `${Math.min(100, Math.max(0, (100 * (t_ms - from_ms)) / (to_ms - from_ms))).toFixed(3)}%`;
  const timer = useRef(0);
  const release = (): void => {
    window.clearTimeout(timer.current);
    if (dragged_ms.value === null) return;
    void command({ action: "seek", t_ms: Math.round(dragged_ms.value) });
    dragged_ms.value = null;
  };
  return (
    <div class="slider" style={{ "--at": part(at_ms), "--analysed": part(analysed_ms ?? from_ms) }}>
      <Ticks from_ms={from_ms} to_ms={to_ms} />
      <div class="rail" aria-hidden="true" />
      <input
        type="range"
        aria-label="Time in the span"
        aria-valuetext={utc(at_ms)}
        min={from_ms}
        max={to_ms}
        step={1000}
        value={at_ms}
        onInput={(event) => {
          dragged_ms.value = Number(event.currentTarget.value);
          // Keys send no release: a pause in pressing them counts as one.
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(release, 700);
        }}
        onPointerDown={() => window.clearTimeout(timer.current)}
        onChange={release}
      />
      <div class="ends mono" aria-hidden="true">
        <span>{utcDate(from_ms)} {utcMinute(from_ms)}</span>
        {dragged_ms.value === null ? null : <b>{utc(dragged_ms.value)}</b>}
        <span>{utcDate(to_ms) === utcDate(from_ms) ? "" : `${utcDate(to_ms)} `}{utcMinute(to_ms)}</span>
      </div>
    </div>
  );
}

export function PlaybackBar() {
  const { value } = clock;
  const span = value?.span && value.span.to_ms > value.span.from_ms ? value.span : null;
  const playing = value?.playing ?? false;
  const speeds = value && !SPEEDS.includes(value.speed) ? [...SPEEDS, value.speed].sort((a, b) => a - b) : SPEEDS;
  return (
    <section class="playback" aria-label="Playback">
      <button type="button" class="play" aria-label={playing ? "Pause" : "Play"} disabled={!span} onClick={togglePlay} title="Space">
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d={playing ? "M3 2h3.6v12H3zM9.4 2H13v12H9.4z" : "M4 1.8v12.4L14 8z"} fill="currentColor" />
        </svg>
      </button>
      <label class="speed">
        <span class="visually-hidden">Speed</span>
        <select
          disabled={!span}
          value={String(value?.speed ?? 1)}
          onChange={(event) => void command({ action: "speed", speed: Number(event.currentTarget.value) })}
        >
          {speeds.map((speed) => <option key={speed} value={String(speed)}>×{speed}</option>)}
        </select>
      </label>
      {span ? <Slider {...span} analysed_ms={value?.analysed_to_ms ?? null} /> : (
        <p class="dim no-span">{value ? "Nothing to play back: no span of stored fixes." : "Waiting for the clock…"}</p>
      )}
      <p class="analysed mono" role={refusal.value ? "alert" : undefined}>
        {refusal.value || (value?.analysed_to_ms ? <><span class="dim">analysed to</span> {utcTime(value.analysed_to_ms)}</> : <span class="dim">nothing analysed yet</span>)}
      </p>
    </section>
  );
}
