// The hour on a map: the track coloured by speed, the assets, and the other ships in grey.
import { useMemo } from "preact/hooks";
import { metres, outside, parseTime, utcMinute, whole } from "../format/format.ts";
import { kindWord } from "../format/words.ts";
import { language, say, sayCount } from "../lang/lang.ts";
import { PRIORITY_COLOUR } from "../map/marks.ts";
import { rowAtCursor } from "./cursor.ts";
import { Frame, Graticule, ScaleBar } from "./map-frame.tsx";
import { placedNames } from "./map-names.ts";
import { pathOf } from "./scale.ts";
import { CLASSES, speedEdges, speedPieces } from "./speed.ts";
import { Twin } from "./twin.tsx";
import type { Dossier, DossierAlert, DossierTrack, HourMap, MapAsset, Near } from "./types.ts";

const DOT_APART_PX = 9;

/** The strongest class is the fastest, however many there are. */
const rampClass = (edges: readonly number[], k: number): string => (k < 0 ? "speed-none" : `speed-${k + CLASSES - edges.length}`);

const polyline = (frame: Frame, line: readonly (readonly [number, number])[]): string => pathOf(line.map(([lon, lat]) => frame.at(lon, lat)));

function Land({ frame, rings }: { frame: Frame; rings: HourMap["land"] }) {
  return <path class="land" fill-rule="evenodd" d={rings.map((ring) => `${polyline(frame, ring)}Z`).join("")} />;
}

const family = (kind: string): string => (kind.endsWith("pipeline") ? "pipeline" : kind === "wind_farm" ? "wind" : "cable");

function AssetLines({ frame, asset }: { frame: Frame; asset: MapAsset }) {
  const d = asset.lines.map((line) => polyline(frame, line)).join("");
  const reach_px = (asset.accuracy_m ?? 0) / frame.metresPerPx;
  return (
    <g class={`asset ${family(asset.kind)}${asset.is_main ? " main" : ""}`}>
      <title>{outside(asset.name)}, {kindWord(asset.kind)}</title>
      {asset.is_main && reach_px > 2 ? <path class="reach" d={d} style={{ strokeWidth: 2 * reach_px }} /> : null}
      <path d={d} />
    </g>
  );
}

function Others({ frame, near }: { frame: Frame; near: Near }) {
  return (
    <g class="others">
      {near.mmsi.map((mmsi, row) => {
        const [x, y] = frame.at(near.lon[row]!, near.lat[row]!);
        const cog = near.cog_deg[row];
        return (
          <path key={mmsi} d={cog == null ? "M-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0Z" : "M0 -6L3.2 5L-3.2 5Z"} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})${cog == null ? "" : ` rotate(${cog})`}`}>
            <title>MMSI {mmsi}, {near.sog_kn[row] == null ? "–" : `${near.sog_kn[row]!.toFixed(1)} kn`}</title>
          </path>
        );
      })}
    </g>
  );
}

/** Where it was last received, pointing along its course. */
function LastFix({ frame, track }: { frame: Frame; track: DossierTrack }) {
  const row = track.lon.findLastIndex((lon, k) => lon != null && track.lat[k] != null);
  if (row < 0) return null;
  const [x, y] = frame.at(track.lon[row]!, track.lat[row]!);
  return <path class="last" d="M0 -9L5 7L0 4L-5 7Z" transform={`translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${track.cog_deg[row] ?? track.heading_deg[row] ?? 0})`} />;
}

function Way({ frame, track, edges }: { frame: Frame; track: DossierTrack; edges: readonly number[] }) {
  const place = (row: number): [number, number] => frame.at(track.lon[row]!, track.lat[row]!);
  const dots: [number, number][] = [];
  track.t_ms.forEach((_t, row) => {
    if (track.lon[row] == null || track.lat[row] == null) return;
    const [x, y] = place(row);
    const last = dots.at(-1);
    if (!last || Math.hypot(x - last[0], y - last[1]) >= DOT_APART_PX) dots.push([x, y]);
  });
  const pieces = speedPieces(track, edges).map(({ speed, rows }) => ({ speed, d: pathOf(rows.map(place)) }));
  return (
    <g class="way">
      {pieces.map(({ d }, k) => <path key={k} class="casing" d={d} />)}
      {pieces.map(({ speed, d }, k) => <path key={k} class={rampClass(edges, speed)} d={d} />)}
      {dots.map(([x, y], k) => <circle key={k} cx={x.toFixed(1)} cy={y.toFixed(1)} r="0.9" />)}
      <LastFix frame={frame} track={track} />
    </g>
  );
}

function Here({ frame, alert }: { frame: Frame; alert: DossierAlert }) {
  const [x, y] = frame.at(alert.lon, alert.lat);
  return (
    <g class="here" transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`} style={{ stroke: `var(--${PRIORITY_COLOUR[alert.priority]})` }}>
      <circle r="9" />
      <path d="M9 0h7M-9 0h-7M0 9v7M0 -9v-7" />
    </g>
  );
}

