// How all devices of a reader are, in one answer; frames of the live stream keep it current.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { DeviceHealth, Me } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";

const PAGE = 1000;

export const healthsQuery = (me: Me) =>
  queryOptions({
    queryKey: keys.healths(readerOf(me)),
    queryFn: async ({ signal }) => {
      const found: DeviceHealth[] = [];
      let cursor: string | undefined;
      do {
        const page = await ask(api.GET("/api/v1/device-health", { params: { query: { limit: PAGE, cursor } }, signal }));
        found.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return found;
    },
    staleTime: Infinity,
  });

/** One device with its last thirty days. */
export const historyQuery = (patientId: string, id: string) =>
  queryOptions({
    queryKey: keys.health(patientId, id),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device-health/{device_connection_id}", { params: { path: { device_connection_id: id } }, signal })),
  });
