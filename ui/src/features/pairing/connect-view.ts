// What the connect step shows, from what the server says about the pairing. Pure.
import type { FoundDevice, PairingProgress } from "~/lib/api-types";

export type ConnectView =
  | "starting" | "hubSilent" | "hubTrouble" | "searching" | "nothing" | "choose" | "joining" | "done" | "expired" | "failed";

/** `isHubOnline` is null while nobody knows. A hub that is away keeps the search and begins it when it is back. */
export function connectView(progress: PairingProgress | undefined, isHubOnline: boolean | null, now: number): ConnectView {
  if (!progress) return "starting";
  if (progress.expires_at && Date.parse(progress.expires_at) <= now) return "expired";
  switch (progress.state) {
    case "waiting":
      if (progress.error === "nothing_found") return "nothing";
      return progress.error ? "hubTrouble" : "starting";
    case "scanning":
      if (progress.found.length > 0) return "choose";
      return isHubOnline === false ? "hubSilent" : "searching";
    case "found":
      return progress.found.length > 0 ? "choose" : "nothing";
    case "pairing":
      return "joining";
    default:
      return progress.state;
  }
}

/** Nearest first; without a signal last. */
export function byNearness(a: FoundDevice, b: FoundDevice): number {
  return (b.rssi ?? -999) - (a.rssi ?? -999);
}
