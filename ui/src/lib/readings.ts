// The readings of one device as queries: the newest few, the latest of each metric, and a series for a chart.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "./api";
import type { Kind, LatestValue, ReadingItem, Resolution, RollupPoint } from "./api-types";
import { KIND_VIEWS } from "./kind-views";
import { keys, type RangeId } from "./keys";
import { compareReadings } from "./merge";
import { DAY, MINUTE } from "./time";

export const RANGES: Record<RangeId, { ms: number; rollup: Exclude<Resolution, "raw"> }> = {
  "24h": { ms: DAY, rollup: "1m" },
  "7d": { ms: 7 * DAY, rollup: "1h" },
  "30d": { ms: 30 * DAY, rollup: "1h" },
  "90d": { ms: 90 * DAY, rollup: "1d" },
};
export const NEWEST = 20;
const PAGE = 1000;
/** So long a time of a value each five minutes fits a page. */
const SLICE = 3 * DAY;

export type LatestMap = Record<string, LatestValue>;

/** `items` newest first. With rollups, `points` per metric oldest first, and `items` holds what came live since. */
export interface Series {
  resolution: Resolution;
  items: ReadingItem[];
  points: Record<string, RollupPoint[]>;
  /** Each point is a whole day; nothing that comes live stands beside it. */
  isDaily?: boolean;
}

export const latestQuery = (patientId: string, id: string) =>
  queryOptions({
    queryKey: keys.latest(patientId, id),
    queryFn: async ({ signal }): Promise<LatestMap> =>
      (await ask(api.GET("/api/v1/device-data/{device_connection_id}/latest", { params: { path: { device_connection_id: id } }, signal }))).latest,
    staleTime: Infinity,
  });

export const newestQuery = (patientId: string, id: string) =>
  queryOptions({
    queryKey: keys.newest(patientId, id),
    queryFn: async ({ signal }): Promise<ReadingItem[]> => {
      const query = { resolution: "raw" as const, limit: NEWEST };
      const answer = await ask(api.GET("/api/v1/device-data/{device_connection_id}", { params: { path: { device_connection_id: id }, query }, signal }));
      return answer.items ?? [];
    },
    staleTime: Infinity,
  });

/**
 * A chart's data. Single measurements are asked one by one, since each is a mark of its own; when a page cannot hold
 * them, or the kind is sampled densely, the platform's rollups are asked instead: one cost for any length.
 */
export const seriesQuery = (patientId: string, id: string, kind: Kind, range: RangeId) =>
  queryOptions({
    queryKey: keys.series(patientId, id, kind, range),
    queryFn: async ({ signal }): Promise<Series> => {
      const { ms, rollup } = RANGES[range];
      const from = new Date(Math.floor((Date.now() - ms) / MINUTE) * MINUTE).toISOString();
      const view = KIND_VIEWS[kind];
      const metric = view.main[0]?.split(".")[0];
      const read = (query: { metric?: string; resolution: "auto" | Resolution; limit?: number; from?: string; to?: string }) =>
        ask(api.GET("/api/v1/device-data/{device_connection_id}", { params: { path: { device_connection_id: id }, query: { from, ...query } }, signal }));

      if (view.whole?.includes(range)) {
        const items = await readWhole(Date.parse(from), (begin, end) => read({ metric, resolution: "raw", limit: PAGE, from: begin, to: end }));
        if (items) return { resolution: "raw", items, points: {} };
      }
      const isDaily = view.daily?.includes(range) ?? false;
      if (!isDaily && (!view.dense || range === "24h" || view.charted.length === 0)) {
        const answer = await read({ metric: view.main.length === 1 ? metric : undefined, resolution: "raw", limit: PAGE });
        if (!answer.next_cursor || view.charted.length === 0) {
          return { resolution: "raw", items: [...(answer.items ?? [])].sort(compareReadings), points: {} };
        }
      }
      const resolution = isDaily ? "1d" : range === "24h" ? rollup : ("auto" as const);
      const answers = await Promise.all(
        view.charted.map(async (name) => [name, await read({ metric: name, resolution })] as const),
      );
      return {
        resolution: answers[0]?.[1].resolution ?? rollup,
        items: [],
        points: Object.fromEntries(answers.map(([name, answer]) => [name, answer.points ?? []])),
        isDaily,
      };
    },
    staleTime: Infinity,
    // Lists are made anew only when they changed (merge.ts): comparing thousands of readings again finds nothing.
    structuralSharing: false,
  });

type Slice = { items?: ReadingItem[] | null; next_cursor?: string | null };

/** Every value since a time, in one page or slice by slice at once; null when they are too many to be drawn each. */
async function readWhole(from: number, read: (from: string, to?: string) => Promise<Slice>): Promise<ReadingItem[] | null> {
  const first = await read(new Date(from).toISOString());
  if (!first.next_cursor) return [...(first.items ?? [])].sort(compareReadings);
  const begins: number[] = [];
  for (let begin = from; begin < Date.now() - MINUTE; begin += SLICE) begins.push(begin);
  const text = (at: number) => new Date(at).toISOString();
  // The last one is open: what comes while the others are read belongs to it.
  const slices = await Promise.all(begins.map((begin, index) => read(text(begin), index === begins.length - 1 ? undefined : text(begin + SLICE))));
  if (slices.some((slice) => slice.next_cursor)) return null;
  return slices.flatMap((slice) => slice.items ?? []).sort(compareReadings);
}

/** The same rows as a file, made by the server. */
export function exportUrl(id: string, from: string): string {
  return `/api/v1/device-data/${encodeURIComponent(id)}/export?format=csv&from=${encodeURIComponent(from)}`;
}
