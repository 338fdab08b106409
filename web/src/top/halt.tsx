// That the watch does not judge, since when and why: a picture that moves while no alarm can arise misleads.
import { signal } from "@preact/signals";
import { outside, parseTime, utcDate, utcMinute } from "../format/format.ts";
import { PRIORITY_WORD } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { halt, watch_ms } from "../state/state.ts";
import type { Halt } from "../wire/types.ts";

/** Of the alerts that could not be stored so many are named; the banner leaves room for the map. */
const NAMED = 3;

/** Whose end was read. */
const read = signal<number | null>(null);

const when = (t_ms: number): string => {
  const day = utcDate(t_ms);
  return `${day === utcDate(watch_ms.value ?? t_ms) ? "" : `${day} `}${utcMinute(t_ms)}`;
};

function since({ cause, since_ms }: Halt): string {
  const t = when(since_ms);
  switch (cause) {
    case "store": return say("The watch cannot write since {t}.", { t });
    case "journal": return say("What is received cannot be kept since {t}.", { t });
    case "folding": return say("The watch stands still since {t}.", { t });
    case "backlog": return say("The watch is far behind since {t}.", { t });
  }
}

function Over({ one, until_ms }: { one: Halt; until_ms: number }) {
  if (read.value === until_ms) return null;
  const t = when(until_ms);
  const writes = one.cause === "store" || one.cause === "journal";
  return (
    <div class="banner look-back" role="status">
      <b>{writes ? say("It writes again since {t}.", { t }) : say("It judges again since {t}.", { t })}</b>
      <span>{say("Trouble from {t} on:", { t: when(one.since_ms) })} <bdi class="dim" lang="en">{outside(one.what)}</bdi></span>
      <button type="button" onClick={() => { read.value = until_ms; }}>{say("Close")}</button>
    </div>
  );
}

function Unstored({ one }: { one: Halt }) {
  const named = one.unstored.slice(0, NAMED);
  const more = one.unstored_count - named.length;
  if (named.length === 0) return null;
  return (
    <div role="alert">
      <b>{say("Found and not stored yet:")}</b>
      <ul>
        {named.map(({ id, priority, t_detected, text }) => (
          <li key={id}><b>{say(PRIORITY_WORD[priority])}</b> <span class="mono">{when(parseTime(t_detected))}</span> <bdi>{outside(text)}</bdi></li>
        ))}
        {more > 0 ? <li>{sayCount(more, "and one more", "and {n} more")}</li> : null}
      </ul>
    </div>
  );
}

/** As long as it lasts nothing takes it away; that it is over can be closed. */
export function HaltBanner() {
  const one = halt.value;
  if (!one) return null;
  if (one.until_ms !== null) return <Over one={one} until_ms={one.until_ms} />;
  return (
    <div class="banner halt-banner">
      <svg width="30" height="30" viewBox="-15 -15 30 30" aria-hidden="true">
        <path d="M-6 -14H6L14 -6V6L6 14H-6L-14 6V-6Z" fill="currentColor" />
        <path d="M-7 -7L7 7M7 -7L-7 7" stroke="var(--notice)" stroke-width="4" />
      </svg>
      <div>
        <p role="alert">
          <b>{since(one)}</b> <bdi lang="en">{outside(one.what)}</bdi>{" "}
          <b>{one.cause === "backlog" ? say("Alarms come late.") : say("Nothing is judged, no alarm can arise.")}</b>
        </p>
        {one.judged_to_ms === null ? null : <p>{say("All is judged up to {t}.", { t: when(one.judged_to_ms) })}</p>}
        <Unstored one={one} />
      </div>
    </div>
  );
}
