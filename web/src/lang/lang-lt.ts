// Lithuanian.
import type { Dictionary } from "./lang.ts";

export const LT: Dictionary = {
  Alarm: "Pavojus",
  Warning: "Įspėjimas",
  Note: "Pastaba",
};
