// What the measure tool has measured, and its keys.
import { say } from "../lang/lang.ts";
import { focusMap, panTo, viewCamera } from "./map-pane.tsx";
import { bearing, dropPoint, kilometres, type Leg, legs, measure, miles, moveCursor, openLeg, setPoint, spoken, totalOf } from "./measure.ts";
import { project, unproject } from "./view.ts";

const STEP_PX = 20;
const FINE_PX = 2;
/** Nearer to the edge than this the map moves below the cursor. */
const EDGE_PX = 60;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};
/** Where a key has a meaning of its own. */
const TYPED = "input, textarea, select, dialog";

export function toggleMeasure(): void {
  measure.value = measure.value ? null : { points: [], cursor: null, byKeys: false };
  if (measure.value) focusMap();
}

function moveByKey([dx, dy]: readonly [number, number], fine: boolean): void {
  const camera = viewCamera();
  if (!camera || !measure.value) return;
  const step = fine ? FINE_PX : STEP_PX;
  const { cursor } = measure.value;
  const [x, y] = cursor ? project(camera, ...cursor) : [camera.width / 2, camera.height / 2];
  const [nx, ny] = cursor ? [x + dx * step, y + dy * step] : [x, y];
  const next = unproject(camera, nx, ny);
  moveCursor(next, true);
  if (nx < EDGE_PX || ny < EDGE_PX || nx > camera.width - EDGE_PX || ny > camera.height - EDGE_PX) panTo(next);
}

/** Takes the tool's keys before anything else does. */
function onKey(event: KeyboardEvent): void {
  const at = event.target as Element | null;
  if (!measure.value || event.ctrlKey || event.metaKey || event.altKey || at?.closest(TYPED)) return;
  const arrow = ARROWS[event.key];
  if (arrow) moveByKey(arrow, event.shiftKey);
  else if (event.key === "Enter" && !at?.closest("button, a, summary")) {
    if (!measure.value?.cursor) moveByKey([0, 0], false);
    setPoint();
  } else if (event.key === "Backspace") dropPoint();
  else if (event.key === "Escape") measure.value = null;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

window.addEventListener("keydown", onKey, true);

function Row({ name, leg }: { name: string; leg: Leg }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{miles(leg.distance_m)}</td>
      <td>{kilometres(leg.distance_m)}</td>
      <td>{bearing(leg.bearing_deg)}</td>
    </tr>
  );
}

function Box() {
  const set = legs.value;
  const open = openLeg.value;
  return (
    <section class="measure" aria-label={say("Measure")}>
      <h2>{say("Measure")}</h2>
      {set.length + (open ? 1 : 0) > 0 ? (
        <table class="mono">
          <caption class="visually-hidden">{say("Legs with length and true bearing at their start")}</caption>
          <thead class="visually-hidden">
            <tr><th scope="col">{say("Leg")}</th><th scope="col">NM</th><th scope="col">km</th><th scope="col">{say("Bearing")}</th></tr>
          </thead>
          <tbody>
            {set.map((leg, at) => <Row key={at} name={String(at + 1)} leg={leg} />)}
            {open ? <Row name="→" leg={open} /> : null}
          </tbody>
          {set.length > 1 ? (
            <tfoot>
              <tr><th scope="row">{say("Total")}</th><td>{miles(totalOf(set))}</td><td>{kilometres(totalOf(set))}</td><td /></tr>
            </tfoot>
          ) : null}
        </table>
      ) : <p class="dim small">{say("Click points, or move the cursor with the arrow keys and set points with Enter.")}</p>}
      <p class="dim small">{say("Shortest way on WGS84; bearings are true.")}</p>
      <p class="dim small keys"><kbd>⏎</kbd> {say("point")} <kbd>⌫</kbd> {say("back")} <kbd>⇧</kbd> {say("fine")}
        <button type="button" class="small-button" onClick={() => { measure.value = null; }}>{say("End")} <kbd>Esc</kbd></button>
      </p>
    </section>
  );
}

export function MeasureBox() {
  const now = measure.value;
  return (
    <>
      <p class="visually-hidden" role="status" aria-live="polite">{now ? spoken(now, legs.value, openLeg.value) : ""}</p>
      {now ? <Box /> : null}
    </>
  );
}
