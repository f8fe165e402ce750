// How much of the value axis a chart shows at least. Pure.
import type { Kind } from "~/lib/api-types";

/** What a person of this kind usually spans, so that the axis does not turn a small change into a cliff. */
export function floorOf(kind: Kind, metric: string, band: [number, number] | null): [number, number] | null {
  if (kind === "blood_pressure") return [60, 140];
  if (metric === "spo2_pct") return [90, 100];
  if (metric === "heart_rate_bpm") return [50, 110];
  return band ? [band[0] * 0.75, band[1] * 1.25] : null;
}
