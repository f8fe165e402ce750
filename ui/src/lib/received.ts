// What other people share with a reader: their names, the zone in which their day is told, and the kinds.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./api";
import type { Connection, Me, Permission } from "./api-types";
import { keys } from "./keys";
import { readerOf } from "./me";

export const receivedQuery = (me: Me) =>
  queryOptions({
    queryKey: keys.received(readerOf(me)),
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/permissions", { params: { query: { received: true, limit: 1000 } }, signal }))).items,
  });

export const holds = ({ until }: Permission, now: number) => until === null || Date.parse(until) > now;

/** A device as it is for a reader: of what it may send, only what is shared with them. */
export function narrowed(connection: Connection, kinds: Permission["data_kinds"]): Connection {
  const { consent } = connection;
  return consent ? { ...connection, consent: { ...consent, data_kinds: consent.data_kinds.filter((kind) => kinds.includes(kind)) } } : connection;
}

/** One person who shares, with the sum of what holds now. */
export interface Sharer {
  id: string;
  name: string;
  timezone: string | null;
  kinds: Permission["data_kinds"];
  /** The first end of what they gave; null when none has one. */
  until: string | null;
}

/** By name, each person once. */
export function sharersOf(received: readonly Permission[], now: number): Sharer[] {
  const found = new Map<string, Sharer>();
  for (const one of received.filter((each) => holds(each, now))) {
    const known = found.get(one.patient_id);
    const ends = [known?.until, one.until].filter((end) => typeof end === "string").sort();
    found.set(one.patient_id, {
      id: one.patient_id,
      name: one.display_name,
      timezone: one.timezone,
      kinds: [...new Set([...(known?.kinds ?? []), ...one.data_kinds])],
      until: ends[0] ?? null,
    });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}
