// The list of alerts: a listbox whose rows never move under the pointer.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { whole } from "../format/format.ts";
import { say, sayCount } from "../lang/lang.ts";
import { Mark } from "../map/mark.tsx";
import { selectAlert } from "../state/session.ts";
import { alerts, alertsRead, partners, picture, selectedAlertId, status, trouble, vessels } from "../state/state.ts";
import { AlertRow, rowDomId } from "./alert-row.tsx";
import { asked, behind, counts, filter, held, layOpen, letIn, selectedRow, shownAlerts, stackOf, stacks, waiting } from "./filter.ts";
import { FilterBar } from "./filter-bar.tsx";

/** Every row is so high (style/list.css), so that only those in view need to be in the page. */
const ROW_PX = 92;
const BEYOND = 6;
const scrolled_px = signal(0);
const room_px = signal(900);

/** Selects the next or previous row and brings it into view. */
export function step(by: number): void {
  const rows = shownAlerts.value;
  if (rows.length === 0) return;
  const at = rows.findIndex(({ id }) => id === selectedRow.value);
  const from = at >= 0 ? at : by > 0 ? -1 : rows.length;
  const to = Math.min(rows.length - 1, Math.max(0, from + by));
  const { id } = rows[to]!;
  selectAlert(id);
  const list = document.querySelector<HTMLElement>(".rows");
  if (!list) return;
  // A button that was pressed before would take the next Enter for itself.
  if (document.activeElement?.closest("button")) list.focus({ preventScroll: true });
  requestAnimationFrame(() => {
    const top = to * ROW_PX; // after the evidence has opened and taken its room
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW_PX - list.clientHeight;
  });
}

/** Lays the selected row's stack open, or closes it. */
export function unfold(open: boolean): void {
  const alert = shownAlerts.value.find((one) => one.id === selectedAlertId.value);
  if (!alert || behind(alert).more === 0) return;
  layOpen(alert, open);
  const head = stacks.value.get(stackOf(alert))?.[0];
  if (!open && head) selectAlert(head.id);
}

function Empty() {
  picture.value; // the count of vessels follows the picture
  const heard = vessels.n || (status.value?.vessels ?? 0);
  if (trouble.value && !alertsRead.value) {
    return <p class="empty"><b>{trouble.value.what}</b> {trouble.value.hint}</p>;
  }
  if (!alertsRead.value) return <p class="empty">{say("Reading the alerts…")}</p>;
  if (asked.value.length === 0) {
    if (filter.value.origin === "partners") {
      const hasCome = partners.value.some((one) => one.alerts > 0);
      return <p class="empty"><b>{hasCome ? say("Reading the alerts…") : say("Nothing has come from partners.")}</b></p>;
    }
    return <p class="empty"><b>{say("No alerts in this span.")}</b> {sayCount(heard, "{n} vessel watched.", "{n} vessels watched.", { n: whole(heard) })}</p>;
  }
  const { tab } = filter.value;
  const hidden = asked.value.length;
  return (
    <p class="empty">
      <b>{tab === "open" && counts.value.byTab.open === 0 ? say("No open alerts.") : say("No alerts pass the filter.")}</b>{" "}
      {sayCount(hidden, "One alert is hidden by it.", "{n} alerts are hidden by it.")} {sayCount(heard, "{n} vessel watched.", "{n} vessels watched.", { n: whole(heard) })}
    </p>
  );
}

/** Announces new Alarms of our own, and nothing else, to a screen reader. */
function Announcer() {
  const seen = useRef<Set<string> | null>(null);
  const alarms = [...alerts.value.values()].filter((alert) => alert.priority === "P1" && alert.state === "open");
  const fresh = seen.current === null ? [] : alarms.filter((alert) => !seen.current!.has(alert.id));
  useEffect(() => {
    if (alertsRead.value) seen.current = new Set([...(seen.current ?? []), ...alarms.map((alert) => alert.id)]);
  });
  return (
    <div class="visually-hidden" role="status" aria-live="assertive">
      {fresh.map((alert) => <p key={alert.id}>{say("New Alarm: {text}", { text: alert.text })}</p>)}
    </div>
  );
}

export function AlertList() {
  const list = useRef<HTMLUListElement>(null);
  const over = useRef(false);
  const rows = shownAlerts.value;
  const more = waiting.value;
  const hold = (): void => {
    scrolled_px.value = list.current?.scrollTop ?? 0;
    held.value = over.current || scrolled_px.value > 4;
  };
  useEffect(() => {
    const box = list.current!;
    const sized = new ResizeObserver(() => {
      room_px.value = box.clientHeight;
    });
    sized.observe(box);
    return () => sized.disconnect();
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      unfold(event.key === "ArrowRight");
      return;
    }
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    step(Number.isFinite(by) ? by : by > 0 ? rows.length : -rows.length);
  };
  const selected = rows.some((alert) => alert.id === selectedAlertId.value) ? selectedAlertId.value : null;
  const first = Math.max(0, Math.floor(scrolled_px.value / ROW_PX) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((scrolled_px.value + room_px.value) / ROW_PX) + BEYOND);
  const worst = more.map((alert) => alert.priority).sort()[0];
  return (
    <section class="list" aria-labelledby="list-title">
      <h2 id="list-title" class="visually-hidden">{say("Alerts")}</h2>
      <FilterBar />
      <div class="rows-box" onPointerEnter={() => { over.current = true; hold(); }} onPointerLeave={() => { over.current = false; hold(); }}>
        {more.length > 0 && held.value ? (
          <button
            type="button"
            class="new-chip"
            onClick={() => {
              letIn();
              if (list.current) list.current.scrollTop = 0;
            }}
          >
            {worst ? <Mark priority={worst} size={12} /> : null} {say("{n} new ↑", { n: more.length })}
          </button>
        ) : null}
        {rows.length === 0 ? <Empty /> : null}
        <ul
          ref={list}
          class="rows"
          role="listbox"
          aria-labelledby="list-title"
          aria-activedescendant={selected ? rowDomId(selected) : undefined}
          tabIndex={0}
          hidden={rows.length === 0}
          onKeyDown={onKey}
          onScroll={hold}
        >
          <li role="presentation" style={{ height: `${first * ROW_PX}px` }} />
          {rows.slice(first, last).map((alert, at) => <AlertRow key={alert.id} alert={alert} at={first + at} of={rows.length} />)}
          <li role="presentation" style={{ height: `${Math.max(0, rows.length - last) * ROW_PX}px` }} />
        </ul>
      </div>
      <Announcer />
    </section>
  );
}
