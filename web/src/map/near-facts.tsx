// The selected vessel and the assets, in words: nearest, closest approach, what it meets next.
import { Fact } from "../evidence/facts.tsx";
import { duration, metres, outside, utcMinute } from "../format/format.ts";
import { kindWord } from "../format/words.ts";
import { say, sayCount } from "../lang/lang.ts";
import { now_ms, vessels } from "../state/state.ts";
import { nearSelected, showAsset } from "./map-pane.tsx";
import { miles } from "./measure.ts";
import { AHEAD_H, type Approach, type Nearest } from "./near.ts";

const MOST = 4;

const Name = ({ of }: { of: Nearest }) => (
  <button type="button" class="link" onClick={() => showAsset(of.shape.properties.id)}>
    <bdi>{outside(of.shape.properties.name ?? of.shape.properties.id)}</bdi>
  </button>
);

function when(approach: Approach): string {
  const t_ms = (now_ms.value ?? vessels.t_ms) + approach.after_ms;
  return say("{time}, in {left}", { time: utcMinute(t_ms), left: duration(approach.after_ms) });
}

function Cpa({ cpa }: { cpa: Approach }) {
  if (cpa.distance_m === 0 && cpa.after_ms === 0) return <>{say("above it now")}</>;
  if (cpa.distance_m === 0) return <>{say("crosses it at {when}", { when: when(cpa) })}</>;
  if (cpa.after_ms === 0) return <>{say("opening; nearest now, {nm}", { nm: miles(cpa.distance_m) })}</>;
  if (cpa.after_ms >= AHEAD_H * 3_600_000) return <>{say("closing, {nm} after {n} h", { n: AHEAD_H, nm: miles(cpa.distance_m) })}</>;
  return <>{say("{nm} at {when}", { nm: miles(cpa.distance_m), when: when(cpa) })}</>;
}

/** @param withNext also lists what the course meets next; an alert has its own list of that. */
export function NearFacts({ withNext }: { withNext: boolean }) {
  const found = nearSelected.value;
  if (!found?.nearest) return null;
  const { nearest, cpa, next } = found;
  const accuracy_m = nearest.shape.properties.accuracy_m;
  const isOther = cpa !== null && cpa.shape !== nearest.shape;
  return (
    <dl class="facts near">
      <Fact name={say("Nearest asset now")} wide>
        <Name of={nearest} /> <span class="dim">{kindWord(nearest.shape.properties.kind)}</span>{" "}
        <span class="mono">{nearest.distance_m === 0 ? say("inside") : miles(nearest.distance_m)}{accuracy_m ? <span class="dim"> ±{metres(accuracy_m)}</span> : null}</span>
      </Fact>
      <Fact name={say("CPA in {n} h", { n: AHEAD_H })} wide>
        {cpa ? <>{isOther ? <><Name of={cpa} />{" "}</> : null}<span class="mono"><Cpa cpa={cpa} /></span></> : say("no course or speed to reckon with")}
      </Fact>
      {withNext ? (
        <Fact name={say("Next on this course")} wide>
          {next.length === 0 ? say("none within {n} h", { n: AHEAD_H }) : (
            <ul class="next">
              {next.slice(0, MOST).map((one) => (
                <li key={one.shape.properties.id}><Name of={one} /> <span class="mono right">{when(one)}</span></li>
              ))}
              {next.length > MOST ? <li class="dim">{sayCount(next.length - MOST, "{n} more", "{n} more")}</li> : null}
            </ul>
          )}
        </Fact>
      ) : null}
    </dl>
  );
}
