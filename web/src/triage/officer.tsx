// Who has the watch, in the top bar.
import { outside, utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { go } from "../route.ts";
import { mayAct, myWatch, onWatch, status } from "../state/state.ts";
import { dialog } from "./triage.ts";

/** Who is logged in; the way to log out. */
export function UserPill() {
  const user = status.value?.user;
  return user ? (
    <a class="pill user" href="/login" aria-label={outside(user.name)} title={`${outside(user.name)}, ${user.role}`}>
      {myWatch.value ? null : <bdi>{outside(user.name)}</bdi>}
      <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true"><path d="M6 2H2v12h4M6 8h8m-3-3 3 3-3 3" fill="none" stroke="currentColor" stroke-width="1.5" /></svg>
    </a>
  ) : null;
}

export function OfficerPill() {
  const mine = myWatch.value;
  const others = onWatch.value.filter((one) => one !== mine).map((one) => one.officer);
  const title = others.length > 0 ? say("Also on watch: {who}", { who: outside(others.join(", ")) }) : say("Handover");
  if (!mayAct.value) {
    return <span class="pill officer"><bdi>{others.length > 0 ? say("On watch: {who}", { who: outside(others.join(", ")) }) : say("Nobody on watch")}</bdi></span>;
  }
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
