// Every hub there is, and what an administrator does to one. Whose it is stays with its owner.
import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";

const PAGE = 100;
/** Whether a hub is there changes by itself, and no frame tells an administrator. */
const LOOK_MS = 10_000;

export const everyHubQuery = infiniteQueryOptions({
  queryKey: ["admin", "hubs"],
  queryFn: ({ pageParam, signal }) =>
    ask(api.GET("/api/v1/hubs", { params: { query: { everybodys: true, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor ?? null,
  refetchInterval: LOOK_MS,
});

const path = (hubId: string) => ({ params: { path: { hub_id: hubId } } });

export function useRotate(hubId: string) {
  return useMutation({ mutationFn: () => ask(api.POST("/api/v1/hubs/{hub_id}/rotate", path(hubId))) });
}

export function useRemoveHub(hubId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/hubs/{hub_id}", path(hubId))),
    onSuccess: () => client.invalidateQueries({ queryKey: everyHubQuery.queryKey }),
  });
}
