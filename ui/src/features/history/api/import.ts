// How far the platform has read a file. Asked once a second while it reads, from whichever screen the address is opened on.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Me } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { readerOf } from "~/lib/me";
import { codeOf } from "~/lib/problem";
import { isOver } from "../view";

const EVERY_MS = 1000;
/** From its last byte to the row of its reading a file takes a moment; one that is not there then is nobody's here. */
const MOMENTS = 6;

export const importQuery = (me: Me, id: string) =>
  queryOptions({
    queryKey: [...keys.patient(readerOf(me)), "import", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/device/sync/{job_id}", { params: { path: { job_id: id } }, signal })),
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? EVERY_MS : false),
    retry: (count, error) => count < MOMENTS && ["not_found", "network", "unavailable", "internal"].includes(codeOf(error)),
    retryDelay: EVERY_MS,
  });
