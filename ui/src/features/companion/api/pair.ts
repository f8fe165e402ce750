// Connecting this phone with the code that it was handed: what it is for, and the three steps to the end.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "~/lib/api";
import type { Connection, Me } from "~/lib/api-types";
import { keepPaired, phoneNameOf } from "~/lib/companion/token-store";
import { putConnection } from "~/lib/connections";
import { phoneStore } from "~/lib/health-store/phone-store";
import type { ReadType } from "~/lib/health-store/store";
import { useKeyOf } from "~/lib/idempotency";
import { phoneKeys } from "./phone";

export const codeQuery = (token: string) =>
  queryOptions({
    queryKey: ["phone", "code", token],
    queryFn: ({ signal }) => ask(api.POST("/api/v1/device-connections/pair/look", { body: { pairing_token: token }, signal })),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });

/** The phone's sheet could not be opened. What was refused on it cannot be known everywhere, and is no fault. */
export class SheetTrouble extends Error {}

export type PairPhase = "choosing" | "connecting";

export function usePairPhone(me: Me, onDone: (connection: Connection) => void) {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  const [phase, setPhase] = useState<PairPhase>("choosing");
  const pair = useMutation({
    mutationFn: async ({ token, types }: { token: string; types: readonly ReadType[] }) => {
      setPhase("choosing");
      await phoneStore.choose(types).catch((cause: unknown) => {
        throw new SheetTrouble("sheet", { cause });
      });
      setPhase("connecting");
      const body = { pairing_token: token, device_id: await phoneNameOf(me.user_id) };
      const { connection } = await ask(api.POST("/api/v1/device-connections/pair/complete", { headers: keyOf(body), body }));
      await keepPaired(connection.id);
      return connection;
    },
    onSuccess: async (connection) => {
      putConnection(client, me, connection);
      await client.invalidateQueries({ queryKey: phoneKeys.paired });
      onDone(connection);
    },
  });
  return { pair, phase };
}
