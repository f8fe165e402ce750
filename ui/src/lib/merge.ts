// One rule for history and live: append by id, a newer version replaces, an older one is ignored. Pure.
import type { ReadingItem } from "./api-types";

/** Newest first; equal times are ordered by id so that every arrival order ends in the same list. */
export function compareReadings(a: ReadingItem, b: ReadingItem): number {
  return Date.parse(b.timestamp) - Date.parse(a.timestamp) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** The same version, once it is known whose it is, is the newer one. */
function version(item: ReadingItem): [number, number, number] {
  const revision = item.meta.revision;
  return [typeof revision === "number" ? revision : 0, Date.parse(item.received_at), item.meta.ambiguous_user === true ? 0 : 1];
}

export function isNewer(candidate: ReadingItem, known: ReadingItem): boolean {
  const [a, b] = [version(candidate), version(known)];
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at]! > b[at]!;
}

/** Ids of lists that a merge has made: what streams in is not compared with every reading that is there. */
const idsOf = new WeakMap<readonly ReadingItem[], Map<string, ReadingItem>>();

/** `known` must be in order already. Answers the same array when nothing changed, so memoised rows stay still. */
export function mergeReadings(known: readonly ReadingItem[], incoming: readonly ReadingItem[], limit = Infinity): ReadingItem[] {
  const ids = idsOf.get(known) ?? new Map(known.map((item) => [item.id, item]));
  const fresh = new Map<string, ReadingItem>();
  let replaces = false;
  for (const item of incoming) {
    const old = fresh.get(item.id) ?? ids.get(item.id);
    if (old && !isNewer(item, old)) continue;
    replaces ||= ids.has(item.id);
    fresh.set(item.id, item);
  }
  if (fresh.size === 0) return known as ReadingItem[];
  const added = [...fresh.values()].sort(compareReadings);
  const [oldest, newest] = [added.at(-1), known[0]];
  const isAhead = !replaces && (!oldest || !newest || compareReadings(oldest, newest) <= 0);
  const kept = replaces ? known.filter((item) => !fresh.has(item.id)) : known;
  const all = isAhead ? [...added, ...kept] : [...kept, ...added].sort(compareReadings);
  const merged = all.length > limit ? all.slice(0, limit) : all;
  // The list before is not merged into again: its ids go on with the new one.
  idsOf.delete(known);
  for (const item of added) ids.set(item.id, item);
  for (const item of all.slice(merged.length)) ids.delete(item.id);
  idsOf.set(merged, ids);
  return merged;
}
