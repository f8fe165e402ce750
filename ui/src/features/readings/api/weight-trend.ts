// The trend of a weight, as the platform counts it: one question for every range. Asked again when something was weighed.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { keys } from "~/lib/keys";
import { RANGES } from "~/lib/readings";
import { MINUTE } from "~/lib/time";

export const weightTrendQuery = (patientId: string, connectionId: string) =>
  queryOptions({
    queryKey: [...keys.device(patientId, connectionId), "weight-trend"],
    queryFn: ({ signal }) => {
      const from = new Date(Math.floor((Date.now() - RANGES["90d"].ms) / MINUTE) * MINUTE).toISOString();
      const params = { path: { device_connection_id: connectionId }, query: { from } };
      return ask(api.GET("/api/v1/device-data/{device_connection_id}/weight-trend", { params, signal }));
    },
    // A reading of weeks ago may come late; what comes live asks again by itself.
    staleTime: 15 * MINUTE,
  });
