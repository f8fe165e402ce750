// Changes of the account that a reader makes: units, zone, language. Shown at once, taken back when the server refuses.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Me, MePatch } from "~/lib/api-types";
import { keys } from "~/lib/keys";

export function usePatchMe() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: MePatch) => ask(api.PATCH("/api/v1/me", { body })),
    onMutate: (patch) => {
      const before = client.getQueryData<Me>(keys.me);
      if (before) client.setQueryData<Me>(keys.me, { ...before, ...patch, units: { ...before.units, ...patch.units } });
      return before;
    },
    onError: (_error, _patch, before) => client.setQueryData(keys.me, before),
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
}
