// Development only: one made-up measurement, through the same front door as a real one.
import { useMutation } from "@tanstack/react-query";
import { api, ask, newKey } from "./api";

export function useSimulate(connectionId: string) {
  return useMutation({
    mutationFn: () =>
      ask(api.POST("/api/v1/device/simulate", { params: { header: newKey() }, body: { device_connection_id: connectionId, count: 1 } })),
  });
}
