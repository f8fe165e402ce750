// What the connect step shows while a phone finishes the pairing. Pure.
import type { Connection, PairingProgress } from "~/lib/api-types";

export type PhoneView = "loading" | "code" | "ending" | "old" | "done";

/** From here on the page counts down. */
export const ENDING_S = 60;
/** A page that nobody looks at must not ask for codes for ever. */
export const RENEWALS = 3;

export interface PhoneFacts {
  status: Connection["status"];
  progress: PairingProgress["state"] | undefined;
  expiresAt: string | undefined;
  now: number;
}

export function secondsLeft(expiresAt: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(expiresAt) - now) / 1000));
}

/** The phone's word counts more than the clock: what it finished in the last second is finished. */
export function phoneView({ status, progress, expiresAt, now }: PhoneFacts): PhoneView {
  if (status === "connected" || progress === "done") return "done";
  if (expiresAt === undefined) return "loading";
  const left = secondsLeft(expiresAt, now);
  if (left === 0) return "old";
  return left <= ENDING_S ? "ending" : "code";
}

/** Whether a code that has ended makes place for a new one by itself. */
export function renews(renewed: number, isSeen: boolean): boolean {
  return isSeen && renewed < RENEWALS;
}
