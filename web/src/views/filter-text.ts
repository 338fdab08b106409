// The list's filter as text and back, whatever fields it has: links and saved views outlive its fields.

type Plain = string | number | boolean | null;
type Written = Record<string, Plain | Plain[]>;

const isPlain = (value: unknown): value is Plain => value === null || ["string", "number", "boolean"].includes(typeof value);
const isList = (value: unknown): value is Plain[] => Array.isArray(value) && value.every(isPlain);

/** Sets and lists in one order, so that equal ones are equal as text. */
function written(value: unknown): Plain | Plain[] | undefined {
  const list = value instanceof Set ? [...(value as Set<unknown>)].sort() : value;
  return isPlain(list) || isList(list) ? list : undefined;
}

/** Every field that differs from the first filter, as JSON; an empty text where none does. */
export function filterText(filter: object, first: object): string {
  const out: Written = {};
  for (const [field, value] of Object.entries(filter)) {
    const now = written(value);
    const was = written((first as Record<string, unknown>)[field]);
    if (now !== undefined && JSON.stringify(now) !== JSON.stringify(was)) out[field] = now;
  }
  return Object.keys(out).length > 0 ? JSON.stringify(out) : "";
}

/** A value in the shape of the one it takes the place of; undefined where it has another. */
function shaped(value: unknown, like: unknown): unknown {
  if (like instanceof Set) return isList(value) ? new Set(value) : undefined;
  if (Array.isArray(like)) return isList(value) ? value : undefined;
  if (like === null) return isPlain(value) ? value : undefined;
  return value === null || typeof value === typeof like ? value : undefined;
}

/** The first filter with the fields of a text; fields that it does not have, or has in another shape, are left out. */
export function readFilter<F extends object>(text: string, first: F): F {
  let found: unknown;
  try {
    found = text ? JSON.parse(text) : {};
  } catch {
    return first; // not a filter of ours
  }
  if (typeof found !== "object" || found === null) return first;
  const out: Record<string, unknown> = { ...(first as Record<string, unknown>) };
  for (const [field, like] of Object.entries(first)) {
    if (!Object.hasOwn(found, field)) continue;
    const value = shaped((found as Record<string, unknown>)[field], like);
    if (value !== undefined) out[field] = value;
  }
  return out as F;
}
