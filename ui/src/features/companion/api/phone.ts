// This phone as the pages see it: which health store it has, what was paired here, and what is on its way.
import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Connection, Me } from "~/lib/api-types";
import { pairedHere } from "~/lib/companion/token-store";
import { connectionsQuery } from "~/lib/connections";
import { Memory } from "~/lib/health-store/memory";
import { phoneStore } from "~/lib/health-store/phone-store";
import { isDue, isReadHere, Syncs } from "~/lib/health-store/syncs";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";
import { useSession, type Session } from "~/lib/session-context";

export const phoneKeys = { store: ["phone", "store"] as const, paired: ["phone", "paired"] as const };

/** None where the phone keeps nothing that can be read. */
export const storeQuery = queryOptions({ queryKey: phoneKeys.store, queryFn: () => phoneStore.name(), staleTime: Infinity, retry: false });
export const pairedQuery = queryOptions({ queryKey: phoneKeys.paired, queryFn: pairedHere, staleTime: Infinity, retry: false });

const current = new WeakMap<QueryClient, { reader: string; syncs: Syncs }>();

/** One for each person who is signed in: pages come and go while it works. */
export function syncsOf(client: QueryClient, me: Me, session: Session): Syncs {
  const reader = readerOf(me);
  const known = current.get(client);
  if (known?.reader === reader) return known.syncs;
  const arrived = () => void client.invalidateQueries({ queryKey: keys.connections(reader) });
  const syncs = new Syncs({ store: phoneStore, memory: new Memory(), now: () => Date.now(), ended: () => void session.end("ended"), arrived });
  current.set(client, { reader, syncs });
  return syncs;
}

export function useSyncs(me: Me): Syncs {
  const syncs = syncsOf(useQueryClient(), me, useSession());
  useSyncExternalStore(syncs.watch, syncs.read);
  return syncs;
}

/** The devices of this person whose readings come out of a phone's store. `isHere`: out of this one's. */
export function usePhoneDevices(me: Me) {
  const store = useQuery(storeQuery);
  const paired = useQuery(pairedQuery);
  const list = useQuery(connectionsQuery(me));
  const name = store.data ?? null;
  const devices = (list.data ?? [])
    .filter((one) => one.pairing_method === "healthkit" || one.pairing_method === "health_connect")
    .map((connection) => ({ connection, isHere: isReadHere(connection, name, paired.data ?? []) }));
  return { store, paired, list, name, devices };
}

/** What opening the app sends. */
export function dueOf(devices: readonly { connection: Connection; isHere: boolean }[], syncs: Syncs, now: number): Connection[] {
  return devices.filter(({ connection, isHere }) => isHere && isDue(syncs.of(connection.id), now)).map(({ connection }) => connection);
}
