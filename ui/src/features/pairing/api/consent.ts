// The yes that is stored before anything flows.
import { useMutation } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { ConsentCreate } from "~/lib/api-types";
import { useKeyOf } from "~/lib/idempotency";

export function useGiveConsent() {
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (body: ConsentCreate) => ask(api.POST("/api/v1/consents", { headers: keyOf(body), body })),
  });
}
