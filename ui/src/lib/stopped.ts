// What was taken back while a page was open. It says who, what and when; nothing of what was shared is in it.
import type { QueryClient } from "@tanstack/react-query";
import type { Connection, Kind, Permission } from "./api-types";
import { keys } from "./keys";

export interface Stopped {
  patientId: string;
  /** Null when the page had not learnt it yet. */
  name: string | null;
  /** Null: everything, of which nothing more was known here. */
  kinds: Kind[] | null;
  connectionIds: string[];
  at: number;
}

/** Told before the cache forgets whose devices they were. */
export function noteStopped(client: QueryClient, reader: string, patientId: string, kinds: Kind[] | null, connectionId?: string): void {
  const received = client.getQueryData<Permission[]>(keys.received(reader));
  const connections = client.getQueryData<Connection[]>(keys.connections(reader)) ?? [];
  const ids = connections.filter((one) => one.patient_id === patientId).map((one) => one.id);
  const theirs = received?.filter((one) => one.patient_id === patientId) ?? [];
  const known = theirs.flatMap((one) => one.data_kinds);
  const note: Stopped = {
    patientId,
    name: theirs[0]?.display_name ?? null,
    kinds: kinds ?? (known.length > 0 ? known : null),
    connectionIds: connectionId ? [connectionId] : ids,
    at: Date.now(),
  };
  client.setQueryDefaults(keys.stopped, { gcTime: Infinity, staleTime: Infinity });
  client.setQueryData<Stopped[]>(keys.stopped, (all) => [note, ...(all ?? [])]);
}

/** The newest word about a device, or about a person. */
export function stoppedFor(all: readonly Stopped[], of: { connectionId: string } | { patientId: string }): Stopped | null {
  return all.find((one) => ("connectionId" in of ? one.connectionIds.includes(of.connectionId) : one.patientId === of.patientId)) ?? null;
}
