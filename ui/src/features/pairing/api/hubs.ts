// The hubs of a patient. A hub's secret is in the answer to its making, once, and nowhere else.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";

const POLL_MS = 3000;

export const hubsQuery = queryOptions({
  queryKey: keys.hubs,
  queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/hubs", { signal }))).items,
  refetchInterval: POLL_MS,
});

export function useCreateHub() {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (name: string) => ask(api.POST("/api/v1/hubs", { headers: keyOf(name), body: { name } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.hubs }),
  });
}

export function useRotateHub() {
  return useMutation({
    mutationFn: (hubId: string) => ask(api.POST("/api/v1/hubs/{hub_id}/rotate", { params: { path: { hub_id: hubId } } })),
  });
}
