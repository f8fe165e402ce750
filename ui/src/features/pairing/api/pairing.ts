// The calls of one pairing: create, start, follow, complete, name.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Connection, ConnectionCreate, Me } from "~/lib/api-types";
import { putConnection } from "~/lib/connections";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";

const POLL_MS = 1500;

/** `instead` is an unfinished connection that this one replaces: another model or way was chosen. */
export function useCreateConnection(me: Me, instead: Connection | null | undefined) {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: async (body: ConnectionCreate) => {
      if (instead?.status === "pairing" && isSameWish(instead, body)) return instead;
      const created = await ask(api.POST("/api/v1/device-connections/create", { headers: keyOf(body), body }));
      if (instead?.status === "pairing") {
        // Left behind it would stand among the devices as "pairing"; that it cannot be removed now is no fault.
        await ask(api.DELETE("/api/v1/device-connections/{connection_id}", { params: { path: { connection_id: instead.id } } })).catch(() => null);
      }
      return created;
    },
    onSuccess: (connection) => putConnection(client, me, connection),
  });
}

function isSameWish(connection: Connection, wish: ConnectionCreate): boolean {
  return (
    connection.device_model_id === wish.device_model_id &&
    connection.pairing_method === wish.pairing_method &&
    (wish.hub_id === undefined || connection.hub_id === wish.hub_id)
  );
}

/**
 * A pairing token is a value like any other here: asked once per attempt, kept in memory, asked anew after a reload.
 * As a query it is asked once even when a step is shown twice; a second start would void the first token.
 */
export const pairStartQuery = (connectionId: string, attempt: number) =>
  queryOptions({
    queryKey: ["pairing", connectionId, "start", attempt] as const,
    queryFn: () => ask(api.POST("/api/v1/device-connections/pair/start", { body: { device_connection_id: connectionId } })),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });

export const pairingQuery = (connectionId: string, isStarted: boolean) =>
  queryOptions({
    queryKey: keys.pairing(connectionId),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device-connections/{connection_id}/pairing", { params: { path: { connection_id: connectionId } }, signal })),
    enabled: isStarted,
    gcTime: 0,
    refetchInterval: POLL_MS,
  });

export function useCompletePairing(me: Me) {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (body: { pairing_token: string; device_id: string }) =>
      ask(api.POST("/api/v1/device-connections/pair/complete", { headers: keyOf(body), body })),
    onSuccess: ({ connection }) => putConnection(client, me, connection),
  });
}

export function useNameConnection(me: Me, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => ask(api.PATCH("/api/v1/device-connections/{connection_id}", { params: { path: { connection_id: id } }, body: { name } })),
    onSuccess: (connection) => putConnection(client, me, connection),
  });
}
