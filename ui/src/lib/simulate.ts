// Development only: one made-up measurement, through the same front door as a real one.
import { useMutation } from "@tanstack/react-query";
import type { Client } from "openapi-fetch";
import { api, ask, newKey } from "./api";

/** Exists in development only, so the API's description does not name it. */
interface DevelopmentPaths {
  "/api/v1/device/simulate": {
    post: {
      requestBody: { content: { "application/json": { device_connection_id: string; count: number } } };
      responses: { 202: { headers: Record<string, unknown>; content: { "application/json": { accepted: number } } } };
    };
  };
}
const development = api as unknown as Client<DevelopmentPaths>;

export function useSimulate(connectionId: string) {
  return useMutation({
    mutationFn: () =>
      ask(development.POST("/api/v1/device/simulate", { headers: newKey(), body: { device_connection_id: connectionId, count: 1 } })),
  });
}
