// For components: the sentence of a reading that came in more than one way. Asks only where a second way could be.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useIntl } from "react-intl";
import type { Connection, Kind } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { KIND_VIEWS } from "~/lib/kind-views";
import { useMe } from "~/lib/me";
import { alsoText } from "./also";
import { alsoQuery } from "./api/also";
import type { Clock } from "./describe";

interface AlsoOf {
  patientId: string;
  kind: Kind;
  /** The time that is looked at; null while nothing is. */
  from: number | null;
  to?: number;
}

export function useAlso({ patientId, kind, from, to }: AlsoOf, { now, timeZone, isZoneNamed }: Clock): (readingId: string) => string | null {
  const intl = useIntl();
  const listed = useQuery(connectionsQuery(useMe()));
  const connections = useMemo(() => listed.data?.filter((one) => one.patient_id === patientId) ?? [], [listed.data, patientId]);
  const metric = KIND_VIEWS[kind].main[0]?.split(".")[0] ?? "";
  const { data } = useQuery({ ...alsoQuery(patientId, { metric, from: from ?? 0, to }), enabled: from !== null && severalTell(connections, kind) });
  return useCallback(
    (id) => alsoText(intl, data?.get(id) ?? [], (connectionId) => connections.find((one) => one.id === connectionId)?.name, { now, timeZone, isZoneNamed }),
    [intl, data, connections, now, timeZone, isZoneNamed],
  );
}

function severalTell(connections: readonly Connection[], kind: Kind): boolean {
  return connections.filter((one) => one.consent?.data_kinds.includes(kind)).length > 1;
}
