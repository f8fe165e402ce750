// Who is signed in, in which zone and units: asked once, read everywhere.
import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { createContext, useContext, useMemo } from "react";
import { api, ask } from "./api";
import type { Me } from "./api-types";
import { keys } from "./keys";
import { unitsOf, type Units } from "./units";

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => ask(api.GET("/api/v1/me", { signal })),
  staleTime: Infinity,
});

export const MeContext = createContext<Me | null>(null);

/** Only below the signed-in layout. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("useMe is only for signed-in pages");
  return me;
}

/** The zone of the person whose body is looked at, where that is not the reader. */
export const ZoneContext = createContext<string | null>(null);

/** Times are told in the zone of the person whose body it is; it is named where it is another than the reader's. */
export function useZone(): { zone: string; isNamed: boolean } {
  const { timezone } = useMe();
  const zone = useContext(ZoneContext) ?? timezone;
  return { zone, isNamed: zone !== timezone };
}

export function useUnits(): Units {
  const { units } = useMe();
  return useMemo(() => unitsOf(units), [units]);
}

export function useMeQuery() {
  return useSuspenseQuery(meQuery).data;
}

export function useSetMe(): (me: Me) => void {
  const client = useQueryClient();
  return (me) => client.setQueryData(keys.me, me);
}

/** The id under which everything of this reader's view is cached. */
export function readerOf(me: Me): string {
  return me.patient_id ?? me.user_id;
}
