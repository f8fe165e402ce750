// The catalogue as an administrator works with it: searched at the server, added to, changed.
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { DeviceModel } from "~/lib/api-types";
import { useKeyOf } from "~/lib/idempotency";
import type { Draft } from "../draft";

const PAGE = 50;
const MODELS = ["models"] as const;

export const modelsQuery = (words: string) =>
  infiniteQueryOptions({
    queryKey: [...MODELS, "search", words],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET("/api/v1/devices", { params: { query: { limit: PAGE, ...(words ? { q: words } : {}), ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    placeholderData: (before) => before,
  });

export const makersQuery = queryOptions({
  queryKey: ["makers"],
  queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/vendors", { params: { query: { limit: 1000 } }, signal }))).items,
});

/** Adds a model, or changes the one that is given. */
export function useSaveModel(model: DeviceModel | null) {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: ({ vendor_id, model: slug, device_type, docs_url, ...rest }: Draft) =>
      model
        ? ask(api.PATCH("/api/v1/devices/{model_id}", { params: { path: { model_id: model.id } }, body: { ...rest, docs_url: docs_url || null } }))
        : ask(
            api.POST("/api/v1/devices/register", {
              headers: keyOf([vendor_id, slug, device_type, docs_url, rest]),
              body: { ...rest, vendor_id, model: slug, device_type, ...(docs_url ? { docs_url } : {}) },
            }),
          ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: makersQuery.queryKey });
      return client.invalidateQueries({ queryKey: MODELS });
    },
  });
}
