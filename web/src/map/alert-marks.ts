// The mark of an alert on the overlay: drawn once and stamped, as thousands may stand in one view.
import { alpha, type Colours } from "../theme/theme.ts";
import type { Alert, Priority } from "../wire/types.ts";
import { PRIORITY_COLOUR, traceMark } from "./marks.ts";

/** Room of a stamp: the largest mark with its halo. */
const SIZE_PX = 44;

let stampedFor: { colours: Colours; ratio: number } | null = null;
const stamps = new Map<string, HTMLCanvasElement>();

/** A partner's is a contour around a small mark: wide enough to be seen around our own on the same vessel. */
const AROUND_PX = 17;

function drawMark(context: CanvasRenderingContext2D, colours: Colours, priority: Priority, state: Alert["state"], theirs: boolean): void {
  const hue = colours[PRIORITY_COLOUR[priority]];
  const open = state === "open";
  const radius = theirs ? 5 : open ? { P1: 13, P2: 12, P3: 10 }[priority] : 7;
  context.lineJoin = "round";
  if (theirs) {
    traceMark(context, priority, SIZE_PX / 2, SIZE_PX / 2, open ? AROUND_PX : 11);
    context.strokeStyle = colours.sea;
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = hue;
    context.lineWidth = 1.6;
    context.stroke();
  }
  traceMark(context, priority, SIZE_PX / 2, SIZE_PX / 2, radius);
  context.strokeStyle = colours.sea;
  context.lineWidth = open ? 6 : 4;
  context.stroke();
  context.fillStyle = alpha(hue, open ? 0.22 : 0.1);
  context.fill();
  context.strokeStyle = open ? hue : alpha(hue, 0.65);
  context.lineWidth = open ? 2.2 : 1.4;
  if (state === "retracted") context.setLineDash([3, 2]);
  context.stroke();
}

/** Which stamp an alert has; equal ones on one place look like one. */
export const stampOf = ({ priority, state, origin }: Alert): string => `${priority} ${state} ${!origin}`;

export function stampAlert(context: CanvasRenderingContext2D, colours: Colours, alert: Alert, x: number, y: number): void {
  const ratio = window.devicePixelRatio || 1;
  if (stampedFor?.colours !== colours || stampedFor.ratio !== ratio) {
    stamps.clear();
    stampedFor = { colours, ratio };
  }
  let stamp = stamps.get(stampOf(alert));
  if (!stamp) {
    stamp = document.createElement("canvas");
    stamp.width = stamp.height = Math.ceil(SIZE_PX * ratio);
    const own = stamp.getContext("2d")!;
    own.scale(ratio, ratio);
    drawMark(own, colours, alert.priority, alert.state, !!alert.origin);
    stamps.set(stampOf(alert), stamp);
  }
  // On whole pixels, or the stamp is blurred.
  const whole = (px: number): number => Math.round((px - SIZE_PX / 2) * ratio) / ratio;
  context.drawImage(stamp, whole(x), whole(y), SIZE_PX, SIZE_PX);
}
