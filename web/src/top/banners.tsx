// Strips below the top bar: that this is an exercise, that this screen looks back, that the line is down, that the watch does not judge.
import { computed } from "@preact/signals";
import { duration, outside, utcDate, utcMinute, utcTime } from "../format/format.ts";
import { say, sayCount } from "../lang/lang.ts";
import { goLive } from "../playback/commands.ts";
import { rings, soundKey } from "../sound/rings.ts";
import { retryNow } from "../state/session.ts";
import { clock, line, lineDownAt_ms, now_ms, present, presentBefore, retryAt_ms, sessionEnds_ms, status, tick_ms, trouble, watch_ms } from "../state/state.ts";
import { HaltBanner } from "./halt.tsx";

function ExerciseBanner() {
  const exercise = status.value?.exercise;
  if (!exercise) return null;
  return (
    <div class="banner exercise-banner" role="note">
      <b>EXERCISE</b>
      <span class="exercise-title"><bdi>{outside(exercise.title)}</bdi></span>
      <span class="exercise-note" title={exercise.note}><bdi>{outside(exercise.note)}</bdi></span>
    </div>
  );
}

function LineBanner() {
  if (line.value !== "down") return null;
  const down_ms = tick_ms.value - lineDownAt_ms.value;
  const wait_s = Math.ceil((retryAt_ms.value - tick_ms.value) / 1000);
  return (
    <div class="banner line-banner">
      <b role="alert">{say("Connection lost.")} {say("No alarm reaches this screen.")}</b>
      <span>
        {now_ms.value === null
          ? say("The picture is {age} old.", { age: duration(down_ms) })
          : say("The picture is {age} old and stands at {t}.", { age: duration(down_ms), t: utcTime(now_ms.value) })}{" "}
        {wait_s > 0 ? say("Next try in {n} s.", { n: wait_s }) : say("Trying to connect…")}
      </span>
      <button type="button" onClick={retryNow}>{say("Try now")}</button>
    </div>
  );
}

/** Long enough before that somebody is found who knows the password. */
const SOON_MS = 3_600_000;

function SessionBanner() {
  const left_ms = (sessionEnds_ms.value ?? Number.POSITIVE_INFINITY) - tick_ms.value;
  if (left_ms > SOON_MS) return null;
  const again = () => location.assign(`/login?again=1&next=${encodeURIComponent(location.pathname + location.search)}`);
  return (
    <div class="banner line-banner">
      <b role="alert">{say("Your session is about to end.")}</b>
      <span>{say("In {age} this page closes, and no alarm reaches it any more.", { age: duration(Math.max(left_ms, 0)) })}</span>
      <button type="button" onClick={again}>{say("Log in again")}</button>
    </div>
  );
}

function TroubleBanner() {
  if (!trouble.value || line.value === "down") return null;
  return (
    <div class="banner line-banner" role="alert">
      <b>{outside(trouble.value.what)}</b> <span>{outside(trouble.value.hint)}</span>
      <button type="button" onClick={() => { trouble.value = null; }}>{say("Close")}</button>
    </div>
  );
}

const freshAlarms = computed(() =>
  [...present.value.values()].filter((alert) => rings(alert, watch_ms.value) && !presentBefore.value.has(soundKey(alert))));

/** In a live watch: that this screen alone is in the past, and the Alarms that arose in the present meanwhile. */
function LookBackBanner() {
  if (!clock.value?.own) return null;
  const [fresh, at_ms, watch] = [freshAlarms.value, now_ms.value ?? 0, watch_ms.value ?? 0];
  const day = utcDate(at_ms) === utcDate(watch) ? "" : `${utcDate(at_ms)} `;
  return (
    <div class={fresh.length > 0 ? "banner line-banner" : "banner look-back"} role="note">
      <b>{say("This screen looks back at {t}; the watch goes on.", { t: day + utcMinute(at_ms) })}</b>
      <span role="alert">
        {fresh.length > 0 ? (
          <><b>{sayCount(fresh.length, "One new Alarm now:", "{n} new Alarms now:")}</b> {outside(fresh[0]!.text)}</>
        ) : null}
      </span>
      <button type="button" onClick={goLive}>{say("Back to live")} <kbd>.</kbd></button>
    </div>
  );
}

export function Banners() {
  return (
    <div class="banners">
      <HaltBanner />
      <LineBanner />
      <SessionBanner />
      <LookBackBanner />
      <TroubleBanner />
      <ExerciseBanner />
    </div>
  );
}
