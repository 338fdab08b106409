// A view as the part of an address after "#", and back. Everything in it is optional.

export interface View {
  camera?: { lon: number; lat: number; zoom: number };
  filter?: string;
  layers?: string;
  /** The selection: an alert, or a vessel. */
  alert?: string;
  mmsi?: number;
  /** The clock, ms UTC. */
  t_ms?: number;
}

/** "20.4000,58.2000,5.50": four decimals are 6 m at 58 N. */
const cameraText = ({ lon, lat, zoom }: NonNullable<View["camera"]>): string =>
  `${lon.toFixed(4)},${lat.toFixed(4)},${zoom.toFixed(2)}`;

function readCamera(text: string): View["camera"] {
  const [lon, lat, zoom, more] = text.split(",").map(Number);
  if (more !== undefined || ![lon, lat, zoom].every(Number.isFinite)) return undefined;
  if (Math.abs(lon!) > 180 || Math.abs(lat!) > 85 || zoom! < 0 || zoom! > 24) return undefined;
  return { lon: lon!, lat: lat!, zoom: zoom! };
}

/** Commas, colons and the like may stand in a fragment as they are, and are easier to read so. */
const gentle = (text: string): string => encodeURIComponent(text).replace(/%(2C|3A|5B|5D|7B|7D|22)/g, (code) => (code === "%22" ? code : decodeURIComponent(code)));

export function linkOf(view: View): string {
  const parts: [string, string | undefined][] = [
    ["map", view.camera && cameraText(view.camera)],
    ["alert", view.alert],
    ["vessel", view.mmsi === undefined ? undefined : String(view.mmsi)],
    ["t", view.t_ms === undefined ? undefined : new Date(view.t_ms).toISOString().replace(".000Z", "Z")],
    ["layers", view.layers || undefined],
    ["list", view.filter || undefined],
  ];
  return parts.flatMap(([name, text]) => (text === undefined ? [] : [`${name}=${gentle(text)}`])).join("&");
}

/** Reads what is there; what is none of ours, or broken, is left out. */
export function readLink(hash: string): View {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const view: View = {};
  const camera = readCamera(found.get("map") ?? "");
  if (camera) view.camera = camera;
  const alert = found.get("alert");
  if (alert) view.alert = alert;
  const mmsi = Number(found.get("vessel") || Number.NaN);
  if (Number.isInteger(mmsi) && mmsi > 0 && mmsi <= 999_999_999) view.mmsi = mmsi;
  const t_ms = Date.parse(found.get("t") ?? "");
  if (!Number.isNaN(t_ms)) view.t_ms = t_ms;
  const [layers, filter] = [found.get("layers"), found.get("list")];
  if (layers !== null) view.layers = layers;
  if (filter !== null) view.filter = filter;
  return view;
}
