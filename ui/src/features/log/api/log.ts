// The log of one's own data, page by page, and who has been there at all.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { AuditEvent } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { DAY } from "~/lib/time";
import type { Question } from "../question";

const PAGE = 200;
const MOST = 1000;

const read = (patientId: string, question: Question, limit: number, cursor: string | null, signal?: AbortSignal) =>
  ask(api.GET("/api/v1/audit", { params: { query: { patient_id: patientId, limit, ...question, ...(cursor ? { cursor } : {}) } }, signal }));

const logKey = (patientId: string, question: object) => [...keys.patient(patientId), "log", question] as const;

export const logQuery = (patientId: string, question: Question) =>
  infiniteQueryOptions({
    queryKey: logKey(patientId, question),
    queryFn: ({ pageParam, signal }) => read(patientId, question, PAGE, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    // A page that is opened again tells what is new; while one reads, nothing moves.
    staleTime: 0,
    refetchOnReconnect: false,
    gcTime: 0,
  });

export const summaryQuery = (patientId: string, { from, to }: Question) =>
  queryOptions({
    queryKey: logKey(patientId, { summary: true, from, to }),
    queryFn: ({ signal }) => {
      const since = from ?? (to ? undefined : new Date(Date.now() - 30 * DAY).toISOString());
      const query = { patient_id: patientId, ...(since ? { from: since } : {}), ...(to ? { to } : {}) };
      return ask(api.GET("/api/v1/audit/summary", { params: { query }, signal }));
    },
  });

/** Everything that fits the question, for a file. */
export async function readAll(patientId: string, question: Question): Promise<AuditEvent[]> {
  const all: AuditEvent[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof read>> = await read(patientId, question, MOST, cursor);
    all.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null);
  return all;
}
