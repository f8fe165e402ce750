// For components: the trend of a weight, where the kind has one.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Kind, WeightTrend } from "~/lib/api-types";
import { weightTrendQuery } from "./api/weight-trend";
import { averageOf, TREND, type AverageAt } from "./trend";

interface TrendOf {
  patientId: string;
  connectionId: string;
  kind: Kind;
  /** Another metric than the weight has no average. */
  metric?: string;
}

interface Trend {
  trend: WeightTrend | undefined;
  /** Null where there never is one. */
  averageAt: AverageAt | null;
  isLost: boolean;
  isPending: boolean;
}

export function useTrend({ patientId, connectionId, kind, metric = TREND }: TrendOf): Trend {
  const isWanted = kind === "weight" && metric === TREND;
  const { data, isError, isLoading } = useQuery({ ...weightTrendQuery(patientId, connectionId), enabled: isWanted });
  const averageAt = useMemo(() => (isWanted ? averageOf(data) : null), [isWanted, data]);
  return { trend: data, averageAt, isLost: isWanted && isError && !data, isPending: isLoading };
}