function Cursor({ frame, track }: { frame: Frame; track: DossierTrack }) {
  const row = rowAtCursor(track);
  if (row < 0 || track.lon[row] == null || track.lat[row] == null) return null;
  const [x, y] = frame.at(track.lon[row]!, track.lat[row]!);
  const isRight = x > frame.width - 90;
  return (
    <g class="cursor">
      <circle cx={x} cy={y} r="5" />
      <text x={x + (isRight ? -10 : 10)} y={y - 8} text-anchor={isRight ? "end" : "start"}>{utcMinute(track.t_ms[row]!)}</text>
    </g>
  );
}

function Legend({ edges, near }: { edges: readonly number[]; near: Near }) {
  const first = edges.length > 1 ? edges[0]! - (edges[1]! - edges[0]!) : Math.max(0, (edges[0] ?? 0) - 1);
  return (
    <figcaption class="map-key">
      {edges.length === 0 ? null : (
        <span class="ramp">
          {say("Speed, kn")}{" "}
          {edges.map((edge, k) => (
            <span key={edge} class="ramp-step">
              <svg width="22" height="8" viewBox="0 0 22 8" aria-hidden="true"><path class={rampClass(edges, k)} d="M2 4H20" /></svg>
              {Number((k === 0 ? first : edges[k - 1]!).toFixed(1))}–{Number(edge.toFixed(1))}
            </span>
          ))}
        </span>
      )}
      <span>
        {say("Ring with strokes: the alert's place. Cables solid, pipelines dashed, wind farms dotted.")}{" "}
        {sayCount(near.total, "{n} other ship, grey, as last received before {t}.", "{n} other ships, grey, as last received before {t}.", { n: whole(near.total), t: utcMinute(parseTime(near.t)) })}
      </span>
    </figcaption>
  );
}

function MapTable({ map: { assets, near } }: { map: HourMap }) {
  const order = [...assets].sort((a, b) => a.distance_m - b.distance_m);
  return (
    <>
      <table class="grid-table">
        <caption>{say("Assets on the map, with the distance from the alert's place")}</caption>
        <thead><tr><th scope="col">{say("Asset")}</th><th scope="col">{say("Kind")}</th><th scope="col" class="num">{say("Distance")}</th></tr></thead>
        <tbody>
          {order.map((asset) => (
            <tr key={asset.id}>
              <th scope="row"><bdi>{outside(asset.name)}</bdi></th><td>{kindWord(asset.kind)}</td><td class="num mono">{metres(asset.distance_m)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table class="grid-table">
        <caption>{say("Other ships on the map, nearest first, as last received before {t}", { t: utcMinute(parseTime(near.t)) })}</caption>
        <thead><tr><th scope="col">MMSI</th><th scope="col" class="num">{say("Distance")}</th><th scope="col" class="num">SOG kn</th><th scope="col" class="num">{say("Course")}</th></tr></thead>
        <tbody>
          {near.mmsi.map((mmsi, row) => (
            <tr key={mmsi}>
              <th scope="row" class="mono">{mmsi}</th><td class="num mono">{metres(near.distance_m[row]!)}</td>
              <td class="num mono">{near.sog_kn[row]?.toFixed(1) ?? "–"}</td><td class="num mono">{near.cog_deg[row] == null ? "–" : `${near.cog_deg[row]!.toFixed(0).padStart(3, "0")}°`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

export function HourMapPart({ dossier: { alert, map } }: { dossier: Dossier & { map: HourMap } }) {
  const track = alert.evidence.fixes;
  const frame = useMemo(() => new Frame(map), [map]);
  const edges = useMemo(() => speedEdges(track.sog_kn), [track]);
  const ground = useMemo(() => {
    const named = new Set([alert.asset?.id, alert.evidence.distance_to?.id]);
    return (
      <>
        <rect class="sea" width={map.width} height={map.height} />
        <Land frame={frame} rings={map.land} />
        <Graticule frame={frame} />
        {map.assets.map((asset) => <AssetLines key={asset.id} frame={frame} asset={asset} />)}
        <Others frame={frame} near={map.near} />
        <Way frame={frame} track={track} edges={edges} />
        <Here frame={frame} alert={alert} />
        {placedNames(frame, alert, map.assets, named).map(({ text, x, y, isStrong }) => (
          <text key={text} class={isStrong ? "name strong" : "name"} x={x} y={y}>{text}</text>
        ))}
        <ScaleBar frame={frame} />
      </>
    );
  }, [map, alert, edges, language.value]);
  return (
    <Twin
      name={say("Map of the hour")}
      picture={
        <figure>
          <svg class="hour-map" viewBox={`0 0 ${map.width} ${map.height}`} role="img" aria-label={say("Map of the track, the assets near it and the other ships; the same as a table follows")}>
            {ground}
            <Cursor frame={frame} track={track} />
          </svg>
          <Legend edges={edges} near={map.near} />
        </figure>
      }
      table={<MapTable map={map} />}
    />
  );
}
