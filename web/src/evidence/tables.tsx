// The tests that an alert rests on, and where the vessel comes next.
import { measured, metres, outside, parseTime, utcMinute, duration } from "../format/format.ts";
import { featureWord, kindWord } from "../format/words.ts";
import { now_ms } from "../state/state.ts";
import { showAsset } from "../map/map-pane.tsx";
import { say, sayCount } from "../lang/lang.ts";
import type { NextAsset, Why } from "../wire/types.ts";

const cell = (value: number | string | null): string =>
  value === null ? "–" : typeof value === "number" ? measured(value) : outside(value);

const signed = (value: number | null): string =>
  value === null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${measured(Math.abs(value))}`;

export function WhyTable({ why }: { why: readonly Why[] }) {
  return (
    <table class="why">
      <caption class="visually-hidden">{say("Each tested feature with its value, its limit, the margin between them, and whether it passed")}</caption>
      <thead>
        <tr><th scope="col">{say("Feature")}</th><th scope="col" class="num">{say("Value")}</th><th scope="col" class="num">{say("Limit")}</th><th scope="col" class="num">{say("Margin")}</th><th scope="col">{say("Test")}</th></tr>
      </thead>
      <tbody>
        {why.map((row, at) => (
          <tr key={at} class={row.passed ? "passed" : "failed"}>
            <th scope="row">{featureWord(row.feature)}{row.unit && !row.feature.endsWith(row.unit) ? <span class="unit"> {outside(row.unit)}</span> : null}</th>
            <td class="num mono">{cell(row.value)}</td>
            <td class="num mono">{cell(row.threshold)}</td>
            <td class="num mono">{signed(row.margin)}</td>
            <td>{row.passed ? <b>{say("met")}</b> : say("not met")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Eta({ eta }: { eta: string | null }) {
  const at_ms = parseTime(eta);
  if (Number.isNaN(at_ms)) return <>{say("no ETA")}</>;
  const left_ms = now_ms.value === null ? Number.NaN : at_ms - now_ms.value;
  return <>{utcMinute(at_ms)}{left_ms > 0 ? ` · ${say("in {time}", { time: duration(left_ms) })}` : Number.isNaN(left_ms) ? "" : ` · ${say("passed")}`}</>;
}

/** Rows before "more". */
const FEW = 5;

function NextRow({ asset, hasMap }: { asset: NextAsset; hasMap: boolean }) {
  return (
    <li>
      {hasMap ? <button type="button" class="link" onClick={() => showAsset(asset.id)}><bdi>{outside(asset.name)}</bdi></button> : <bdi>{outside(asset.name)}</bdi>}
      <span class="dim"> {kindWord(asset.kind)}</span>
      <span class="mono right">{metres(asset.distance_km * 1000)} · <Eta eta={asset.eta} /></span>
    </li>
  );
}

/** `hasMap`: the map stands beside it, and a name shows its asset there. */
export function NextAssets({ list, hasMap = true }: { list: readonly NextAsset[]; hasMap?: boolean }) {
  const more = list.slice(FEW);
  return (
    <>
      <ul class="next">{list.slice(0, FEW).map((asset) => <NextRow key={asset.id} asset={asset} hasMap={hasMap} />)}</ul>
      {more.length > 0 ? (
        <details class="next">
          <summary>{sayCount(more.length, "{n} more", "{n} more")}</summary>
          <ul>{more.map((asset) => <NextRow key={asset.id} asset={asset} hasMap={hasMap} />)}</ul>
        </details>
      ) : null}
    </>
  );
}
