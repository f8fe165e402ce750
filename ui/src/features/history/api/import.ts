// How far the platform has read a file. Asked once a second while it reads, from whichever screen the address is opened on.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Me, SyncJob } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";
import { codeOf } from "~/lib/problem";
import { isOver } from "../view";
import type { Arrived } from "./sending";

const EVERY_MS = 1000;
/** From its last byte to the row of its reading a file takes a moment, in which nobody need ask. */
const MOMENT_MS = 2000;
/** One that is not there after some tries is nobody's here. */
const TRIES = 6;

export const importQuery = (me: Me, id: string) =>
  queryOptions({
    queryKey: [...keys.patient(readerOf(me)), "import", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device/sync/{job_id}", { params: { path: { job_id: id } }, signal })),
    staleTime: Infinity,
    refetchInterval: ({ state }) => intervalOf(state.data),
    retry: (count, error) => count < TRIES && ["not_found", "network", "unavailable", "internal"].includes(codeOf(error)),
    retryDelay: EVERY_MS,
  });

function intervalOf(job: SyncJob | undefined): number | false {
  if (!job || isOver(job)) return false;
  return job.state === "queued" ? MOMENT_MS : EVERY_MS;
}

/** A file that has just arrived waits to be read: that is known without asking. */
export function putArrived(client: QueryClient, me: Me, file: Arrived): void {
  const counts = { done: 0, accepted: 0, duplicates: 0, rejected: 0 };
  client.setQueryData(importQuery(me, file.id).queryKey, {
    job_id: file.id, device_connection_id: file.connectionId, state: "queued", total: file.size, errors: [], ...counts,
  });
}
