// Two strips below the top bar: that this is an exercise, and that the line is down.
import { duration, outside, utcTime } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { retryNow } from "../state/session.ts";
import { line, lineDownAt_ms, now_ms, retryAt_ms, status, tick_ms, trouble } from "../state/state.ts";

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
    <div class="banner line-banner" role="alert">
      <b>{say("Connection lost.")}</b>
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

function TroubleBanner() {
  if (!trouble.value || line.value === "down") return null;
  return (
    <div class="banner line-banner" role="alert">
      <b>{outside(trouble.value.what)}</b> <span>{outside(trouble.value.hint)}</span>
      <button type="button" onClick={() => { trouble.value = null; }}>{say("Close")}</button>
    </div>
  );
}

export function Banners() {
  return (
    <div class="banners">
      <LineBanner />
      <TroubleBanner />
      <ExerciseBanner />
    </div>
  );
}
