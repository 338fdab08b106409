// Short facts in a grid: who, where, how near.
import type { ComponentChildren } from "preact";
import { duration, metres, outside, parseTime, placeDecimal, placeDm, utcTime } from "../format/format.ts";
import { classWord, kindWord } from "../format/words.ts";
import { say } from "../lang/lang.ts";
import { now_ms, picture, vessel, vessels } from "../state/state.ts";
import type { Alert, Vessel } from "../wire/types.ts";
import type { VesselRow } from "../state/vessels.ts";

export function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "fact wide" : "fact"}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Place({ lon, lat }: { lon: number; lat: number }) {
  return <span class="mono">{placeDm(lon, lat)} <span class="dim">{placeDecimal(lon, lat)}</span></span>;
}

function shipType(alert: Alert | null, own: Vessel | null, row: VesselRow | null): string {
  const named = own?.ship_type_text ?? alert?.subject.ship_type;
  if (named !== null && named !== undefined && named !== "") return outside(String(named));
  return row ? classWord(row.vesselClass) : say("not received");
}

function lastHeard(row: VesselRow | null): string {
  if (!row) return say("not in the picture");
  if (row.ageIsFloor || now_ms.value === null) return say("over 18 h ago");
  return `${utcTime(row.fix_ms)} · ${say("{time} ago", { time: duration(now_ms.value - row.fix_ms) })}`;
}

/** What is known of the selected vessel now. */
export function VesselFacts({ mmsi, alert }: { mmsi: number; alert: Alert | null }) {
  picture.value;
  const row = vessels.row(mmsi);
  const own = vessel.value?.mmsi === mmsi ? vessel.value : null;
  const imo = own?.imo ?? alert?.subject.imo;
  const length_m = own?.length_m ?? alert?.subject.length_m;
  const sog = row ? row.sog_kn : own?.last?.sog_kn;
  const cog = row ? row.cog_deg : own?.last?.cog_deg;
  return (
    <dl class="facts">
      <Fact name="MMSI"><span class="mono">{mmsi}</span></Fact>
      <Fact name="IMO"><span class="mono">{imo || say("not received")}</span></Fact>
      <Fact name={say("Type")}>{shipType(alert, own, row)}</Fact>
      <Fact name={say("Length")}>{length_m ? `${length_m} m` : say("not received")}</Fact>
      <Fact name={say("Flag")}>{own?.flag ? outside(own.flag) : say("unknown")}</Fact>
      <Fact name={say("Call sign")}><bdi>{own?.callsign ? outside(own.callsign) : say("not received")}</bdi></Fact>
      <Fact name={say("Now")}><span class="mono">{sog == null ? "– kn" : `${sog.toFixed(1)} kn`} · {cog == null ? "–°" : `${cog.toFixed(0).padStart(3, "0")}°`}</span></Fact>
      <Fact name={say("Received")}><span class="mono">{lastHeard(row)}</span></Fact>
      {own?.destination ? <Fact name={say("Sent to")} wide><bdi>{outside(own.destination)}</bdi></Fact> : null}
      {row ? <Fact name={say("Place")} wide><Place lon={row.lon} lat={row.lat} /></Fact> : null}
    </dl>
  );
}

export function AlertFacts({ alert }: { alert: Alert }) {
  const { asset } = alert;
  const start_ms = parseTime(alert.t_start);
  const detected_ms = parseTime(alert.t_detected);
  return (
    <dl class="facts">
      <Fact name={say("Began")}><span class="mono">{Number.isNaN(start_ms) ? "–" : utcTime(start_ms)}</span></Fact>
      <Fact name={say("Detected")}><span class="mono">{Number.isNaN(detected_ms) ? "–" : utcTime(detected_ms)}</span></Fact>
      {Number.isNaN(parseTime(alert.t_end)) ? null : <Fact name={say("Ended")} wide><span class="mono">{utcTime(parseTime(alert.t_end))}</span></Fact>}
      {asset ? (
        <>
          <Fact name={say("Asset")} wide><bdi>{outside(asset.name)}</bdi> <span class="dim">{kindWord(asset.kind)}</span></Fact>
          <Fact name={say("Distance")}>
            <span class="mono">
              {asset.distance_m === null ? "–" : metres(asset.distance_m)}
              {asset.accuracy_m === null ? null : <span class="dim"> ±{metres(asset.accuracy_m)}</span>}
            </span>
          </Fact>
          {asset.kp_km === null ? null : <Fact name="KP"><span class="mono">km {asset.kp_km.toFixed(1)}</span></Fact>}
        </>
      ) : null}
      <Fact name={say("Place")} wide>
        {/* An alert about a feed has no place, whatever the contract's type says; of a partner's it may be kept back. */}
        {!Number.isFinite(alert.lon) ? say("none") : <Place lon={alert.lon} lat={alert.lat} />}
      </Fact>
    </dl>
  );
}
