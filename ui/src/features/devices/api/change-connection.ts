// What an owner does to one device: a new name, or an end.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Connection, Me } from "~/lib/api-types";
import { putConnection } from "~/lib/connections";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";

export function useRename(me: Me, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => ask(api.PATCH("/api/v1/device-connections/{connection_id}", { params: { path: { connection_id: id } }, body: { name } })),
    onSuccess: (connection) => putConnection(client, me, connection),
  });
}

export function useRemove(me: Me, id: string) {
  const client = useQueryClient();
  const key = keys.connections(readerOf(me));
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/device-connections/{connection_id}", { params: { path: { connection_id: id } } })),
    onSuccess: () => {
      client.setQueryData<Connection[]>(key, (all) => all?.filter((one) => one.id !== id));
      void client.invalidateQueries({ queryKey: key });
    },
  });
}
