// Partners' alerts: which partners there are, and fetching what shows their alerts once that is asked for.
import { computed, effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { filter } from "../list/filter.ts";
import { tell } from "../state/session.ts";
import { greeted, partners, partnersTold } from "../state/state.ts";
import { say } from "../lang/lang.ts";
import { ApiError, getPartners } from "../wire/api.ts";
import type { Alert } from "../wire/types.ts";

/** Between our own id, which has only letters and digits, and a partner's key lies this. */
export const isTheirs = (key: string): boolean => key.includes("~");

type Part = (props: { alert: Alert }) => JSX.Element | null;
interface Parts {
  Chips: Part;
  Panel: Part;
  readPartnerAlerts(): void;
}
const parts = signal<Parts | null>(null);

/** A part that shows a partner's alert; what reads them has fetched it before. */
export function Theirs({ part, alert }: { part: "Chips" | "Panel"; alert: Alert }) {
  const Shown = parts.value?.[part];
  return Shown ? <Shown alert={alert} /> : null;
}

const alarms = computed(() => partners.value.reduce((sum, one) => sum + one.open.P1, 0));
/** Alarms of partners when theirs were last shown, or first counted. */
const lookedAt = signal<number | null>(null);
/** One has come since that nobody has looked at. It makes no sound: nobody here could acknowledge it, and it would never end. */
export const hasFresh = computed(() => lookedAt.value !== null && alarms.value > lookedAt.value);

/** Next of own, partners, both. */
export function nextOrigin(): void {
  if (partners.value.length === 0 && filter.value.origin === "own") return;
  const { origin } = filter.value;
  filter.value = { ...filter.value, origin: origin === "own" ? "partners" : origin === "partners" ? "all" : "own" };
}

/** Their alerts are read when they are asked for, and again whenever something came: without a reload. */
export function startPartners(): void {
  effect(() => {
    if (greeted.value + partnersTold.value === 0) return;
    getPartners().then((found) => {
      partners.value = found;
      lookedAt.value ??= alarms.value;
    }, tell);
  });
  effect(() => {
    const [now, before, isShown] = [alarms.value, lookedAt.peek(), filter.value.origin !== "own"];
    if (before !== null && (isShown || now < before)) lookedAt.value = now;
  });
  effect(() => {
    const isAsked = filter.value.origin === "partners" || filter.value.origin === "all";
    void [greeted.value, partnersTold.value];
    if (!isAsked) return;
    if (parts.peek()) return parts.peek()!.readPartnerAlerts();
    import("./tool-partners.tsx").then((made) => {
      parts.value = made;
      made.readPartnerAlerts();
    }, () => tell(new ApiError(0, say("The page could not be fetched."), say("Is sargas still running?"))));
  });
}
