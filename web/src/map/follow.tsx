// Keeping the selected vessel in the middle of the map until somebody moves it.
import { effect, signal } from "@preact/signals";
import { vesselName } from "../format/format.ts";
import { say } from "../lang/lang.ts";
import { picture, selectedMmsi, vessel, vessels } from "../state/state.ts";
import { note } from "./notice.tsx";
import type { MapView } from "./view.ts";

/** The vessel that is followed. */
const followed = signal<number | null>(null);

export const endFollow = (): void => { followed.value = null; };

export function toggleFollow(): void {
  const mmsi = selectedMmsi.value;
  if (mmsi === null) return note(say("Select a vessel first, then follow it."));
  followed.value = followed.value === mmsi ? null : mmsi;
}

/** Moves the view with the vessel until the returned function is called. */
export function startFollow(view: MapView): () => void {
  return effect(() => {
    const mmsi = followed.value;
    if (mmsi === null) return;
    picture.value;
    if (selectedMmsi.value !== mmsi) return endFollow();
    const row = vessels.row(mmsi);
    if (row) view.goTo(row.lon, row.lat);
  });
}

export function FollowChip() {
  const mmsi = followed.value;
  if (mmsi === null) return null;
  picture.value;
  const name = vessel.value?.mmsi === mmsi ? vesselName(vessel.value.name) : `MMSI ${mmsi}`;
  return (
    <button type="button" class="map-chip" onClick={endFollow}>
      {vessels.row(mmsi) ? say("Following") : say("Not in the picture:")} <bdi class="who">{name}</bdi> <kbd>F</kbd> {say("ends")}
    </button>
  );
}
