// Saved views: keep, go to, rename, delete; and a link to what is seen now. Comes when it is first opened.
import { signal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { say } from "../lang/lang.ts";
import { focusMap } from "../map/map-pane.tsx";
import { LONGEST_NAME, remove, rename, type Saved, save, saved, viewOf } from "./saved.ts";
import { viewsOpen } from "./dialog.tsx";
import { copyLink, placeView, showView } from "./view.ts";

/** The view whose name is being changed. */
const renaming = signal<string | null>(null);
/** What was deleted last, to be brought back. */
const deleted = signal<Saved | null>(null);
const said = signal("");

function go(view: Saved): void {
  viewsOpen.value = false;
  showView(viewOf(view));
  focusMap();
}

function field(event: Event): HTMLInputElement {
  event.preventDefault();
  return (event.currentTarget as HTMLFormElement).querySelector("input")!;
}

function SaveForm() {
  const onSubmit = (event: Event): void => {
    const input = field(event);
    const name = input.value.trim();
    const done = save(name, placeView());
    said.value = done ? say("Saved “{name}”.", { name }) : name ? say("There is no room for more views.") : say("Give the view a name.");
    if (done) input.value = "";
  };
  return (
    <form class="views-save" onSubmit={onSubmit}>
      <label for="view-name">{say("Keep what is seen now as")}</label>
      <input id="view-name" type="text" maxLength={LONGEST_NAME} autocomplete="off" placeholder={say("name")} />
      <button type="submit" class="small-button">{say("Save")}</button>
    </form>
  );
}

function RenameForm({ view }: { view: Saved }) {
  const onSubmit = (event: Event): void => {
    const done = rename(view.name, field(event).value);
    said.value = done ? "" : say("Another view has this name, or it is empty.");
    if (done) renaming.value = null;
  };
  return (
    <form onSubmit={onSubmit} onKeyDown={(event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // the dialog stays
      renaming.value = null;
    }}>
      <input ref={(input) => input?.focus()} type="text" maxLength={LONGEST_NAME} aria-label={say("New name of {name}", { name: view.name })} defaultValue={view.name} autocomplete="off" />
      <button type="submit" class="small-button">{say("Rename")}</button>
    </form>
  );
}

function Row({ view }: { view: Saved }) {
  const { name } = view;
  if (renaming.value === name) return <li><RenameForm view={view} /></li>;
  return (
    <li>
      <button type="button" class="link view-name" onClick={() => go(view)}><bdi>{name}</bdi></button>
      <button type="button" class="small-button" aria-label={say("Rename {name}", { name })} onClick={() => { renaming.value = name; }}>{say("Rename")}</button>
      <button
        type="button"
        class="small-button"
        aria-label={say("Delete {name}", { name })}
        onClick={() => {
          remove(name);
          deleted.value = view;
          said.value = "";
        }}
      >
        {say("Delete")}
      </button>
    </li>
  );
}

function Deleted() {
  const view = deleted.value;
  if (!view) return null;
  return (
    <p class="views-deleted">
      {say("Deleted:")} <bdi>{view.name}</bdi>{" "}
      <button
        ref={(button) => button?.focus()}
        type="button"
        class="small-button"
        onClick={() => {
          save(view.name, viewOf(view));
          deleted.value = null;
        }}
      >
        {say("Bring back")}
      </button>
    </p>
  );
}

export function Views() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (viewsOpen.value && !dialog.current?.open) {
      said.value = "";
      deleted.value = renaming.value = null;
      dialog.current?.showModal();
    }
    if (!viewsOpen.value) dialog.current?.close();
  });
  // The event comes late: by then the dialog may be open again.
  const onClose = (): void => { viewsOpen.value = dialog.current?.open ?? false; };
  return (
    <dialog ref={dialog} class="views" aria-labelledby="views-title" onClose={onClose}>
      <h2 id="views-title">{say("Views")}</h2>
      <p class="dim small">{say("A view keeps the place and zoom of the map, its layers and the list's filter, in this browser.")}</p>
      {saved.value.length === 0 ? <p class="dim">{say("No view is saved yet.")}</p> : <ul>{saved.value.map((view) => <Row key={view.name} view={view} />)}</ul>}
      <Deleted />
      <SaveForm />
      <p role="status" class="small views-said">{said.value}</p>
      <form method="dialog" class="views-foot">
        <button type="button" class="small-button" onClick={() => { viewsOpen.value = false; void copyLink(); }}>{say("Copy a link to this view")} <kbd>Y</kbd></button>
        <button type="submit" class="small-button">{say("Close")} <kbd>Esc</kbd></button>
      </form>
    </dialog>
  );
}
