// The devices a reader sees: one list that every screen shares, so that status, battery and age agree everywhere.
import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, ask } from "./api";
import type { Connection, Me } from "./api-types";
import { keys } from "./keys";
import { readerOf } from "./me";

export const connectionsQuery = (me: Me) =>
  queryOptions({
    queryKey: keys.connections(readerOf(me)),
    queryFn: async ({ signal }) => {
      const query = me.patient_id ? { patient_id: me.patient_id, limit: 1000 } : { limit: 1000 };
      return (await ask(api.GET("/api/v1/device-connections", { params: { query }, signal }))).items;
    },
    staleTime: Infinity,
  });

/** One device out of the list, `null` when it is not there. */
export function useConnection(me: Me, id: string) {
  return useQuery({
    ...connectionsQuery(me),
    select: (all: Connection[]) => all.find((one) => one.id === id) ?? null,
  });
}

/** Puts what the server just answered into the list, at once. */
export function putConnection(client: QueryClient, me: Me, connection: Connection): void {
  client.setQueryData<Connection[]>(keys.connections(readerOf(me)), (all) =>
    all?.some((one) => one.id === connection.id)
      ? all.map((one) => (one.id === connection.id ? connection : one))
      : all && [...all, connection],
  );
  void client.invalidateQueries({ queryKey: keys.connections(readerOf(me)) });
}

/** The list is asked again: something that the server keeps beside a connection has changed. */
export function useRefreshConnections(me: Me): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: keys.connections(readerOf(me)) });
}
