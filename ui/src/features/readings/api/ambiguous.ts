// The readings that may be another person's, and the word of the person about one of them.
import { infiniteQueryOptions, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { ReadingItem } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { codeOf } from "~/lib/problem";
import type { Answer } from "../choices";

const PAGE = 50;

interface AmbiguousPage {
  items: ReadingItem[];
  next_cursor?: string | null;
}

const keyOf = (patientId: string) => [...keys.patient(patientId), "ambiguous"] as const;

export const ambiguousQuery = (patientId: string) =>
  infiniteQueryOptions({
    queryKey: keyOf(patientId),
    queryFn: ({ pageParam, signal }): Promise<AmbiguousPage> => {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      return ask(api.GET("/api/v1/patients/{patient_id}/ambiguous", { params: { path: { patient_id: patientId }, query }, signal }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    select: ({ pages }) => pages.flatMap((page) => page.items),
  });

/** Said to the platform, also while the page is being closed. Somebody else may have been first: then it is said already. */
export function useAssign(patientId: string): (item: ReadingItem, answer: Answer) => Promise<void> {
  const client = useQueryClient();
  return async ({ id, device_connection_id: connectionId }, answer) => {
    const params = { path: { patient_id: patientId, reading_id: id } };
    try {
      await ask(api.POST("/api/v1/patients/{patient_id}/ambiguous/{reading_id}", { params, body: { assign: answer }, keepalive: true }));
    } catch (error) {
      if (codeOf(error) !== "not_found") throw error;
    }
    client.setQueryData<InfiniteData<AmbiguousPage>>(keyOf(patientId), (known) =>
      known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.filter((one) => one.id !== id) })) },
    );
    void client.invalidateQueries({ queryKey: keys.device(patientId, connectionId) });
  };
}
