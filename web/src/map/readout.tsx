// Scale bar and the place under the pointer.
import { placeDecimal, placeDm } from "../format/format.ts";
import { metresPerPx } from "./mercator.ts";
import { say } from "../lang/lang.ts";
import { centre, copyPlace, readPlace, scale } from "./map-pane.tsx";

const NM_M = 1852;
const STEPS_NM = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const WIDEST_PX = 120;

function bar(zoom: number, lat: number): { text: string; width_px: number } {
  const perPx = metresPerPx(zoom, lat);
  const steps = STEPS_NM.filter((step) => (step * NM_M) / perPx <= WIDEST_PX);
  const length_nm = steps.at(-1) ?? STEPS_NM[0]!;
  return { text: `${length_nm} NM · ${((length_nm * NM_M) / 1000).toFixed(length_nm < 1 ? 2 : 1)} km`, width_px: (length_nm * NM_M) / perPx };
}

export function Readout() {
  const { text, width_px } = bar(scale.value.zoom, scale.value.lat);
  const place = readPlace.value;
  return (
    <div class="readout mono">
      <span class="readout-head">
        <span>{placeDm(...place)}</span>
        <button type="button" onClick={copyPlace} title={say("Copy this place; I copies the place at the pointer")}>{say("Copy")} <kbd>I</kbd></button>
      </span>
      <span class="dim">{placeDecimal(...place)} {place === centre.value ? say("centre") : ""}</span>
      <span class="scale">
        <span>{text}</span>
        <span class="scale-bar" style={{ width: `${width_px.toFixed(1)}px` }} />
      </span>
    </div>
  );
}
