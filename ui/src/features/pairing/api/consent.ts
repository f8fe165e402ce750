// The consent text of now, who already sees what, and the yes that is stored before anything flows.
import { queryOptions, useMutation } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { ConsentCreate } from "~/lib/api-types";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";

export const consentTextQuery = (locale: string) =>
  queryOptions({
    queryKey: keys.consentText(locale),
    queryFn: ({ signal }) => ask(api.GET("/api/v1/consent-texts/current", { params: { query: { locale } }, signal })),
  });

export const permissionsQuery = (patientId: string) =>
  queryOptions({
    queryKey: keys.permissions(patientId),
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/permissions", { signal }))).items,
  });

export function useGiveConsent() {
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (body: ConsentCreate) => ask(api.POST("/api/v1/consents", { headers: keyOf(body), body })),
  });
}
