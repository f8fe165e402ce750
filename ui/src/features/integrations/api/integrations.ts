// The makers' accounts of a person, and what is done with one: sign in, look now, disconnect.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Integration, Kind, Me } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { consentTextQuery } from "~/lib/consent";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";
import { agreedKinds } from "../view";

export const integrationsQuery = (me: Me) =>
  queryOptions({
    queryKey: keys.integrations(readerOf(me)),
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/integrations", { signal }))).items,
    staleTime: Infinity,
  });

interface Wish {
  kinds: Kind[];
  version: string;
}

async function authorize(vendor: string, { kinds, version }: Wish): Promise<string> {
  const body = { data_kinds: kinds, consent_version: version };
  return (await ask(api.POST("/api/v1/integrations/{vendor}/authorize", { params: { path: { vendor } }, body }))).authorize_url;
}

/** Answers the maker's address. */
export function useAuthorize(vendor: string) {
  return useMutation({ mutationFn: (wish: Wish) => authorize(vendor, wish) });
}

/** Again for what was agreed before; null when the person must be asked first. */
export function useAuthorizeAgain(me: Me, integration: Integration, locale: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const [text, connections] = await Promise.all([
        client.fetchQuery(consentTextQuery(locale)),
        client.fetchQuery(connectionsQuery(me)),
      ]);
      const kinds = agreedKinds(integration, connections, text.version);
      return kinds && authorize(integration.vendor, { kinds, version: text.version });
    },
  });
}

export function useSyncNow(me: Me, connectionId: string) {
  const client = useQueryClient();
  const keyOf = useKeyOf();
  return useMutation({
    // Each press is a wish of its own; only its retries share a key.
    mutationFn: (pressedAt: number) =>
      ask(
        api.POST("/api/v1/device/sync", { headers: keyOf(pressedAt), body: { device_connection_id: connectionId } }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.integrations(readerOf(me)) }),
  });
}

export function useDisconnect(me: Me, vendor: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/integrations/{vendor}", { params: { path: { vendor } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.connections(readerOf(me)) });
      return client.invalidateQueries({ queryKey: keys.integrations(readerOf(me)) });
    },
  });
}
