// How much glucose was in range, as the platform counts it. Asked again when values have come, at most once a minute.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { keys, type RangeId } from "~/lib/keys";
import { RANGES } from "~/lib/readings";
import { MINUTE } from "~/lib/time";

export const rangesQuery = (patientId: string, connectionId: string, range: RangeId) =>
  queryOptions({
    queryKey: [...keys.device(patientId, connectionId), "ranges", range],
    queryFn: ({ signal }) => {
      const from = new Date(Math.floor((Date.now() - RANGES[range].ms) / MINUTE) * MINUTE).toISOString();
      const params = { path: { device_connection_id: connectionId }, query: { from } };
      return ask(api.GET("/api/v1/device-data/{device_connection_id}/glucose-ranges", { params, signal }));
    },
    staleTime: Infinity,
  });
