// Lithuanian, put together from its parts; fetched when it is chosen.
import type { Dictionary } from "./lang.ts";
import { LT_DOSSIER } from "./lt-dossier.ts";
import { LT_DRAW } from "./lt-draw.ts";
import { LT_FEATURES } from "./lt-features.ts";
import { LT_FLOOR } from "./lt-floor.ts";
import { LT_MAP } from "./lt-map.ts";
import { LT_PARTNERS } from "./lt-partners.ts";
import { LT_REST } from "./lt-rest.ts";
import { LT_SUSPEND } from "./lt-suspend.ts";
import { LT_TIME } from "./lt-time.ts";

export const PARTS: readonly Dictionary[] = [LT_DOSSIER, LT_DRAW, LT_FEATURES, LT_FLOOR, LT_MAP, LT_PARTNERS, LT_REST, LT_SUSPEND, LT_TIME];
export const LT: Dictionary = Object.assign({}, ...PARTS);
