// Where a group gets nothing of an alert whoever releases it: the alert may rest on feeds that may not go there.
import { outside } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import type { Reach } from "./types.ts";

/** The service's word for a feed that its home has no name for. */
const NAMELESS = "?";

/** Names the feeds; empty where the group may have all of them. */
export function feedsWithheld({ withheld }: Pick<Reach, "withheld">): string {
  return withheld.map((name) => (name === NAMELESS ? say("a feed without a name") : say("feed {name}", { name: outside(name) }))).join(", ");
}

/** A person's release stands though nothing leaves by it: it would count again once the feed may go there. */
export const mayWithdraw = ({ versions, released }: Pick<Reach, "versions" | "released">): boolean => versions.length > 0 || released !== null;

/** Whether there is something to say of a group beyond that it gets nothing. */
export const isTold = (reach: Pick<Reach, "versions" | "released" | "withdrawn" | "left_count">): boolean =>
  mayWithdraw(reach) || reach.withdrawn !== null || reach.left_count > 0;
