// What is new, changed or gone since the last look, of one type in one stretch of time. Pure. The plugin tells no deletions
// and gives no change tokens, so what was seen is remembered by id and a print of its content.
import type { WireRecord } from "./wire";

/** id → when it began, and its print. */
export type Seen = Record<string, { at: number; print: string }>;

export interface Stretch {
  from: number;
  until: number;
}

export interface Changes {
  records: WireRecord[];
  deletions: string[];
  seen: Seen;
}

export function startOf(record: WireRecord): number {
  return Date.parse(String(record.startDate ?? record.startTime ?? record.time));
}

/** FNV-1a, twice with different starts: enough to tell one version of a record from the next. */
export function printOf(record: WireRecord): string {
  const text = JSON.stringify(record);
  return [0x811c9dc5, 0x01000193].map((start) => {
    let hash = start;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return (hash >>> 0).toString(36);
  }).join(".");
}

/**
 * A stretch that comes back empty deletes nothing: on an iPhone a permission that was taken away looks just so. Nor does
 * one that was cut off: what is beyond the cut is unknown.
 */
export function changesOf(seen: Seen, found: ReadonlyMap<string, WireRecord>, { from, until }: Stretch, isWhole: boolean): Changes {
  const records: WireRecord[] = [];
  const kept: Seen = { ...seen };
  for (const [id, record] of found) {
    const print = printOf(record);
    if (seen[id]?.print === print) continue;
    records.push(record);
    kept[id] = { at: startOf(record), print };
  }
  const mayDelete = isWhole && found.size > 0;
  const deletions = mayDelete ? Object.entries(seen).flatMap(([id, { at }]) => (at >= from && at < until && !found.has(id) ? [id] : [])) : [];
  for (const id of deletions) delete kept[id];
  return { records, deletions, seen: kept };
}

/** What began before anything that will be looked at again needs no remembering. */
export function forget(seen: Seen, before: number): Seen {
  return Object.fromEntries(Object.entries(seen).filter(([, { at }]) => at >= before));
}
