// What the page says of an account, decided from the server's words alone. Pure.
import type { Connection, Integration, Kind, SyncJob } from "~/lib/api-types";
import { DAY } from "~/lib/time";

export type Standing =
  | "needsYou" | "paused" | "waiting" | "connected" | "available" | "onDevice" | "partner" | "noCredentials" | "closed";

/** What needs somebody comes first, then what works, then what could, then what cannot. */
const ORDER: readonly Standing[] = [
  "needsYou", "paused", "waiting", "connected", "available", "onDevice", "partner", "noCredentials", "closed",
];
const QUIET_MS = 3 * DAY;

export function standingOf(one: Integration): Standing {
  switch (one.state) {
    case "needs_reauth":
      return "needsYou";
    case "paused":
      return "paused";
    case "active":
      return one.last_sync_at || one.job?.state === "done" ? "connected" : "waiting";
    case "retired":
      return "closed";
    default:
      break;
  }
  if (one.status === "retired" || one.status === "legacy") return "closed";
  if (one.status === "on_device") return "onDevice";
  if (one.needs_credentials) return "noCredentials";
  return one.pairing_method === "vendor_oauth" ? "available" : "partner";
}

/** An account is there, working or not: it can be disconnected. */
export function hasAccount({ state }: Integration): boolean {
  return state !== null && state !== "revoked";
}

export function byNeed(a: Integration, b: Integration): number {
  return ORDER.indexOf(standingOf(a)) - ORDER.indexOf(standingOf(b)) || a.name.localeCompare(b.name);
}

/** Nothing new for so long that somebody should look: the maker's app may not have sent what it holds. */
export function isQuiet({ last_sync_at: last }: Integration, now: number): boolean {
  return last !== null && now - Date.parse(last) > QUIET_MS;
}

/**
 * What the person agreed to under this text, so that signing in again needs no second yes; null when they must be asked:
 * nothing is known, or the text has changed since.
 */
export function agreedKinds(one: Integration, connections: readonly Connection[], version: string): Kind[] | null {
  const own = connections.filter(({ id }) => one.device_connection_ids.includes(id));
  const versions = own.flatMap(({ consent }) => (consent ? [consent.version] : []));
  const isCurrent = versions.length > 0 && versions.every((each) => each === version);
  return isCurrent && one.consented_kinds.length > 0 ? one.consented_kinds : null;
}

export function isUnderWay(job: SyncJob | null): boolean {
  return job?.state === "queued" || job?.state === "running";
}

/** 0 to 1; null while nobody knows how much there is. One window is a look at what is new: too short for a bar. */
export function shareDone({ done, total }: SyncJob): number | null {
  return total === null || total <= 1 ? null : Math.min(1, done / total);
}

/** What a screen reader hears of it: quarters, not every step. */
export function quarter(share: number): number {
  return Math.floor(share * 4) / 4;
}

const REASONS = [
  "auth", "grant_lost", "forbidden_scope", "rate_limited", "invalid_request", "retry_later", "vendor_error", "vendor_retired",
  "kind_not_consented", "refused",
] as const;
const FAULTS = [...REASONS, "export_unknown", "export_damaged", "export_oversized"] as const;
export type ReasonWord = (typeof REASONS)[number] | "other";
export type FaultWord = (typeof FAULTS)[number] | "other";

/** Our word for a fault: each once. A refusal of ours goes by its code, where there are words for it. */
export function faultWords(job: SyncJob | null): FaultWord[] {
  const wordOf = (name: string, code: string) =>
    FAULTS.find((word) => name === "refused" && word === code) ?? FAULTS.find((word) => word === name) ?? "other";
  return [...new Set((job?.errors ?? []).map((fault) => wordOf(fault.class, fault.code)))];
}

/** Why an account does not work. */
export function reasonWord(reason: string | null): ReasonWord {
  return REASONS.find((word) => word === reason) ?? "other";
}
