// What the page says of a file and of its reading, decided from facts alone. Pure.
import type { Connection, SyncJob } from "~/lib/api-types";
import { codeOf } from "~/lib/problem";
import { comesThroughHealth } from "~/lib/through-health";
import type { UploadStep } from "~/lib/uploads/uploads";

/** As the platform takes them: services/ingest/content.py. */
export const MAX_SIZE = 4096 * 1024 * 1024;
const TYPES = [
  { type: "application/zip", magic: "PK\u0003\u0004" },
  { type: "application/xml", magic: "<?xml" },
] as const;
/** What tells the types apart, in bytes from the beginning. */
export const HEAD = 8;

export type Refusal = "type" | "size";
type Judged = { contentType: string } | { refusal: Refusal };

/** Before minutes are spent on it: is this a file that may be an export? */
export function judged(size: number, head: Uint8Array): Judged {
  const text = String.fromCharCode(...head);
  const found = TYPES.find(({ magic }) => text.startsWith(magic));
  if (!found) return { refusal: "type" };
  return size > MAX_SIZE ? { refusal: "size" } : { contentType: found.type };
}

/** A history belongs to one of them; the newest first. */
export function throughHealth(connections: readonly Connection[]): Connection[] {
  return connections.filter(comesThroughHealth).sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** Nothing is on its way; and what became of the last choice. */
export interface Choosing {
  at: "choosing";
  refusal: Refusal | null;
  isStopped: boolean;
  error: unknown;
}

export interface UnderWay {
  at: UploadStep;
  name: string;
  size: number;
  /** Bytes of this step. */
  done: number;
  /** The line is gone, and it goes on by itself. */
  isWaiting: boolean;
}

export type Sending = Choosing | UnderWay;

export type SendingEvent =
  | { type: "refused"; refusal: Refusal }
  | { type: "began"; name: string; size: number }
  | { type: "moved"; step: UploadStep; done: number }
  | { type: "waits" }
  | { type: "stopped" }
  | { type: "failed"; error: unknown };

export const CHOOSING: Choosing = { at: "choosing", refusal: null, isStopped: false, error: null };

export function next(state: Sending, event: SendingEvent): Sending {
  switch (event.type) {
    case "refused":
      return { ...CHOOSING, refusal: event.refusal };
    case "began":
      return { at: "checking", name: event.name, size: event.size, done: 0, isWaiting: false };
    case "moved":
      return state.at === "choosing" ? state : { ...state, at: event.step, done: event.done, isWaiting: false };
    case "waits":
      return state.at === "choosing" ? state : { ...state, isWaiting: true };
    case "stopped":
      return { ...CHOOSING, isStopped: true };
    case "failed":
      return { ...CHOOSING, error: event.error };
  }
}

/** 0 to 1; null while nobody knows: the comparing there is one question. */
export function shareOf({ at, done, size }: UnderWay): number | null {
  return at === "arriving" ? null : Math.min(1, done / size);
}

const UNITS = [
  { unit: "gigabyte", bytes: 1e9, digits: 2 },
  { unit: "megabyte", bytes: 1e6, digits: 0 },
  { unit: "kilobyte", bytes: 1e3, digits: 0 },
] as const;

/** What a size is told in, and what is done of it too. */
export function unitOf(size: number): (typeof UNITS)[number] {
  return UNITS.find(({ bytes }) => size >= bytes) ?? UNITS[2];
}

/** What a screen reader hears of a share: quarters, not every step. */
export function quarter(share: number): number {
  return Math.floor(share * 4) / 4;
}

const FAULTS = [
  "network", "upload_refused", "unavailable", "payload_too_large", "type_mismatch", "wrong_type", "checksum_mismatch", "unknown_object",
  "consent_revoked", "consent_missing", "not_found", "forbidden", "kind_not_supported", "conflict", "file_unreadable", "export_unknown",
  "export_damaged", "export_oversized",
] as const;
export type FaultWord = (typeof FAULTS)[number];

/** Ours for what this page can say better than a page that knows nothing of files. */
export function faultWord(error: unknown): FaultWord | null {
  return FAULTS.find((word) => word === codeOf(error)) ?? null;
}

/** Why a file was given up; null while it was not. */
export function endWord(job: SyncJob): FaultWord | "other" | null {
  if (job.state !== "failed") return null;
  const code = job.errors?.[0]?.code;
  return FAULTS.find((word) => word === code) ?? "other";
}

const WHYS = ["kind_not_consented", "out_of_bounds", "timestamp_ahead", "timestamp_too_old", "unknown_metric"] as const;
export type WhyWord = (typeof WHYS)[number] | "other";

/** Why some readings stayed out, each reason once. */
export function whyWords(job: SyncJob): WhyWord[] {
  return [...new Set((job.errors ?? []).map(({ code }) => WHYS.find((word) => word === code) ?? "other"))];
}

export function isOver({ state }: SyncJob): boolean {
  return state === "done" || state === "failed";
}

/** 0 to 1, in bytes of the file; null before anybody has begun to read it. */
export function shareRead({ state, done, total }: SyncJob): number | null {
  return state === "queued" || total === null || total === 0 ? null : Math.min(1, done / total);
}
