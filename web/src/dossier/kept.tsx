// What is still kept of an alert, and what is not, with the reason as far as it is known.
import { say } from "../lang/lang.ts";
import type { Kept } from "./types.ts";

function reasonText({ reason, days_gone, stored, fixes }: Kept): string {
  const span = stored ? say("Days with fixes stored here: {from} to {to}.", { from: stored[0], to: stored[1] }) : say("No fixes of any vessel are stored here.");
  if (reason === "area") return say("This alert is about an area or a feed, not about one vessel: there are no fixes of its own.");
  if (reason === "vessel_gone") return `${say("The days it rests on are stored, but no fix of this vessel is among them: it was never stored here, or was taken out.")} ${span}`;
  const days = say("No fixes of any vessel are stored any more for {days}: they are past retention, or were moved out of the home.", { days: days_gone.join(", ") });
  return `${days} ${span}${fixes > 0 ? ` ${say("What is shown is what is left.")}` : ""}`;
}

export function KeptNote({ kept }: { kept: Kept }) {
  if (kept.reason === null) return null;
  return (
    <section class="kept-note" aria-labelledby="kept-title">
      <h2 id="kept-title">{kept.fixes > 0 ? say("A part of the fixes is not kept") : say("The fixes are not kept")}</h2>
      <p>{reasonText(kept)}</p>
      {kept.reason === "area" ? null : (
        <dl class="kept">
          <div><dt>{say("Kept")}</dt><dd>{say("the alert in all its versions, each test with its numbers, what speaks against it, the context, the log")}</dd></div>
          <div><dt>{say("Not kept")}</dt><dd>{kept.fixes > 0 ? say("the fixes of those days, and so their part of charts and map") : say("the fixes, and so the charts, the way on the map and the table of positions")}</dd></div>
        </dl>
      )}
    </section>
  );
}
