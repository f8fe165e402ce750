// What a patient agreed to, device by device, and the texts of then.
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Consent, ConsentCreate } from "~/lib/api-types";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";

export const consentsQuery = (patientId: string) =>
  queryOptions({
    queryKey: keys.consents(patientId),
    queryFn: async ({ signal }): Promise<Consent[]> =>
      (await ask(api.GET("/api/v1/consents", { params: { query: { limit: 1000 } }, signal }))).items,
  });

/** A text never changes; in another language it is another text. */
export const textQuery = ({ version, locale }: Consent) =>
  queryOptions({
    queryKey: [...keys.consentText(locale), version],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/consent-texts/{version}", { params: { path: { version }, query: { locale } }, signal })),
    staleTime: Infinity,
  });

export const modelQuery = (id: string) =>
  queryOptions({
    queryKey: keys.model(id),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/devices/{model_id}", { params: { path: { model_id: id } }, signal })),
    staleTime: Infinity,
  });

function useRefresh(patientId: string) {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: keys.connections(patientId) });
    return client.invalidateQueries({ queryKey: keys.consents(patientId) });
  };
}

export function useWithdraw(patientId: string) {
  const refresh = useRefresh(patientId);
  return useMutation({
    mutationFn: (id: string) => ask(api.POST("/api/v1/consents/{consent_id}/revoke", { params: { path: { consent_id: id } } })),
    onSuccess: refresh,
  });
}

export function useAgree(patientId: string) {
  const refresh = useRefresh(patientId);
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (body: ConsentCreate) => ask(api.POST("/api/v1/consents", { headers: keyOf(body), body })),
    onSuccess: refresh,
  });
}
