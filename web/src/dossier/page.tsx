// The dossier is fetched when it is first opened: a watch draws without it.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { say } from "../lang/lang.ts";

const loaded = signal<typeof import("./dossier-page.tsx") | null>(null);
const failed = signal(false);

function load(): void {
  failed.value = false;
  import("./dossier-page.tsx").then((module) => {
    loaded.value = module;
  }, () => {
    failed.value = true;
  });
}

export function DossierPage() {
  useEffect(() => {
    if (!loaded.value) load();
  }, []);
  if (loaded.value) return <loaded.value.Dossier />;
  return (
    <main class="empty">
      {failed.value ? <p role="alert">{say("The page cannot be read: the service does not answer.")} <button type="button" class="small-button" onClick={load}>{say("Try again")}</button></p> : <p role="status">{say("Reading the dossier…")}</p>}
    </main>
  );
}
