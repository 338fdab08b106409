// A short word about what a key has just done. Nothing that matters lives here alone.
import { signal } from "@preact/signals";

const SHOWN_MS = 4000;
const notice = signal("");
let timer = 0;

export function note(text: string): void {
  notice.value = text;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => { notice.value = ""; }, SHOWN_MS);
}

/** Puts a text on the clipboard and says so; `failed` is said where the browser refuses. */
export async function copy(text: string, done: string, failed: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    note(done);
  } catch {
    note(failed);
  }
}

export const Notice = () => <p class="map-notice" role="status">{notice.value}</p>;
