// What the page of sharing decides: which grants hold, which devices a kind comes from, when a grant ends. Pure.
import type { Connection, Consent, Kind, Permission } from "~/lib/api-types";
import { addDays, dayOf, endOfDay } from "~/lib/days";
import { KINDS } from "~/lib/kinds";
import { holds } from "~/lib/received";

export interface Granted {
  now: Permission[];
  /** Ended by themselves. */
  past: Permission[];
}

export function grantedOf(permissions: readonly Permission[], at: number): Granted {
  return { now: permissions.filter((one) => holds(one, at)), past: permissions.filter((one) => !holds(one, at)) };
}

/** The names of the devices that send one of the kinds, by name. */
export function sourcesOf(kinds: readonly Kind[], connections: readonly Connection[]): string[] {
  const sends = ({ consent }: Connection) => consent?.data_kinds.some((kind) => kinds.includes(kind));
  return [...new Set(connections.filter(sends).map((one) => one.name))].sort((a, b) => a.localeCompare(b));
}

/** First what comes from a device today, then what none sends yet. */
export function choicesOf(connections: readonly Connection[], chosen: readonly Kind[]): { sent: Kind[]; unsent: Kind[] } {
  const isSent = (kind: Kind) => chosen.includes(kind) || sourcesOf([kind], connections).length > 0;
  return { sent: KINDS.filter(isSent), unsent: KINDS.filter((kind) => !isSent(kind)) };
}

export const ENDS = ["open", "week", "month", "quarter", "day"] as const;
export type End = (typeof ENDS)[number] | "kept";

const DAYS: Partial<Record<End, number>> = { week: 7, month: 30, quarter: 91 };

/** The last day that a choice of an end means; null when there is none. */
export function lastDay(end: End, day: string, now: number, zone: string): string | null {
  const days = DAYS[end];
  if (days !== undefined) return addDays(dayOf(now, zone), days);
  return end === "day" ? day : null;
}

/** The moment at which it ends: after the whole last day, where the patient is. */
export function untilOf(end: End, day: string, now: number, zone: string): string | null {
  const last = lastDay(end, day, now, zone);
  return last === null ? null : new Date(endOfDay(last, zone)).toISOString();
}

export interface Agreements {
  connectionId: string;
  /** As far as the list of devices still knows it. */
  connection: Connection | undefined;
  active: Consent | null;
  /** Newest first. */
  ended: Consent[];
}

/** By device: those that send first, then by when it was last agreed. */
export function agreementsOf(consents: readonly Consent[], connections: readonly Connection[]): Agreements[] {
  const found = new Map<string, Agreements>();
  for (const consent of [...consents].sort((a, b) => Date.parse(b.given_at) - Date.parse(a.given_at))) {
    const id = consent.device_connection_id;
    const known = found.get(id) ?? { connectionId: id, connection: connections.find((one) => one.id === id), active: null, ended: [] };
    found.set(id, consent.revoked_at === null ? { ...known, active: consent } : { ...known, ended: [...known.ended, consent] });
  }
  return [...found.values()].sort((a, b) => Number(b.active !== null) - Number(a.active !== null));
}
