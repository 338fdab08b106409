// Who has the watch, in the top bar.
import { outside, utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { go } from "../route.ts";
import { myWatch, onWatch } from "../state/state.ts";
import { dialog } from "./triage.ts";

export function OfficerPill() {
  const mine = myWatch.value;
  const others = onWatch.value.filter((one) => one !== mine).map((one) => one.officer);
  const title = others.length > 0 ? say("Also on watch: {who}", { who: outside(others.join(", ")) }) : say("Handover");
  if (!mine) {
    return (
      <button type="button" class="pill officer none" title={others.length > 0 ? title : undefined} onClick={() => { dialog.value = { kind: "watch", seen: [] }; }}>
        {say("Take the watch")}
      </button>
    );
  }
  return (
    <button type="button" class="pill officer" title={title} onClick={() => go("/handover")}>
      <bdi>{outside(mine.officer)}</bdi>{" "}
      <span class="mono dim">{mine.until_ms ? say("until {t}", { t: utcMinute(mine.until_ms) }) : say("since {t}", { t: utcMinute(mine.since_ms) })}</span>
      {others.length > 0 ? <span class="dim">+{others.length}</span> : null}
    </button>
  );
}
