// One model of the catalogue: what it measures, and which services it has.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./api";
import { keys } from "./keys";

export const modelQuery = (id: string) =>
  queryOptions({
    queryKey: keys.model(id),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/devices/{model_id}", { params: { path: { model_id: id } }, signal })),
    staleTime: Infinity,
  });
