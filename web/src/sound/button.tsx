// The sound in the top bar: its state in words, and silence for what sounds now.
import { utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { isSounding, silence, silentUntil, soundOn, soundWaits, toggleSound } from "./sound.ts";

function stateWords(): string {
  if (!soundOn.value) return say("Sound off");
  if (soundWaits.value) return say("Sound waits for a click");
  const until_ms = silentUntil.value;
  return until_ms !== null && !isSounding.value ? say("Silenced until {t}", { t: utcMinute(until_ms) }) : say("Sound on");
}

function whatItDoes(): string {
  if (!soundOn.value) return say("Let a new Alarm sound on this screen (B)");
  return soundWaits.value
    ? say("The browser lets nothing sound before a click or a key")
    : say("A new Alarm sounds until somebody acknowledges it; switch off (B)");
}

export function SoundButton() {
  const on = soundOn.value;
  return (
    <>
      {isSounding.value ? (
        <button type="button" class="pill silence" title={say("For two minutes, on this screen; it acknowledges nothing")} onClick={silence}>
          {say("Silence")} <kbd>H</kbd>
        </button>
      ) : null}
      <button
        type="button"
        class={on && soundWaits.value ? "pill sound unwell" : "pill sound"}
        title={whatItDoes()}
        onClick={toggleSound}
      >
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <path d="M1 5h2.6L7 2v10L3.6 9H1z" fill="currentColor" />
          <path d={on ? "M9 4.6a3.4 3.4 0 0 1 0 4.8M11 2.8a6 6 0 0 1 0 8.4" : "M9 5l4 4M13 5l-4 4"} fill="none" stroke="currentColor" stroke-width="1.4" />
        </svg>
        {stateWords()}
      </button>
    </>
  );
}
