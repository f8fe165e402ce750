// Problems first, then what was heard of last. Pure.
import type { Connection, ConnectionStatus } from "~/lib/api-types";

const URGENCY: Record<ConnectionStatus, number> = { failed: 0, disconnected: 1, pairing: 2, connected: 3, revoked: 4 };

export function byNeed(a: Connection, b: Connection): number {
  return (
    URGENCY[a.status] - URGENCY[b.status] ||
    Date.parse(b.last_reading_at ?? b.created_at) - Date.parse(a.last_reading_at ?? a.created_at) ||
    (a.id < b.id ? -1 : 1)
  );
}

export function needsSomebody(connection: Connection): boolean {
  return connection.status === "failed" || connection.status === "disconnected";
}
