// Reads what the page shows, and reads it again when the alert has a new version or the clock jumped.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { alerts, alertsRead } from "../state/state.ts";
import { ApiError, getDossier, getIdentities } from "../wire/api.ts";
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

export function useDossier(id: string): Read<Dossier> {
  const read = useSignal<Read<Dossier>>(NOTHING);
  const shown = useRef<{ id: string; version: number } | null>(null);
  const isRead = alertsRead.value;
  const version = alerts.value.get(id)?.version ?? 0;
  useEffect(() => {
    const now = shown.current;
    if (now?.id === id) {
      if (!isRead) now.version = -1; // the clock jumped: read again once the list is there
      if (!isRead || now.version >= version) return;
    } else {
      read.value = NOTHING;
    }
    shown.current = { id, version };
    return reading((signal) => getDossier(id, signal), (got) => {
      read.value = got;
      if (got.data) shown.current = { id, version: got.data.alert.version };
    });
  }, [id, version, isRead]);
  return read.value;
}

export function useIdentities(mmsi: number, version: number): Read<Identities> {
  const read = useSignal<Read<Identities>>(NOTHING);
  useEffect(() => reading((signal) => getIdentities(mmsi, signal), (got) => {
    read.value = got;
  }), [mmsi, version]);
  return read.value;
}
