// The clock under the watch's hand: play, pause, speed, where in the span it stands, and live.
import { signal } from "@preact/signals";
import { duration, utcDate, utcTime } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { clock, now_ms } from "../state/state.ts";
import { command, goLive, refusal, togglePlay } from "./commands.ts";
import { Slider } from "./slider.tsx";
import { DAY_MS, HOUR_MS, windowOf } from "./window.ts";

export { goLive, stepTime, toAlert, togglePlay } from "./commands.ts";

const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
/** Length of the part of the span that is shown, ms; null for all of it. */
const zoom_ms = signal<number | null>(null);
/** What was analysed less than this ago is the present, not a recording. */
const LIVE_MS = 10 * 60_000;
/** Nearer to the end than this the clock stands at it. */
const AT_END_MS = 2000;

function Speed({ disabled }: { disabled: boolean }) {
  const speed = clock.value?.speed ?? 1;
  const speeds = SPEEDS.includes(speed) ? SPEEDS : [...SPEEDS, speed].sort((a, b) => a - b);
  return (
    <label class="speed">
      <span class="visually-hidden">{say("Speed")}</span>
      <select
        disabled={disabled}
        value={String(speed)}
        onChange={(event) => void command({ action: "speed", speed: Number(event.currentTarget.value) })}
      >
        {speeds.map((one) => <option key={one} value={String(one)}>×{one}</option>)}
      </select>
    </label>
  );
}

function Zoom() {
  return (
    <label class="speed">
      <span class="visually-hidden">{say("Part of the span shown")}</span>
      <select
        value={String(zoom_ms.value)}
        onChange={(event) => { zoom_ms.value = Number(event.currentTarget.value) || null; }}
      >
        <option value="null">{say("All")}</option>
        <option value={String(DAY_MS)}>24 h</option>
        <option value={String(6 * HOUR_MS)}>6 h</option>
      </select>
    </label>
  );
}

/** How far behind the newest analysed the clock stands, and the way there. */
function Standing() {
  const analysed_ms = clock.value?.analysed_to_ms ?? null;
  const at_ms = now_ms.value;
  if (refusal.value) return <p class="analysed mono" role="alert">{refusal.value}</p>;
  if (analysed_ms === null || at_ms === null) return <p class="analysed mono"><span class="dim">{say("nothing analysed yet")}</span></p>;
  const isPresent = Math.abs(Date.now() - analysed_ms) < LIVE_MS;
  const isLive = clock.value?.live ?? false;
  const behind_ms = (clock.value?.own ? clock.value.span!.to_ms : analysed_ms) - at_ms;
  const end = utcDate(analysed_ms) === utcDate(at_ms) ? "" : `${utcDate(analysed_ms).slice(5)} `;
  return (
    <>
      <p class="analysed mono">
        {isLive || (behind_ms < AT_END_MS && !clock.value?.own) ? (
          <b>{isPresent ? say("live") : say("at the end")}</b>
        ) : <b class="behind">{say("{x} behind", { x: duration(behind_ms) })}</b>}
        <span><span class="dim">{say("analysed to")}</span> {end}{utcTime(analysed_ms)}</span>
      </p>
      <button type="button" class="live" aria-pressed={isLive} onClick={goLive} title={say("Go to the newest analysed and stay with it")}>
        {isPresent ? say("Live") : say("Newest")} <kbd>.</kbd>
      </button>
    </>
  );
}

export function PlaybackBar() {
  const { value } = clock;
  const span = value?.span && value.span.to_ms > value.span.from_ms ? value.span : null;
  const playing = value?.playing ?? false;
  const isLong = span !== null && span.to_ms - span.from_ms > DAY_MS;
  return (
    <section class="playback" aria-label={say("Playback")}>
      <button type="button" class="play" aria-label={playing ? say("Pause") : say("Play")} disabled={!span} onClick={togglePlay} title={say("Space")}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d={playing ? "M3 2h3.6v12H3zM9.4 2H13v12H9.4z" : "M4 1.8v12.4L14 8z"} fill="currentColor" />
        </svg>
      </button>
      <Speed disabled={!span} />
      {isLong ? <Zoom /> : null}
      {span ? <Slider shown={windowOf(span, now_ms.value ?? span.from_ms, isLong ? zoom_ms.value : null)} analysed_ms={value?.analysed_to_ms ?? null} /> : (
        <p class="dim no-span">{value ? say("Nothing to play back: no span of stored fixes.") : say("Waiting for the clock…")}</p>
      )}
      <Standing />
    </section>
  );
}
