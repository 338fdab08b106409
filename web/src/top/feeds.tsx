// Health of the feeds: grey while all is well.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { duration, outside, utcTime, whole } from "../format/format.ts";
import { say, sayCount } from "../lang/lang.ts";
import { go } from "../route.ts";
import { halting, now_ms, refused, status } from "../state/state.ts";
import type { Feed } from "../wire/types.ts";

/** A feed that brought nothing for so long of event time is called silent. */
const SILENT_MS = 120_000;
const open = signal(false);

export function feedIsWell(feed: Feed, t_ms: number | null): boolean {
  if (feed.state) return feed.state === "receiving" || feed.state === "ended";
  return feed.last_ms !== null && (t_ms === null || t_ms - feed.last_ms < SILENT_MS);
}

function age(feed: Feed): string {
  if (feed.last_ms === null) return say("nothing yet");
  return now_ms.value === null ? utcTime(feed.last_ms) : say("{age} ago", { age: duration(now_ms.value - feed.last_ms) });
}

export function Feeds() {
  const feeds = status.value?.feeds ?? [];
  const silent = feeds.filter((feed) => !feedIsWell(feed, now_ms.value));
  const dropped = [...refused.value.values()].reduce((sum, count) => sum + count, 0);
  const well = feeds.length > 0 && silent.length === 0 && dropped === 0 && !halting.value;
  const words = feeds.length === 0
    ? say("no feed")
    : silent.length > 0
      ? say("{n} of {all} feeds silent", { n: silent.length, all: feeds.length })
      : sayCount(feeds.length, "{n} feed", "{n} feeds");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open.value) return;
    const leave = (event: Event): void => {
      const away = event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node);
      if (!away) return;
      if (event instanceof KeyboardEvent) event.stopPropagation();
      open.value = false;
    };
    document.addEventListener("pointerdown", leave, true);
    document.addEventListener("keydown", leave, true);
    return () => {
      document.removeEventListener("pointerdown", leave, true);
      document.removeEventListener("keydown", leave, true);
    };
  }, [open.value]);
  return (
    <div class="feeds" ref={box}>
      <button type="button" class={well ? "pill" : "pill unwell"} aria-expanded={open.value} aria-controls="feed-list" onClick={() => { open.value = !open.value; }}>
        <svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">
          {well ? <circle r="3.4" fill="currentColor" /> : <path d="M0 -4.6L4.6 4H-4.6Z" fill="none" stroke="currentColor" stroke-width="1.6" />}
        </svg>
        {words}
      </button>
      <div id="feed-list" class="sheet" hidden={!open.value}>
        <h2>{say("Feeds")}</h2>
        {feeds.length === 0 ? <p class="dim">{say("No feed is open.")}</p> : null}
        <ul>
          {feeds.map((feed) => (
            <li key={feed.name}>
              <p><b><bdi>{outside(feed.name)}</bdi></b> <span class="dim">{outside(feed.kind)}</span></p>
              <p class="mono small">{sayCount(feed.fixes, "last fix {age} · {fixes} fix · {rejected} rejected", "last fix {age} · {fixes} fixes · {rejected} rejected", { age: age(feed), fixes: whole(feed.fixes), rejected: whole(feed.rejected) })}</p>
              {feed.note ? <p class="dim small">{outside(feed.note)}</p> : null}
            </li>
          ))}
        </ul>
        {[...refused.value].map(([reason, count]) => <p key={reason} class="small">{say("{n} × dropped by the screen", { n: count })}: {outside(reason)}</p>)}
        {status.value ? <p class="dim small">{status.value.fixes === 1 ? say("One fix of one vessel.") : sayCount(status.value.vessels, "{fixes} fixes of one vessel.", "{fixes} fixes of {vessels} vessels.", { fixes: whole(status.value.fixes), vessels: whole(status.value.vessels) })} sargas {status.value.version}.</p> : null}
        <button type="button" class="small-button" onClick={() => { open.value = false; go("/quality"); }}>{say("Quality of the picture")} <kbd>Q</kbd></button>
      </div>
    </div>
  );
}
