// One outline drawn or changed with the pointer: terra-draw's modes, and the corners they give.
import {
  TerraDraw, TerraDrawCircleMode, TerraDrawModeUndoRedo, TerraDrawPolygonMode, TerraDrawRectangleMode, TerraDrawSelectMode,
} from "terra-draw";
import { drawing } from "../map/above.ts";
import type { MapView } from "../map/view.ts";
import { OverlayAdapter } from "./adapter.ts";
import { placesOf, polygonOf } from "./places.ts";
import type { Place } from "./zones.ts";

export type ShapeMode = "polygon" | "rectangle" | "circle";

const CORNERS = { feature: { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true } } };

export class Sketch {
  private readonly draw: TerraDraw;

  /** `changed` is told the corners after each finished shape and each move of a corner. */
  constructor(view: MapView, private readonly changed: (places: Place[], done: boolean) => void) {
    this.draw = new TerraDraw({
      adapter: new OverlayAdapter(view),
      // Keys are the tool's own, so that Esc and Ctrl+Z mean one thing wherever the focus is.
      modes: [
        new TerraDrawPolygonMode({ keyEvents: null, pointerDistance: 14 }),
        new TerraDrawRectangleMode({ keyEvents: null }),
        new TerraDrawCircleMode({ keyEvents: null, segments: 64 }),
        new TerraDrawSelectMode({ keyEvents: null, flags: { polygon: CORNERS }, allowManualDeselection: false }),
      ],
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    });
    this.draw.on("finish", (id, { action }) => this.report(id, action === "draw"));
    this.draw.on("change", (ids, type) => {
      if (type === "update" && this.draw.getMode() === "select") for (const id of ids) this.report(id, false);
    });
    this.draw.start();
  }

  /** Begins a shape anew. */
  begin(mode: ShapeMode): void {
    this.draw.clear();
    this.draw.setMode(mode);
    drawing.value = true;
  }

  /** Shows corners that can be moved. */
  edit(places: readonly Place[]): void {
    this.draw.clear();
    this.draw.setMode("select");
    drawing.value = places.length > 0;
    if (places.length < 3) return;
    const [added] = this.draw.addFeatures([{ type: "Feature", geometry: polygonOf(places), properties: { mode: "polygon" } }]);
    if (added?.valid && added.id !== undefined) this.draw.selectFeature(added.id);
  }

  get underWay(): boolean {
    return this.draw.getModeState() === "drawing";
  }

  /** Takes the last corner back; false when there is none. */
  undo(): boolean {
    return this.draw.undo();
  }

  stop(): void {
    drawing.value = false;
    this.draw.stop();
  }

  private report(id: string | number, done: boolean): void {
    const feature = this.draw.getSnapshotFeature(id);
    const places = feature?.geometry.type === "Polygon" ? placesOf(feature.geometry) : null;
    if (places) this.changed(places, done);
  }
}
