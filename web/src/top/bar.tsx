import { utcDate, utcTime } from "../format/format.ts";
import { CODES, language, LANGUAGES, say, speak } from "../lang/lang.ts";
import { clock, helpOpen, now_ms } from "../state/state.ts";
import { nextTheme, switchTheme, themeLabel } from "../theme/theme.ts";
import { SoundButton } from "../sound/button.tsx";
import { OfficerPill, UserPill } from "../triage/officer.tsx";
import { Feeds } from "./feeds.tsx";
import { Pages } from "./pages.tsx";
import { Search } from "./search.tsx";

function ClockFace() {
  const t_ms = now_ms.value;
  const speed = clock.value?.speed ?? 1;
  const state = !clock.value ? "" : clock.value.playing ? (speed === 1 ? "" : `×${speed}`) : say("paused");
  return (
    <p class="clock mono" aria-label={say("Event clock, UTC")}>
      {t_ms === null ? <span class="dim">{say("no clock")}</span> : (
        <>
          <span class="dim">{utcDate(t_ms)}</span> <time dateTime={new Date(t_ms).toISOString()}>{utcTime(t_ms)}</time>
          {state ? <span class="clock-state">{state}</span> : null}
        </>
      )}
    </p>
  );
}

/** The code of the language; a press goes to the next one. */
function LanguageButton() {
  const next = CODES[(CODES.indexOf(language.value) + 1) % CODES.length]!;
  return (
    <button type="button" class="icon-button" lang={next} aria-label={`${language.value.toUpperCase()}: ${LANGUAGES[next].name}`} title={LANGUAGES[next].name} onClick={() => void speak(next)}>
      <span class="mono">{language.value.toUpperCase()}</span>
    </button>
  );
}

export function TopBar() {
  return (
    <header class="top">
      <h1>SARGAS</h1>
      <Pages />
      <Search />
      <span class="spring" />
      <SoundButton />
      <Feeds />
      <ClockFace />
      <OfficerPill />
      <UserPill />
      <LanguageButton />
      <button type="button" class="icon-button" aria-label={say("Switch to the theme: {theme}", { theme: say(themeLabel(nextTheme())) })} title={say("Theme (T)")} onClick={() => switchTheme()}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
        </svg>
      </button>
      <button type="button" class="icon-button" aria-label={say("Help: keys and marks")} title={say("Help (?)")} onClick={() => { helpOpen.value = true; }}>?</button>
    </header>
  );
}
