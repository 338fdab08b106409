// The charts as a table: the track in equal spans of time, gaps as rows that say so.
import { courseText } from "../evidence/series.ts";
import { duration, metres, utcMinute } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { MINUTE_MS } from "./scale.ts";
import { slots } from "./slots.ts";
import type { DossierTrack } from "./types.ts";

const known = (column: readonly (number | null)[], rows: readonly number[]): number[] =>
  rows.flatMap((row) => (column[row] == null ? [] : [column[row]!]));

const range = (values: readonly number[], write: (value: number) => string): string => {
  if (values.length === 0) return "–";
  const [low, high] = [write(Math.min(...values)), write(Math.max(...values))];
  return low === high ? low : `${low} – ${high}`;
};

/** First and last, as angles have no least and most. */
const ends = (values: readonly number[]): string =>
  values.length === 0 ? "–" : `${courseText(values[0]!)}° → ${courseText(values.at(-1)!)}°`;

export function SlotTable({ track }: { track: DossierTrack }) {
  const { step_ms, list } = slots(track.t_ms);
  return (
    <table class="grid-table">
      <caption>{say("Speed, course, heading and distance in spans of {span}; lowest and highest, course and heading first and last", { span: duration(Math.max(step_ms, MINUTE_MS)) })}</caption>
      <thead>
        <tr>
          <th scope="col">{say("From, UTC")}</th><th scope="col" class="num">{say("Reports")}</th><th scope="col" class="num">SOG kn</th>
          <th scope="col" class="num">{say("Course")}</th><th scope="col" class="num">{say("Heading")}</th><th scope="col" class="num">{say("Distance")}</th>
        </tr>
      </thead>
      <tbody>
        {list.map(({ from_ms, rows }) => (
          <tr key={from_ms}>
            <th scope="row" class="mono">{utcMinute(from_ms)}</th>
            <td class="num mono">{rows.length}</td>
            {rows.length === 0 ? <td colSpan={4} class="dim">{say("not received")}</td> : (
              <>
                <td class="num mono">{range(known(track.sog_kn, rows), (value) => value.toFixed(1))}</td>
                <td class="num mono">{ends(known(track.cog_deg, rows))}</td>
                <td class="num mono">{ends(known(track.heading_deg, rows))}</td>
                <td class="num mono">{range(known(track.distance_m, rows), metres)}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
