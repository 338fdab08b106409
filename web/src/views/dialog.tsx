// The dialog of saved views, fetched when it is first opened; and the offer to go to a link's time.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { utc } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { later } from "../later.tsx";
import { goToOffered, offered_ms } from "./view.ts";

export const viewsOpen = signal(false);

const Fetched = later(async () => (await import("./tool-views.tsx")).Views, () => null);

export function Views() {
  const asked = useRef(false);
  asked.current ||= viewsOpen.value;
  return asked.current ? <Fetched /> : null;
}

/** The time of a link, where the clock shows another. */
export function TimeOffer() {
  const t_ms = offered_ms.value;
  if (t_ms === null) return null;
  return (
    <section class="time-offer" role="status" aria-label={say("Time of the link")}>
      <p>{say("This link was made at {time}; the clock shows another time.", { time: utc(t_ms) })}</p>
      <button type="button" class="small-button" onClick={() => void goToOffered()}>{say("Go to that time, on every screen")}</button>
      <button type="button" class="small-button" onClick={() => { offered_ms.value = null; }}>{say("Stay")}</button>
    </section>
  );
}
