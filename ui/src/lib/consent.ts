// The consent text of now, and who already sees what.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./api";
import { keys } from "./keys";

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
