// Distance and bearing on the WGS84 ellipsoid, and points between two places.

export type Position = readonly [lon: number, lat: number];

const EQUATOR_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const POLE_M = EQUATOR_M * (1 - FLATTENING);
const MOST_ROUNDS = 50;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/**
 * The shortest way from one place to another: its length, and the true bearing at its start.
 *
 * T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid", Survey Review 23 (1975),
 * formulas 14-20. Good to a millimetre; it does not converge for places nearly opposite on the globe,
 * of which a chart of the Baltic has none.
 */
export function geodesic(from: Position, to: Position): { distance_m: number; bearing_deg: number } {
  const span = radians(to[0] - from[0]);
  const [u1, u2] = [from, to].map(([, lat]) => Math.atan((1 - FLATTENING) * Math.tan(radians(lat)))) as [number, number];
  const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  let lambda = span;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
    const [east, north] = [cosU2 * sinL, cosU1 * sinU2 - sinU1 * cosU2 * cosL];
    const sinS = Math.hypot(east, north);
    if (sinS === 0) return { distance_m: 0, bearing_deg: 0 };
    const cosS = sinU1 * sinU2 + cosU1 * cosU2 * cosL;
    const sigma = Math.atan2(sinS, cosS);
    const sinA = (cosU1 * cosU2 * sinL) / sinS;
    const cos2A = 1 - sinA * sinA;
    const cos2M = cos2A === 0 ? 0 : cosS - (2 * sinU1 * sinU2) / cos2A;
    const c = (FLATTENING / 16) * cos2A * (4 + FLATTENING * (4 - 3 * cos2A));
    const turn = sigma + c * sinS * (cos2M + c * cosS * (2 * cos2M ** 2 - 1));
    const next = span + (1 - c) * FLATTENING * sinA * turn;
    const isDone = Math.abs(next - lambda) < 1e-12;
    lambda = next;
    if (!isDone) continue;
    const k = cos2A * ((EQUATOR_M / POLE_M) ** 2 - 1);
    const a = 1 + (k / 16384) * (4096 + k * (-768 + k * (320 - 175 * k)));
    const b = (k / 1024) * (256 + k * (-128 + k * (74 - 47 * k)));
    const third = (b / 6) * cos2M * (4 * sinS ** 2 - 3) * (4 * cos2M ** 2 - 3);
    const shift = b * sinS * (cos2M + (b / 4) * (cosS * (2 * cos2M ** 2 - 1) - third));
    const bearing_deg = (Math.atan2(east, north) * 180) / Math.PI;
    return { distance_m: POLE_M * a * (sigma - shift), bearing_deg: (bearing_deg + 360) % 360 };
  }
  return { distance_m: Number.NaN, bearing_deg: Number.NaN };
}

/** Places on the great circle between two, both ends included: for drawing, where the ellipsoid makes no pixel. */
export function between(from: Position, to: Position, pieces: number): Position[] {
  const [a, b] = [from, to].map(([lon, lat]) => {
    const [l, p] = [radians(lon), radians(lat)];
    return [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)] as const;
  }) as [readonly [number, number, number], readonly [number, number, number]];
  const angle = Math.acos(Math.min(1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]));
  if (angle < 1e-9) return [from, to];
  return Array.from({ length: pieces + 1 }, (_, at) => {
    const [p, q] = [Math.sin(((pieces - at) / pieces) * angle), Math.sin((at / pieces) * angle)];
    const [x, y, z] = [0, 1, 2].map((axis) => p * a[axis]! + q * b[axis]!) as [number, number, number];
    return [(Math.atan2(y, x) * 180) / Math.PI, (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI];
  });
}
