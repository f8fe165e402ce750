// What the live stream may say, checked before it is believed. A frame of an unknown type is ignored, never an error.
import * as v from "valibot";
import type { ConnectionStatus, ReadingItem, SyncJob } from "./api-types";

const text = v.string();
const reading = v.object({
  id: text,
  device_connection_id: text,
  timestamp: text,
  received_at: text,
  readings: v.record(text, v.unknown()),
  meta: v.record(text, v.unknown()),
});
const job = v.object({
  job_id: text,
  device_connection_id: text,
  state: v.picklist(["queued", "running", "done", "failed"]),
  done: v.number(),
  total: v.nullable(v.number()),
  accepted: v.number(),
  duplicates: v.number(),
  rejected: v.number(),
  errors: v.optional(v.array(v.object({ class: text, code: text }))),
});
const target = { patient_id: v.optional(text), device_connection_id: v.optional(text) };
const cursor = v.optional(text);

const schema = v.variant("type", [
  v.object({ type: v.literal("subscribed"), cursor, ...target }),
  v.object({ type: v.literal("reading"), cursor, patient_id: text, reading }),
  v.object({
    type: v.literal("status"),
    cursor,
    device_connection_id: text,
    status: v.picklist(["pairing", "connected", "disconnected", "failed", "revoked"]),
    status_reason: v.optional(v.nullable(text)),
  }),
  v.object({ type: v.literal("health"), cursor, device_connection_id: text, health: v.looseObject({}) }),
  v.object({ type: v.literal("sync_progress"), cursor, job }),
  v.object({ type: v.literal("alert"), cursor, alert: v.unknown() }),
  v.object({ type: v.literal("revoked"), patient_id: text, data_kinds: v.nullable(v.array(text)), device_connection_id: v.optional(text) }),
  v.object({ type: v.literal("gap"), from: v.nullable(text), to: v.nullable(text), ...target }),
  v.object({ type: v.literal("error"), code: text, ref: v.optional(text) }),
  v.object({ type: v.literal("pong") }),
]);

export type Frame =
  | { type: "subscribed"; cursor?: string; patient_id?: string; device_connection_id?: string }
  | { type: "reading"; cursor?: string; patient_id: string; reading: ReadingItem }
  | { type: "status"; cursor?: string; device_connection_id: string; status: ConnectionStatus; status_reason?: string | null }
  | { type: "health"; cursor?: string; device_connection_id: string; health: Record<string, unknown> }
  | { type: "sync_progress"; cursor?: string; job: SyncJob }
  | { type: "alert"; cursor?: string; alert?: unknown }
  /** With a connection: only what that device gave. */
  | { type: "revoked"; patient_id: string; data_kinds: string[] | null; device_connection_id?: string }
  | { type: "gap"; from: string | null; to: string | null; patient_id?: string; device_connection_id?: string }
  | { type: "error"; code: string; ref?: string }
  | { type: "pong" };

export function parseFrame(raw: unknown): Frame | null {
  if (typeof raw !== "string") return null;
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return null;
  }
  const result = v.safeParse(schema, value);
  return result.success ? result.output : null;
}
