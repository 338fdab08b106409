// Land, borders, names and assets on a 2-D canvas.
import { alpha, type Colours } from "../../theme/theme.ts";
import type { AssetShape, Box, Shape } from "../geometry.ts";
import { metresPerPx, worldPx, latOf } from "../mercator.ts";
import { LABEL_SIZE_PX, type Label } from "../names.ts";
import { hatchTile, stippleTile } from "../patterns.ts";
import { AREA, assetStyle, corridorHalfWidth_m, lineScale } from "../asset-style.ts";
import { inView, trace } from "../trace.ts";
import { type Camera, project } from "../view.ts";

function traceAll(context: CanvasRenderingContext2D, camera: Camera, shapes: readonly Shape[]): void {
  context.beginPath();
  for (const shape of shapes) {
    if (!inView(shape.box, camera)) continue;
    for (const path of shape.paths) trace(context, camera, path, true);
  }
}

/** Water, stippled where nothing was heard. */
export function paintSea(context: CanvasRenderingContext2D, camera: Camera, colours: Colours, unheard: readonly Shape[]): void {
  context.fillStyle = colours.sea;
  context.fillRect(0, 0, camera.width, camera.height);
  if (unheard.length === 0) return;
  traceAll(context, camera, unheard);
  context.fillStyle = context.createPattern(stippleTile(colours["sea-label"]), "repeat")!;
  context.fill("evenodd");
}

/** Masks and GNSS areas, below the lines. */
export function paintAreas(
  context: CanvasRenderingContext2D,
  camera: Camera,
  colours: Colours,
  masks: readonly Shape[],
  gnss: readonly Shape[],
): void {
  const looks = [[masks, AREA.mask, colours.control, colours.text3], [gnss, AREA.gnss, colours.warning, colours.warning]] as const;
  for (const [shapes, look, fill, edge] of looks) {
    for (const shape of shapes) {
      if (!inView(shape.box, camera)) continue;
      traceAll(context, camera, [shape]);
      context.fillStyle = alpha(fill, look.fill);
      context.fill("evenodd");
      context.strokeStyle = edge;
      context.lineWidth = look.line_px;
      context.setLineDash(look.dash.map((part) => part * look.line_px));
      context.stroke();
    }
  }
  context.setLineDash([]);
}

export function paintCoast(
  context: CanvasRenderingContext2D,
  camera: Camera,
  colours: Colours,
  land: readonly Shape[],
  territory: readonly Shape[],
): void {
  context.lineJoin = "round";
  context.beginPath();
  const least = 0.8 / worldPx(camera.zoom);
  for (const shape of land) {
    if (shape.box[2] - shape.box[0] < least || !inView(shape.box, camera)) continue;
    for (const path of shape.paths) trace(context, camera, path, true);
  }
  context.fillStyle = colours.land;
  context.fill("evenodd");
  context.strokeStyle = colours.coast;
  context.lineWidth = 0.8;
  context.stroke();
  context.beginPath();
  for (const shape of territory) for (const path of shape.paths) trace(context, camera, path, true);
  context.strokeStyle = colours.territory;
  context.lineWidth = 1;
  context.setLineDash([1, 3]);
  context.stroke();
  context.setLineDash([]);
}

export function paintLabels(
  context: CanvasRenderingContext2D,
  camera: Camera,
  colours: Colours,
  labels: readonly Label[],
): void {
  const taken: Box[] = [];
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const label of labels) {
    if (camera.zoom < label.minZoom) continue;
    const [x, y] = project(camera, label.lon, label.lat);
    if (x < -80 || y < -20 || x > camera.width + 80 || y > camera.height + 20) continue;
    const size = LABEL_SIZE_PX[label.kind];
    context.font = `${label.kind === "sea" ? "italic " : ""}${size}px "Noto Sans", Inter, sans-serif`;
    const text = label.kind === "country" ? label.text.toUpperCase() : label.text;
    context.letterSpacing = label.kind === "country" ? "1.5px" : label.kind === "sea" ? "0.6px" : "0px";
    const width = context.measureText(text).width;
    const isPort = label.kind === "port";
    const left = isPort ? x + 6 : x - width / 2;
    const box: Box = [left - 6, y - size, left + width + 6, y + size];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    context.fillStyle = label.kind === "sea" ? colours["sea-label"] : colours["map-label"];
    if (isPort) {
      context.beginPath();
      context.arc(x, y, 1.7, 0, 2 * Math.PI);
      context.fill();
    }
    if (label.kind !== "sea") {
      context.strokeStyle = alpha(colours.land, 0.8);
      context.lineWidth = 2.5;
      context.strokeText(text, left, y);
    }
    context.fillText(text, left, y);
  }
  context.letterSpacing = "0px";
}

/** Corridors first, all of them, then wind farms, pipelines, cables, points: no line hides below a band. */
export function paintAssets(
  context: CanvasRenderingContext2D,
  camera: Camera,
  colours: Colours,
  shapes: readonly AssetShape[],
): void {
  const visible = shapes.filter((shape) => inView(shape.box, camera));
  const stroke = (shape: AssetShape): void => {
    context.beginPath();
    for (const path of shape.paths) trace(context, camera, path, shape.closed);
    context.stroke();
  };
  context.lineJoin = "round";
  context.lineCap = "butt";
  const perPx = metresPerPx(camera.zoom, latOf(camera.y));
  context.lineCap = "round";
  for (const shape of visible.filter(({ class: kind }) => kind === "cable" || kind === "pipeline")) {
    context.strokeStyle = alpha(colours[shape.class as "cable" | "pipeline"], 0.1);
    context.lineWidth = Math.max(5, (2 * corridorHalfWidth_m(shape.properties)) / perPx);
    stroke(shape);
  }
  context.lineCap = "butt";
  const pattern = context.createPattern(hatchTile(colours.wind), "repeat")!;
  for (const shape of visible.filter(({ class: kind }) => kind === "wind")) {
    context.beginPath();
    for (const path of shape.paths) trace(context, camera, path, true);
    context.fillStyle = pattern;
    context.fill("evenodd");
    context.strokeStyle = alpha(colours.wind, shape.inService ? 0.9 : 0.5);
    context.lineWidth = 1;
    context.setLineDash(shape.inService ? [] : [3, 3]);
    context.stroke();
  }
  for (const kind of ["pipeline", "cable"] as const) {
    for (const shape of visible.filter((one) => one.class === kind)) {
      const style = assetStyle(kind, shape.properties, shape.inService);
      context.strokeStyle = alpha(colours[kind], style.opacity);
      context.lineWidth = style.width_px * lineScale(camera.zoom);
      context.setLineDash(style.dash);
      stroke(shape);
    }
  }
  context.setLineDash([]);
  for (const shape of visible.filter(({ class: kind }) => kind === "point")) {
    for (const path of shape.paths) {
      const world = worldPx(camera.zoom);
      const x = (path[0]! - camera.x) * world + camera.width / 2;
      const y = (path[1]! - camera.y) * world + camera.height / 2;
      context.fillStyle = colours.sea;
      context.strokeStyle = alpha(colours.pipeline, shape.inService ? 1 : 0.5);
      context.lineWidth = 1.4;
      context.fillRect(x - 3, y - 3, 6, 6);
      context.strokeRect(x - 3, y - 3, 6, 6);
    }
  }
}
