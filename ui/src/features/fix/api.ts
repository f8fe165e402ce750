// What the platform knows of a device's health, what happened to it lately, and asking its hub to connect to it again.
import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { keys } from "~/lib/keys";

const EVENTS = 50;

export const healthQuery = (patientId: string, id: string) =>
  queryOptions({
    queryKey: keys.health(patientId, id),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device-health/{device_connection_id}", { params: { path: { device_connection_id: id } }, signal })),
  });

export const eventsQuery = (patientId: string, id: string) =>
  queryOptions({
    queryKey: keys.events(patientId, id),
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/device-connections/{device_connection_id}/events", { params: { path: { device_connection_id: id }, query: { limit: EVENTS } }, signal }))).items,
  });

export function useReconnect(id: string) {
  return useMutation({
    mutationFn: () => ask(api.POST("/api/v1/device-connections/{connection_id}/reconnect", { params: { path: { connection_id: id } } })),
  });
}
