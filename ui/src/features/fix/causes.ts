// What can be the matter with a device, by the codes that the platform says, and the one piece of advice for each. Pure.
// The test holds these tables against the codes of the contract; one that is not here yet leads to a person.
import { enFix } from "~/lib/messages/en-fix";
import type { CheckId } from "./checks";

type After<Prefix extends string> = Extract<keyof typeof enFix, `${Prefix}.${string}`> extends `${Prefix}.${infer Name}` ? Name : never;

/** The check that it belongs to, and behind a dot the words where the check has several. */
export type Advice = After<"fix.advice">;
/** Why values were refused, in one sentence that says also what to do. */
export type Refusal = After<"fix.refused">;

type Table<T> = Readonly<Record<string, T>>;

export const NOTES: Table<Advice> = {
  low_battery: "battery",
  weak_signal: "signal",
  errors: "refused",
  hub_offline: "hub",
  never_seen: "reading.never",
  silent: "reading",
  silent_long: "reading.long",
  clock_drift: "clock",
};

/** Why a connection is in its state. */
export const REASONS: Table<Advice> = {
  too_many_tries: "pairing.tries",
  pairing_timeout: "pairing.time",
  hub_pair_failed: "pairing.hub",
  hub_offline: "hub",
  hub_removed: "hub.removed",
  vendor_account: "account",
  health_stale: "reading",
  health_failed: "reading.long",
};

/** By `kind:code` or by the code alone. `null`: it tells what happened, and there is nothing to do about it. */
export const EVENTS: Table<Advice | null> = {
  "status:pairing": "pairing",
  "status:connected": null,
  "status:disconnected": "reading",
  "status:failed": "pairing.tries",
  "status:revoked": "pairing",
  pairing: "pairing",
  consent_given: null,
  consent_revoked: "consent",
  renamed: null,
  merged: null,
  erased: null,
  hub_offline: "hub",
  hub_online: null,
  "health:ok": null,
  "health:stale": "reading",
  "health:failed": "reading.long",
};

export const REFUSALS: Table<Refusal> = {
  invalid_json: "unreadable",
  invalid_hex: "unreadable",
  wrong_type: "unreadable",
  unknown_field: "strange",
  unknown_metric: "strange",
  unknown_characteristic: "strange",
  missing_field: "incomplete",
  metric_required: "incomplete",
  empty_readings: "incomplete",
  out_of_bounds: "bounds",
  timestamp_ahead: "ahead",
  timestamp_too_old: "old",
  timestamp_no_offset: "incomplete",
  kind_not_supported: "model",
  kind_not_consented: "notShared",
  consent_required: "noConsent",
  consent_revoked: "noConsent",
  consent_missing: "noConsent",
  conflict: "twice",
  payload_too_large: "large",
  unknown_object: "recording",
  checksum_mismatch: "recording",
  type_mismatch: "recording",
  export_unknown: "export",
  export_damaged: "export",
  export_oversized: "export",
  not_found: "elsewhere",
};

export interface Happened {
  kind: string;
  code: string;
}

/** The kind of the events that tell of refused values. */
export const REFUSED = "rejected";

export function refusalOf(code: string): Refusal {
  return REFUSALS[code] ?? (code.startsWith("gatt_") ? "undecoded" : "other");
}

/** Where the tables know an event; `undefined` for one that is new to this page. */
export function eventKey({ kind, code }: Happened): string | undefined {
  return [`${kind}:${code}`, code].find((key) => key in EVENTS);
}

export function eventAdvice(event: Happened): Advice | null {
  if (event.kind === REFUSED) return "refused";
  const key = eventKey(event);
  return key === undefined ? "other" : (EVENTS[key] ?? null);
}

/** The sentence of an event; that of a refusal counts what it tells of. */
export function eventWords(event: Happened): keyof typeof enFix {
  if (event.kind === REFUSED) return `fix.refused.${refusalOf(event.code)}`;
  const id = `fix.event.${eventKey(event)?.replace(":", ".")}`;
  return id in enFix ? (id as keyof typeof enFix) : "fix.event.other";
}

export const checkOf = (advice: Advice): CheckId => advice.split(".", 1)[0] as CheckId;

export interface Refused {
  refusal: Refusal;
  count: number;
}

/** What was refused, by reason, the most frequent first. */
export function refusedOf(events: readonly Happened[]): Refused[] {
  const counts = new Map<Refusal, number>();
  for (const { kind, code } of events) {
    if (kind === REFUSED) counts.set(refusalOf(code), (counts.get(refusalOf(code)) ?? 0) + 1);
  }
  return [...counts].map(([refusal, count]) => ({ refusal, count })).sort((a, b) => b.count - a.count);
}
