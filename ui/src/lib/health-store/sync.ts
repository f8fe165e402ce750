// Brings what a phone's health store holds to the platform: a day at a time, in batches that the platform confirms. What is
// confirmed is remembered at once, so a line that drops costs no more than the day it dropped in.
import { api, ask } from "~/lib/api";
import { DAY } from "~/lib/time";
import { changesOf, forget, type Changes } from "./changes";
import type { Mark, Memory } from "./memory";
import type { HealthStore, ReadType, StoreName } from "./store";
import { recordsOf, type WireRecord } from "./wire";

/** The phone's store shows so much to an app that is new to it. */
export const FIRST_DAYS = 30;
/** Looked at again each time: watches deliver late, and people correct and delete. */
export const AGAIN_DAYS = 7;
export const BATCH = 1000;

export interface Taken {
  accepted: number;
  duplicates: number;
  rejected: unknown[];
}
export interface Batch {
  device_connection_id: string;
  anchor: string;
  records: WireRecord[];
  deletions: string[];
}
export type Send = (batch: Batch) => Promise<Taken>;

export interface Sent {
  accepted: number;
  rejected: number;
  deleted: number;
}

export const sendTo =
  (name: StoreName): Send =>
  (body) =>
    ask(name === "healthkit" ? api.POST("/api/v1/healthkit/export", { body }) : api.POST("/api/v1/health-connect/export", { body }));

export interface SyncPlan {
  store: HealthStore;
  name: StoreName;
  memory: Memory;
  send: Send;
  connectionId: string;
  types: readonly ReadType[];
  now: number;
  onProgress?: (sent: Sent) => void;
}

/** Throws what `send` throws; what was sent until then stays sent, and the next call goes on from there. */
export async function syncStore(plan: SyncPlan): Promise<Sent> {
  const sent: Sent = { accepted: 0, rejected: 0, deleted: 0 };
  for (const type of plan.types) await syncType(plan, type, sent);
  return sent;
}

async function syncType(plan: SyncPlan, type: ReadType, sent: Sent): Promise<void> {
  const { memory, connectionId, now } = plan;
  let mark: Mark = (await memory.get(connectionId, type)) ?? { anchor: now - FIRST_DAYS * DAY, seen: {} };
  const first = Math.max(mark.anchor - AGAIN_DAYS * DAY, now - FIRST_DAYS * DAY);
  for (let from = first; from < now; from += DAY) {
    const until = Math.min(from + DAY, now);
    const { samples, isWhole } = await plan.store.read(type, new Date(from), new Date(until));
    const changes = changesOf(mark.seen, recordsOf(plan.name, type, samples), { from, until }, isWhole);
    await sendAll(plan, changes, new Date(until).toISOString(), sent);
    mark = { anchor: Math.max(mark.anchor, until), seen: forget(changes.seen, first) };
    await memory.put(connectionId, type, mark);
  }
}

async function sendAll(plan: SyncPlan, { records, deletions }: Changes, anchor: string, sent: Sent): Promise<void> {
  for (let at = 0; at < Math.max(records.length, deletions.length); at += BATCH) {
    const gone = deletions.slice(at, at + BATCH);
    const taken = await plan.send({ device_connection_id: plan.connectionId, anchor, records: records.slice(at, at + BATCH), deletions: gone });
    sent.accepted += taken.accepted;
    sent.rejected += taken.rejected.length;
    sent.deleted += gone.length;
    plan.onProgress?.({ ...sent });
  }
}
