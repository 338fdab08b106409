// The frame of the map: degrees to pixels, the degrees along its edges, the scale.
import { at, marks, type Scale, stepOf } from "./scale.ts";
import type { HourMap } from "./types.ts";

const NM_M = 1852;
const METRES_PER_DEGREE = 111_320;
const STEPS_MIN = [0.5, 1, 2, 5, 10, 20, 30, 60, 120];

export class Frame {
  readonly width: number;
  readonly height: number;
  readonly metresPerPx: number;
  readonly lon: Scale;
  readonly lat: Scale;

  constructor({ box: [west, south, east, north], width, height }: HourMap) {
    this.width = width;
    this.height = height;
    this.lon = { low: west, high: east, from_px: 0, to_px: width };
    this.lat = { low: south, high: north, from_px: height, to_px: 0 };
    this.metresPerPx = ((north - south) * METRES_PER_DEGREE) / height;
  }

  at(lon: number, lat: number): [number, number] {
    return [at(this.lon, lon), at(this.lat, lat)];
  }
}

/** 24°30′E, with tenths of a minute only where they are there. */
function degrees(value: number, letters: string): string {
  const minutes = Math.round(Math.abs(value) * 600) / 10;
  const whole = Math.floor(minutes / 60);
  const rest = Number((minutes - 60 * whole).toFixed(1));
  return `${whole}°${rest < 10 ? "0" : ""}${rest}′${value < 0 ? letters[1] : letters[0]}`;
}

export function Graticule({ frame: { lon, lat, width, height } }: { frame: Frame }) {
  const lines = (scale: Scale): number[] => {
    const span_min = (scale.high - scale.low) * 60;
    return marks(scale.low * 60, scale.high * 60, stepOf(span_min, STEPS_MIN, 5)).map((minutes) => minutes / 60);
  };
  return (
    <g class="graticule">
      {lines(lon).map((value) => {
        const x = at(lon, value);
        return <g key={value}><line x1={x} x2={x} y1={0} y2={height} />{x > 60 && x < width - 60 ? <text x={x + 3} y={12}>{degrees(value, "EW")}</text> : null}</g>;
      })}
      {lines(lat).map((value) => {
        const y = at(lat, value);
        return <g key={value}><line x1={0} x2={width} y1={y} y2={y} />{y > 24 && y < height - 40 ? <text x={4} y={y - 3}>{degrees(value, "NS")}</text> : null}</g>;
      })}
    </g>
  );
}

export function ScaleBar({ frame: { metresPerPx, height } }: { frame: Frame }) {
  const rounds = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
  const length_nm = rounds.findLast((nm) => (nm * NM_M) / metresPerPx <= 170) ?? 0.1;
  const px = (length_nm * NM_M) / metresPerPx;
  return (
    <g class="scale-bar">
      <path d={`M14 ${height - 19}v5h${px.toFixed(1)}v-5`} />
      <text x={18} y={height - 20}>{length_nm} NM</text>
    </g>
  );
}
