// The list of alerts: a listbox whose rows never move under the pointer.
import { useEffect, useRef } from "preact/hooks";
import { whole } from "../format/format.ts";
import { PRIORITY_WORD } from "../format/words.ts";
import { Mark } from "../map/mark.tsx";
import { selectAlert } from "../state/session.ts";
import { alerts, alertsRead, picture, selectedAlertId, status, trouble, vessels } from "../state/state.ts";
import { AlertRow, rowDomId } from "./alert-row.tsx";
import { counts, filter, held, letIn, shownAlerts, waiting } from "./filter.ts";
import { FilterBar } from "./filter-bar.tsx";

/** Selects the next or previous row and brings it into view. */
export function step(by: number): void {
  const rows = shownAlerts.value;
  if (rows.length === 0) return;
  const at = rows.findIndex((alert) => alert.id === selectedAlertId.value);
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  const { id } = rows[to]!;
  selectAlert(id);
  requestAnimationFrame(() => document.getElementById(rowDomId(id))?.scrollIntoView({ block: "nearest" }));
}

function Empty() {
  picture.value; // the count of vessels follows the picture
  const heard = vessels.n || (status.value?.vessels ?? 0);
  if (trouble.value && !alertsRead.value) {
    return <p class="empty"><b>{trouble.value.what}</b> {trouble.value.hint}</p>;
  }
  if (!alertsRead.value) return <p class="empty">Reading the alerts…</p>;
  if (alerts.value.size === 0) {
    return <p class="empty"><b>No alerts in this span.</b> {whole(heard)} vessels watched.</p>;
  }
  const { onlyOpen } = filter.value;
  const hidden = alerts.value.size;
  return (
    <p class="empty">
      <b>{onlyOpen && counts.value.open === 0 ? "No open alerts." : "No alerts pass the filter."}</b>{" "}
      {whole(hidden)} {hidden === 1 ? "alert is" : "alerts are"} hidden by it. {whole(heard)} vessels watched.
    </p>
  );
}

/** Announces new Alarms, and nothing else, to a screen reader. */
function Announcer() {
  const seen = useRef<Set<string> | null>(null);
  const alarms = [...alerts.value.values()].filter((alert) => alert.priority === "P1" && alert.state === "open");
  const fresh = seen.current === null ? [] : alarms.filter((alert) => !seen.current!.has(alert.id));
  useEffect(() => {
    if (alertsRead.value) seen.current = new Set([...(seen.current ?? []), ...alarms.map((alert) => alert.id)]);
  });
  return (
    <div class="visually-hidden" role="status" aria-live="assertive">
      {fresh.map((alert) => <p key={alert.id}>New {PRIORITY_WORD[alert.priority]}: {alert.text}</p>)}
    </div>
  );
}

export function AlertList() {
  const list = useRef<HTMLUListElement>(null);
  const over = useRef(false);
  const rows = shownAlerts.value;
  const more = waiting.value;
  const hold = (): void => {
    held.value = over.current || (list.current?.scrollTop ?? 0) > 4;
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    step(Number.isFinite(by) ? by : by > 0 ? rows.length : -rows.length);
  };
  const selected = rows.some((alert) => alert.id === selectedAlertId.value) ? selectedAlertId.value : null;
  const worst = more.map((alert) => alert.priority).sort()[0];
  return (
    <section class="list" aria-labelledby="list-title">
      <h2 id="list-title" class="visually-hidden">Alerts</h2>
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
            {worst ? <Mark priority={worst} size={12} /> : null} {more.length} new ↑
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
          {rows.map((alert) => <AlertRow key={alert.id} alert={alert} />)}
        </ul>
      </div>
      <Announcer />
    </section>
  );
}
