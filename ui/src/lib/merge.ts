// One rule for history and live: append by id, a newer version replaces, an older one is ignored. Pure.
import type { ReadingItem } from "./api-types";

/** Newest first; equal times are ordered by id so that every arrival order ends in the same list. */
export function compareReadings(a: ReadingItem, b: ReadingItem): number {
  return Date.parse(b.timestamp) - Date.parse(a.timestamp) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function version(item: ReadingItem): [number, number] {
  const revision = item.meta.revision;
  return [typeof revision === "number" ? revision : 0, Date.parse(item.received_at)];
}

export function isNewer(candidate: ReadingItem, known: ReadingItem): boolean {
  const [a, b] = [version(candidate), version(known)];
  return a[0] === b[0] ? a[1] > b[1] : a[0] > b[0];
}

/** `known` must be in order already. Answers the same array when nothing changed, so memoised rows stay still. */
export function mergeReadings(known: readonly ReadingItem[], incoming: readonly ReadingItem[], limit = Infinity): ReadingItem[] {
  const byId = new Map(known.map((item) => [item.id, item]));
  let changed = false;
  for (const item of incoming) {
    const old = byId.get(item.id);
    if (old && !isNewer(item, old)) continue;
    byId.set(item.id, item);
    changed = true;
  }
  if (!changed) return known as ReadingItem[];
  const merged = [...byId.values()].sort(compareReadings);
  return merged.length > limit ? merged.slice(0, limit) : merged;
}
