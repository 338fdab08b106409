// Lithuanian, put together from its parts; fetched when it is chosen.
import type { Dictionary } from "./lang.ts";
import { LT_FLOOR } from "./lt-floor.ts";

export const LT: Dictionary = { ...LT_FLOOR };
