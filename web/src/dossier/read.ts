// Reads what the page shows, and reads it again when the alert has a new version or was acted on, the clock jumped,
// or the line is up again.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { alerts, alertsRead, line } from "../state/state.ts";
import { ApiError, getDossier, getIdentities } from "../wire/api.ts";
import type { Alert } from "../wire/types.ts";
import type { Dossier, Identities } from "./types.ts";

export interface Read<T> {
  data: T | null;
  failure: ApiError | null;
}

const NOTHING = { data: null, failure: null };

/** Runs `ask` and tells what came; an answer that nobody waits for any more is dropped. */
function reading<T>(ask: (signal: AbortSignal) => Promise<T>, tell: (read: Read<T>) => void): () => void {
  const abort = new AbortController();
  ask(abort.signal).then(
    (data) => tell({ data, failure: null }),
    (cause: unknown) => {
      if (cause instanceof ApiError) tell({ data: null, failure: cause });
      else if (!(cause instanceof DOMException && cause.name === "AbortError")) throw cause;
    },
  );
  return () => abort.abort();
}

/** Grows with each version and each act: what is shown is read again then. */
const stamp = ({ version, triage }: Alert): number => version * 1e9 + triage.last_seq;

export function useDossier(id: string): Read<Dossier> {
  const read = useSignal<Read<Dossier>>(NOTHING);
  const shown = useRef<{ id: string; version: number } | null>(null);
  // A question goes on until another takes its place: not every change asks anew.
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const isRead = alertsRead.value;
  const known = alerts.value.get(id);
  const version = known ? stamp(known) : 0;
  const isUp = line.value === "up";
  useEffect(() => {
    const now = shown.current;
    if (now?.id === id) {
      if (!isRead) {
        now.version = -1; // the clock jumped: read again once the list is there
        stop.current();
      }
      if (!isRead || (now.version >= version && !(isUp && read.value.failure))) return;
    } else {
      read.value = NOTHING;
    }
    shown.current = { id, version };
    stop.current();
    stop.current = reading((signal) => getDossier(id, signal), (got) => {
      // What was read stays while the service does not answer, not when it knows of no such alert.
      const isLost = got.failure !== null && got.failure.status !== 404;
      read.value = isLost ? { ...got, data: read.value.data } : got;
      if (got.data) shown.current = { id, version: stamp(got.data.alert) };
    });
  }, [id, version, isRead, isUp]);
  return read.value;
}

export function useIdentities(mmsi: number, version: number): Read<Identities> {
  const read = useSignal<Read<Identities>>(NOTHING);
  useEffect(() => reading((signal) => getIdentities(mmsi, signal), (got) => {
    read.value = got;
  }), [mmsi, version]);
  return read.value;
}
