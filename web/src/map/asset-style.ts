// How assets are drawn, the same in both renderers.
import type { AssetProperties } from "../wire/types.ts";

/** Half a corridor as the watch has it: 0.5 NM, or what the asset's own accuracy asks for. */
const RULE_HALF_WIDTH_M = 926;

export const corridorHalfWidth_m = (asset: AssetProperties): number =>
  Math.max(RULE_HALF_WIDTH_M, asset.accuracy_m ?? 0);

/** Lines grow thinner far out, where many lie side by side. */
export const THIN = { below: 5.5, full: 7.5, share: 0.72 };

export function lineScale(zoom: number): number {
  const part = Math.min(1, Math.max(0, (zoom - THIN.below) / (THIN.full - THIN.below)));
  return THIN.share + (1 - THIN.share) * part;
}

/** Areas: opacity of the fill, and the edge; dashes in widths of the line. */
export const AREA: Record<"mask" | "gnss", { fill: number; line_px: number; dash: number[] }> = {
  mask: { fill: 0.1, line_px: 1, dash: [4, 3] },
  gnss: { fill: 0.1, line_px: 1.6, dash: [5, 2, 1, 2] },
};

export interface LineStyle {
  width_px: number;
  opacity: number;
  dash: number[];
}

export function assetStyle(kind: "cable" | "pipeline", asset: AssetProperties, inService: boolean): LineStyle {
  if (kind === "pipeline") return { width_px: 2, opacity: inService ? 1 : 0.6, dash: [6, 4] };
  const unnamed = asset.kind === "unspecified_cable";
  return { width_px: unnamed ? 1.1 : 1.8, opacity: unnamed ? 0.75 : inService ? 1 : 0.6, dash: [] };
}
