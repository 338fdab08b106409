// The whole map without a GPU: two cached pictures (land, assets) and the vessels between them.
import { shown } from "../../layers/layers.ts";
import { now_ms, vessels } from "../../state/state.ts";
import { colours, trafficOpacity } from "../../theme/theme.ts";
import type { AssetCollection } from "../../wire/types.ts";
import { type AssetShape, assetShapes, type Shape, shapesOf } from "../geometry.ts";
import { mercatorX, mercatorY } from "../mercator.ts";
import { type Label, labelsOf } from "../names.ts";
import { type Camera, constrain, type GeoLayer, type MapEvents, type MapView, reducedMotion, START } from "../view.ts";
import { CachedLayer } from "./cached.ts";
import { attachInput, zoomAround } from "./input.ts";
import { paintAreas, paintAssets, paintCoast, paintLabels, paintSea } from "./paint.ts";
import { Traffic } from "./traffic.ts";

/** After the last movement of a zoom the pictures are painted sharp. */
const SHARP_AFTER_MS = 110;
const FLIGHT_MS = 450;

export class CanvasView implements MapView {
  readonly kind = "canvas";
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly traffic = new Traffic();
  private readonly base: CachedLayer;
  private readonly assetLayer: CachedLayer;
  private readonly observer: ResizeObserver;
  private readonly detach: () => void;
  private land: Shape[] = [];
  private territory: Shape[] = [];
  private ports: Label[] = [];
  private places: Label[] = [];
  private masks: Shape[] = [];
  private coverage: Shape[] = [];
  private gnss: Shape[] = [];
  private shapes: AssetShape[] = [];
  private view: Camera;
  private frame = 0;
  private flight = 0;
  private sharpTimer = 0;
  private busy = false;
  private ratio = 1;
  private lastColours: unknown = null;
  private readonly refused = new Set<string>();

  constructor(
    private readonly host: HTMLElement,
    private readonly events: MapEvents,
    begin: { lon: number; lat: number; zoom: number } = START,
  ) {
    this.context = this.canvas.getContext("2d", { alpha: false })!;
    this.canvas.className = "map-canvas";
    host.append(this.canvas);
    const { clientWidth: width, clientHeight: height } = host;
    this.view = constrain({ x: mercatorX(begin.lon), y: mercatorY(begin.lat), zoom: begin.zoom, width, height });
    this.base = new CachedLayer((context, camera) => {
      paintSea(context, camera, colours.value, this.coverage);
      paintCoast(context, camera, colours.value, this.land, this.territory);
      paintLabels(context, camera, colours.value, [...this.places, ...this.ports]);
    });
    this.assetLayer = new CachedLayer((context, camera) => {
      paintAreas(context, camera, colours.value, this.masks, this.gnss);
      paintAssets(context, camera, colours.value, this.shapes);
    });
    this.detach = attachInput(host, {
      camera: () => this.view,
      move: (camera, busy) => {
        cancelAnimationFrame(this.flight);
        this.move(camera, busy);
      },
      allows: (what) => !this.refused.has(what),
    });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
    document.fonts?.ready.then(() => this.repaint());
    this.resize();
  }

  get surface(): HTMLElement {
    return this.host;
  }

  camera(): Camera {
    return this.view;
  }

  allow(what: "drag" | "double-click", allowed: boolean): void {
    if (allowed) this.refused.delete(what);
    else this.refused.add(what);
  }

  setData(layer: GeoLayer, data: GeoJSON.GeoJSON): void {
    if (layer === "assets") this.shapes = assetShapes(data as AssetCollection);
    else if (layer === "ports" || layer === "places") this[layer] = labelsOf(data);
    else this[layer] = shapesOf(data);
    this.repaint();
  }

  goTo(lon: number, lat: number, zoom?: number): void {
    cancelAnimationFrame(this.flight);
    const from = this.view;
    const to = constrain({ ...from, x: mercatorX(lon), y: mercatorY(lat), zoom: zoom ?? from.zoom });
    if (reducedMotion()) return this.move(to, false);
    const start = performance.now();
    const step = (): void => {
      const part = Math.min(1, (performance.now() - start) / FLIGHT_MS);
      const eased = part * part * (3 - 2 * part);
      const mix = (a: number, b: number): number => a + (b - a) * eased;
      this.move({ ...this.view, x: mix(from.x, to.x), y: mix(from.y, to.y), zoom: mix(from.zoom, to.zoom) }, part < 1);
      if (part < 1) this.flight = requestAnimationFrame(step);
    };
    this.flight = requestAnimationFrame(step);
  }

  zoomBy(steps: number): void {
    this.move(zoomAround(this.view, this.view.zoom + steps, this.view.width / 2, this.view.height / 2), false);
  }

  refresh(): void {
    if (this.lastColours !== colours.value) {
      this.lastColours = colours.value;
      this.base.forget();
      this.assetLayer.forget();
    }
    this.schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.flight);
    window.clearTimeout(this.sharpTimer);
    this.observer.disconnect();
    this.detach();
    this.canvas.remove();
  }

  private repaint(): void {
    this.base.forget();
    this.assetLayer.forget();
    this.schedule();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === 0 || height === 0) return;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.view = constrain({ ...this.view, width, height });
    this.repaint();
  }

  private move(camera: Camera, busy: boolean): void {
    this.view = constrain(camera);
    this.busy = busy;
    window.clearTimeout(this.sharpTimer);
    if (busy) {
      this.sharpTimer = window.setTimeout(() => {
        this.busy = false;
        this.schedule();
      }, SHARP_AFTER_MS);
    }
    this.schedule();
  }

  private schedule(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { context, view, ratio } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.base.draw(context, view, ratio, !this.busy);
    this.traffic.draw(context, view, vessels, now_ms.value ?? vessels.t_ms, {
      colour: colours.value.traffic,
      opacity: trafficOpacity.value,
      ratio,
      stale: shown.value.stale,
    });
    this.assetLayer.draw(context, view, ratio, !this.busy);
    this.events.drawn(view);
  }
}
