// Views kept under a name, in this browser.
import { signal } from "@preact/signals";
import { linkOf, readLink, type View } from "./link.ts";

const KEY = "sargas.views";
/** More would be no help in finding one. */
export const MOST_SAVED = 50;
export const LONGEST_NAME = 60;

export interface Saved {
  name: string;
  /** As in a link. */
  link: string;
}

function stored(): Saved[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.name === "string" && typeof one?.link === "string") : [];
  } catch {
    return []; // storage may be forbidden, or hold something else
  }
}

export const saved = signal<readonly Saved[]>(stored());

function keep(next: readonly Saved[]): void {
  saved.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // kept until the page is closed
  }
}

const byName = (a: Saved, b: Saved): number => a.name.localeCompare(b.name);
const tidy = (name: string): string => name.trim().slice(0, LONGEST_NAME);

/** Keeps a view; one of the same name is replaced. False where the name is empty or there is no room. */
export function save(name: string, view: View): boolean {
  const tidied = tidy(name);
  const others = saved.value.filter((one) => one.name !== tidied);
  if (!tidied || others.length >= MOST_SAVED) return false;
  keep([...others, { name: tidied, link: linkOf(view) }].sort(byName));
  return true;
}

export const remove = (name: string): void => keep(saved.value.filter((one) => one.name !== name));

/** False where the new name is empty or taken. */
export function rename(name: string, to: string): boolean {
  const tidied = tidy(to);
  if (!tidied || (tidied !== name && saved.value.some((one) => one.name === tidied))) return false;
  keep(saved.value.map((one) => (one.name === name ? { ...one, name: tidied } : one)).sort(byName));
  return true;
}

/** A saved view is whole: what it leaves out is as at first. */
export const viewOf = ({ link }: Saved): View => ({ layers: "", filter: "", ...readLink(link) });
