// Which assets are named on the map, and where: beside their line, clear of the alert's mark and of each other.
import { outside } from "../format/format.ts";
import type { Frame } from "./map-frame.tsx";
import type { DossierAlert, MapAsset } from "./types.ts";

const MOST = 7;
const [LETTER_PX, LINE_PX, AWAY_PX, EDGE_PX] = [6.2, 16, 46, 6];

export interface PlacedName {
  text: string;
  x: number;
  y: number;
  isStrong: boolean;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const meet = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Points along a line, px, close enough to each other to try a name at each. */
function spots(frame: Frame, line: readonly (readonly [number, number])[]): [number, number][] {
  const found: [number, number][] = [];
  line.forEach(([lon, lat], k) => {
    const [x, y] = frame.at(lon, lat);
    const [lon0, lat0] = line[Math.max(0, k - 1)]!;
    const [x0, y0] = frame.at(lon0, lat0);
    const n = Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0) / 24));
    for (let part = 1; part <= n; part += 1) found.push([x0 + ((x - x0) * part) / n, y0 + ((y - y0) * part) / n]);
  });
  return found;
}

export function placedNames(frame: Frame, alert: DossierAlert, assets: readonly MapAsset[], strong: ReadonlySet<string | undefined>): PlacedName[] {
  const [x0, y0] = frame.at(alert.lon, alert.lat);
  const track = alert.evidence.fixes;
  const taken: Box[] = [{ left: x0 - 18, right: x0 + 18, top: y0 - 18, bottom: y0 + 18 }, { left: 0, right: 190, top: frame.height - 36, bottom: frame.height }];
  // The way itself stays readable: names keep off it.
  track.t_ms.forEach((_t, row) => {
    if (row % 4 !== 0 || track.lon[row] == null || track.lat[row] == null) return;
    const [x, y] = frame.at(track.lon[row]!, track.lat[row]!);
    taken.push({ left: x - 3, right: x + 3, top: y - 3, bottom: y + 3 });
  });
  const wanted = [...assets]
    .filter(({ id, kind }) => strong.has(id) || kind !== "unspecified_cable")
    .sort((a, b) => Number(strong.has(b.id)) - Number(strong.has(a.id)) || a.distance_m - b.distance_m)
    .slice(0, MOST);
  return wanted.flatMap(({ id, name, lines }) => {
    const whole = outside(name);
    const text = whole.length > 34 ? `${whole.slice(0, 33)}…` : whole;
    const width = text.length * LETTER_PX;
    const places = lines.flatMap((line) => spots(frame, line));
    places.sort(([ax, ay], [bx, by]) => Math.abs(Math.hypot(ax - x0, ay - y0) - AWAY_PX) - Math.abs(Math.hypot(bx - x0, by - y0) - AWAY_PX));
    for (const [px, py] of places) {
      for (const x of [px + 7, px - 7 - width]) {
        const box = { left: x, right: x + width, top: py - LINE_PX + 4, bottom: py + 4 };
        const isInside = box.left > EDGE_PX + 46 && box.right < frame.width - EDGE_PX && box.top > 18 && box.bottom < frame.height - EDGE_PX;
        if (!isInside || taken.some((other) => meet(box, other))) continue;
        taken.push(box);
        return [{ text, x, y: py, isStrong: strong.has(id) }];
      }
    }
    return [];
  });
}
