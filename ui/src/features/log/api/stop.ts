// Taking back everything that somebody unknown may see.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Permission } from "~/lib/api-types";
import { keys } from "~/lib/keys";

export function useStopAll(patientId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (grants: readonly Permission[]) =>
      Promise.all(
        grants.map(({ id }) => ask(api.DELETE("/api/v1/permissions/{permission_id}", { params: { path: { permission_id: id } } }))),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: keys.permissions(patientId) }),
  });
}
