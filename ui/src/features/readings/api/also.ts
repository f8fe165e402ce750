// Which readings of a time came in more than one way, as the platform matches them.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { ReadingItem } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { MINUTE } from "~/lib/time";
import { copiesOf } from "../also";

const PAGE = 1000;

/** Copies are told within a minute of each other; a little around it finds the other one at the edge too. */
const AROUND = 2 * MINUTE;

export interface AlsoQuestion {
  metric: string;
  from: number;
  /** Until now where it is not said. */
  to?: number;
}

export const alsoQuery = (patientId: string, { metric, from, to }: AlsoQuestion) =>
  queryOptions({
    queryKey: [...keys.patient(patientId), "also", metric, from, to ?? "now"],
    queryFn: async ({ signal }) => {
      const time = { from: new Date(from - AROUND).toISOString(), ...(to === undefined ? {} : { to: new Date(to + AROUND).toISOString() }) };
      const items: ReadingItem[] = [];
      let cursor: string | null = null;
      do {
        const query = { metric, resolution: "raw" as const, limit: PAGE, ...time, ...(cursor ? { cursor } : {}) };
        const page = await read(patientId, query, signal);
        items.push(...(page.items ?? []));
        cursor = page.next_cursor ?? null;
      } while (cursor !== null);
      return copiesOf(items);
    },
    // A copy may come long after the reading: from a maker's cloud, from a phone that was off.
    staleTime: MINUTE,
    refetchOnWindowFocus: true,
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });

type Query = { metric: string; resolution: "raw"; limit: number; from: string; to?: string; cursor?: string };

const read = (patientId: string, query: Query, signal: AbortSignal): Promise<{ items?: ReadingItem[] | null; next_cursor?: string | null }> =>
  ask(api.GET("/api/v1/patients/{patient_id}/data", { params: { path: { patient_id: patientId }, query }, signal }));
