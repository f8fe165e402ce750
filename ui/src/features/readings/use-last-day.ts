// For components: what the last day came to, of kinds whose amounts are told by days.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Kind } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { KIND_VIEWS } from "~/lib/kind-views";
import { useZone } from "~/lib/me";
import { seriesQuery } from "~/lib/readings";
import { areDays, lastDayOf } from "./daily";
import { marksOf } from "./marks";

interface LastDayOf {
  patientId: string;
  connectionId: string;
  kind: Kind;
}

/** As the chart does unless another range is chosen: both tell of one answer. What stands here stays when it is. */
const RANGE = "7d";

/** `day` is null for other kinds, and where nothing came in these days: then a single reading is all there is to tell. */
export function useLastDay({ patientId, connectionId, kind }: LastDayOf) {
  const now = useNow();
  const { zone: timeZone } = useZone();
  const { drawing, daily } = KIND_VIEWS[kind];
  const isWanted = drawing === "bars" && daily !== undefined;
  const { data, isLoading } = useQuery({ ...seriesQuery(patientId, connectionId, kind, RANGE), enabled: isWanted });
  const day = useMemo(() => {
    if (!isWanted || !data) return null;
    const marks = marksOf(data, kind, 0, { now, timeZone });
    return areDays(kind, marks) ? lastDayOf(marks, kind) : null;
  }, [isWanted, data, kind, now, timeZone]);
  return { day, isPending: isWanted && isLoading };
}
