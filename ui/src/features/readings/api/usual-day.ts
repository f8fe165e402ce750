// The usual day of a sensor's glucose, as the platform counts it. It changes slowly: asked once a visit.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { keys, type RangeId } from "~/lib/keys";
import { RANGES } from "~/lib/readings";
import { MINUTE } from "~/lib/time";

export const usualDayQuery = (patientId: string, connectionId: string, range: RangeId) =>
  queryOptions({
    queryKey: [...keys.device(patientId, connectionId), "usual-day", range],
    queryFn: ({ signal }) => {
      const from = new Date(Math.floor((Date.now() - RANGES[range].ms) / MINUTE) * MINUTE).toISOString();
      const params = { path: { device_connection_id: connectionId }, query: { from } };
      return ask(api.GET("/api/v1/device-data/{device_connection_id}/glucose-pattern", { params, signal }));
    },
    staleTime: 15 * MINUTE,
  });
