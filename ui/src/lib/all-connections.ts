// A person's devices with those that were removed: what was agreed to and looked at is told with their names.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./api";
import { keys } from "./keys";

export const allConnectionsQuery = (patientId: string) =>
  queryOptions({
    queryKey: [...keys.connections(patientId), "all"],
    queryFn: async ({ signal }) => {
      const query = { patient_id: patientId, include_revoked: true, limit: 1000 };
      return (await ask(api.GET("/api/v1/device-connections", { params: { query }, signal }))).items;
    },
  });
