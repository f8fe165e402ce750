// What is asked of the log: from the address to the query of the API. Pure.
import type { AuditAction } from "~/lib/api-types";
import { endOfDay, isDay, startOfDay } from "~/lib/days";

export interface LogSearch {
  who?: string;
  what?: string;
  from?: string;
  to?: string;
}

export const WHO = ["others", "self", "system", "all"] as const;
export type Who = (typeof WHO)[number];

/** The words people look for, and the actions behind them. `refused` is about the outcome. */
export const WHAT = {
  looked: ["data.read", "live.subscribe", "upload.read"],
  downloaded: ["data.export"],
  shared: ["permission.grant", "permission.revoke", "consent.give", "consent.revoke"],
  devices: [
    "connection.create", "connection.revoke", "pairing.start", "pairing.complete", "hub.create", "hub.rotate", "hub.sign_in",
    "vendor.connect", "vendor.disconnect", "data.ingest", "upload.create",
  ],
  account: ["session.sign_in", "session.sign_out", "profile.change"],
  refused: [],
  emergency: ["break_glass"],
} as const satisfies Record<string, readonly AuditAction[]>;
export type What = keyof typeof WHAT;
export const WHATS = Object.keys(WHAT) as What[];

export interface Question {
  by?: Exclude<Who, "all">;
  actor_id?: string;
  action?: AuditAction[];
  outcome?: "denied";
  from?: string;
  to?: string;
}

/** Without a word of who, other people are meant: that is what the page is for. */
export function questionOf({ who = "others", what, from, to }: LogSearch, zone: string): Question {
  const known = WHO.find((one) => one === who);
  const question: Question = known ? (known === "all" ? {} : { by: known }) : { actor_id: who };
  const kind = WHATS.find((one) => one === what);
  if (kind === "refused") question.outcome = "denied";
  else if (kind) question.action = [...WHAT[kind]];
  if (isDay(from)) question.from = new Date(startOfDay(from, zone)).toISOString();
  if (isDay(to)) question.to = new Date(endOfDay(to, zone)).toISOString();
  return question;
}

export const isFiltered = ({ who, what, from, to }: LogSearch) => Boolean((who && who !== "others") || what || from || to);
