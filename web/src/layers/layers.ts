// What the map shows besides vessels and alerts, and which of it is switched on.
import { signal } from "@preact/signals";

/** Each layer, and whether it is on where nobody has switched it. */
const DEFAULTS = {
  telecom: true,
  power: true,
  unspecified: true,
  pipeline: true,
  wind: true,
  lng: true,
  territory: true,
  ports: true,
  names: true,
  stale: true,
  gnss: true,
  masks: false,
  coverage: false,
} satisfies Record<string, boolean>;

export type LayerId = keyof typeof DEFAULTS;
export type Shown = Readonly<Record<LayerId, boolean>>;
export const LAYERS = Object.keys(DEFAULTS) as LayerId[];
const KEY = "sargas.layers";

/** Layers that differ from the defaults, as links and the storage hold them: "masks.-ports". */
export const layersText = (shown: Shown): string =>
  LAYERS.filter((id) => shown[id] !== DEFAULTS[id]).map((id) => (shown[id] ? id : `-${id}`)).join(".");

/** The reverse; words that are no layer of ours are left out. */
export function readLayers(text: string): Shown {
  const shown: Record<LayerId, boolean> = { ...DEFAULTS };
  for (const word of text.split(".")) {
    const id = LAYERS.find((one) => one === word.replace(/^-/, ""));
    if (id) shown[id] = !word.startsWith("-");
  }
  return shown;
}

function stored(): Shown {
  try {
    return readLayers(localStorage.getItem(KEY) ?? "");
  } catch {
    return DEFAULTS; // storage may be forbidden; the screen works without it
  }
}

export const shown = signal<Shown>(stored());

/** Switches one, and remembers it; what a link or a saved view switches is not remembered. */
export function toggleLayer(id: LayerId): void {
  shown.value = { ...shown.value, [id]: !shown.value[id] };
  try {
    localStorage.setItem(KEY, layersText(shown.value));
  } catch {
    // not remembered, but switched
  }
}

/** Kinds of assets by the layer that shows them; any other kind is always shown. */
const LAYER_OF_KIND: Readonly<Record<string, LayerId>> = {
  telecom_cable: "telecom",
  power_cable: "power",
  unspecified_cable: "unspecified",
  gas_pipeline: "pipeline",
  oil_pipeline: "pipeline",
  wind_farm: "wind",
  lng_terminal: "lng",
};

export function showsKind(kind: string, layers: Shown): boolean {
  const layer = LAYER_OF_KIND[kind];
  return layer === undefined || layers[layer];
}
