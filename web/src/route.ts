// Which page is shown: the path says it, so that every page can be linked, reloaded and gone back to.
import { signal } from "@preact/signals";

export interface Route {
  /** First part of the path; "" is the watch. */
  page: string;
  /** What follows it: an alert's id. */
  id: string;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // half an escape: nothing of ours is called so, and the page says that
  }
}

function read(): Route {
  const [page = "", id = ""] = location.pathname.split("/").filter(Boolean).map(decoded);
  return { page, id };
}

export const route = signal<Route>(typeof location === "undefined" ? { page: "", id: "" } : read());

/** Goes to a page of ours without loading the screen anew; the map and the line stay as they are. */
export function go(path: string): void {
  if (path !== location.pathname + location.search + location.hash) history.pushState(null, "", path);
  route.value = read();
}

export function startRoute(): void {
  window.addEventListener("popstate", () => {
    route.value = read();
  });
}
