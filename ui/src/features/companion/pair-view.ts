// What the page shows to a person who opened a code on the phone. Pure.
import type { Connection, Kind } from "~/lib/api-types";
import { TYPES_OF, type StoreName } from "~/lib/health-store/store";

export type PairView = "loading" | "noCode" | "refused" | "bluetooth" | "noStore" | "otherStore" | "nothing" | "ready" | "working" | "stopped" | "done";

export interface PairFacts {
  token: string | null;
  /** What the code is for; undefined until the server has said it. */
  connection: Connection | undefined;
  /** The store of this phone; undefined until the phone has said it. */
  store: StoreName | null | undefined;
  isRefused: boolean;
  pairing: "idle" | "pending" | "error" | "success";
}

/** Of what a person consented to, what a phone's store has. */
export function readableKinds(connection: Connection | undefined): Kind[] {
  return (connection?.consent?.data_kinds ?? []).filter((kind) => kind in TYPES_OF);
}

export function pairView({ token, connection, store, isRefused, pairing }: PairFacts): PairView {
  if (token === null) return "noCode";
  if (pairing === "success") return "done";
  if (isRefused) return "refused";
  if (connection === undefined || store === undefined) return "loading";
  if (connection.pairing_method !== "healthkit" && connection.pairing_method !== "health_connect") return "bluetooth";
  if (store === null) return "noStore";
  if (connection.pairing_method !== store) return "otherStore";
  if (readableKinds(connection).length === 0) return "nothing";
  return pairing === "pending" ? "working" : pairing === "error" ? "stopped" : "ready";
}
