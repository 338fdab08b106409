// terra-draw over our own map, the same for both renderers: it hears the map's pointer and asks the
// camera for places; what it holds is painted on the overlay, in the colours of the theme.
import { TerraDrawExtend, type GeoJSONStoreFeatures, type TerraDrawChanges } from "terra-draw";
import { colours } from "../theme/theme.ts";
import { painters } from "../map/above.ts";
import { type Camera, type MapView, project, unproject } from "../map/view.ts";

const HANDLE_PX = 4.5;
const MIDPOINT_PX = 2.8;
/** Handles nearer than this to the one before would hide the outline; they are there all the same. */
const HANDLE_APART_PX = 12;

export class OverlayAdapter extends TerraDrawExtend.TerraDrawBaseAdapter {
  private readonly features = new Map<string | number, GeoJSONStoreFeatures>();

  constructor(private readonly view: MapView) {
    super({ coordinatePrecision: 6 });
  }

  override register(callbacks: TerraDrawExtend.TerraDrawCallbacks): void {
    super.register(callbacks);
    painters.add(this.paint);
    callbacks.onReady?.();
  }

  override unregister(): void {
    super.unregister();
    painters.delete(this.paint);
    this.setDraggability(true);
    this.setDoubleClickToZoom(true);
    this.setCursor("unset");
    this.view.refresh();
  }

  getMapEventElement(): HTMLElement {
    return this.view.surface;
  }

  project(lng: number, lat: number): { x: number; y: number } {
    const [x, y] = project(this.view.camera(), lng, lat);
    return { x, y };
  }

  unproject(x: number, y: number): { lng: number; lat: number } {
    const [lng, lat] = unproject(this.view.camera(), x, y);
    return { lng, lat };
  }

  getLngLatFromEvent(event: PointerEvent | MouseEvent): { lng: number; lat: number } {
    const { containerX, containerY } = this.getMapElementXYPosition(event);
    return this.unproject(containerX, containerY);
  }

  setCursor(cursor: string): void {
    this.view.surface.style.cursor = cursor === "unset" ? "" : cursor;
  }

  setDraggability(enabled: boolean): void {
    this.view.allow("drag", enabled);
  }

  setDoubleClickToZoom(enabled: boolean): void {
    this.view.allow("double-click", enabled);
  }

  render(changes: TerraDrawChanges): void {
    for (const feature of [...changes.created, ...changes.updated]) this.features.set(feature.id!, feature);
    for (const id of changes.deletedIds) this.features.delete(id);
    this.view.refresh();
  }

  clear(): void {
    this.features.clear();
    this._currentModeCallbacks?.onClear();
    this.view.refresh();
  }

  private readonly paint = (context: CanvasRenderingContext2D, camera: Camera): void => {
    const { selection, sea } = colours.value;
    for (const { geometry, properties } of this.features.values()) {
      if (geometry.type === "Polygon" && properties.currentlyDrawing) {
        context.beginPath();
        geometry.coordinates[0]!.forEach(([lon, lat], at) => {
          const [x, y] = project(camera, lon!, lat!);
          if (at === 0) context.moveTo(x, y);
          else context.lineTo(x, y);
        });
        context.strokeStyle = selection;
        context.lineWidth = 1.5;
        context.setLineDash([4, 3]);
        context.stroke();
        context.setLineDash([]);
      }
    }
    context.lineWidth = 1.5;
    let [px, py] = [-HANDLE_APART_PX, -HANDLE_APART_PX];
    for (const { geometry, properties } of this.features.values()) {
      if (geometry.type !== "Point") continue;
      const [x, y] = project(camera, geometry.coordinates[0]!, geometry.coordinates[1]!);
      if (Math.hypot(x - px, y - py) < HANDLE_APART_PX) continue;
      [px, py] = [x, y];
      context.beginPath();
      context.arc(x, y, properties.midPoint ? MIDPOINT_PX : HANDLE_PX, 0, 2 * Math.PI);
      context.fillStyle = properties.midPoint ? selection : sea;
      context.strokeStyle = selection;
      context.fill();
      context.stroke();
    }
  };
}
