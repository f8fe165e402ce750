// Who needs somebody first, from the server's words alone: what is too long for a device only the server says. Pure.
import type { Connection, DeviceHealth } from "~/lib/api-types";
import { DAY, HOUR, MINUTE } from "~/lib/time";

/** In the order in which the page shows them. */
export const NEEDS = ["silent", "quiet", "look", "new", "well"] as const;
export type Need = (typeof NEEDS)[number];

const LONG_SILENT = 3 * DAY;

export interface Row {
  connection: Connection;
  /** Undefined: not told (yet). */
  health: DeviceHealth | undefined;
  /** Whose it is, where that is not the reader. */
  person: string | null;
}

export function needOf({ connection, health }: Row, now: number): Need {
  if (health?.status === "stale" || health?.status === "failed") {
    return health.last_seen !== null && now - Date.parse(health.last_seen) >= LONG_SILENT ? "silent" : "quiet";
  }
  if (connection.status === "failed" || connection.status === "disconnected" || (health?.flags.length ?? 0) > 0) return "look";
  return connection.status === "pairing" || health?.status === "unknown" ? "new" : "well";
}

/** Longest silent first, then what has more the matter, then by name. */
function byNeed(a: Row, b: Row): number {
  return (
    heardAt(a) - heardAt(b) ||
    (b.health?.flags.length ?? 0) - (a.health?.flags.length ?? 0) ||
    a.connection.name.localeCompare(b.connection.name) ||
    (a.connection.id < b.connection.id ? -1 : 1)
  );
}

const heardAt = ({ health }: Row) => (health?.last_seen ? Date.parse(health.last_seen) : 0);

export interface Group {
  need: Need;
  rows: Row[];
}

export function groupsOf(rows: readonly Row[], now: number): Group[] {
  return NEEDS.map((need) => ({ need, rows: rows.filter((row) => needOf(row, now) === need).sort(byNeed) })).filter((group) => group.rows.length > 0);
}

/** A person or a device by any part of its name. */
export function matches({ connection, person }: Row, words: string): boolean {
  const text = `${connection.name} ${person ?? ""}`.toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export interface Rhythm {
  unit: "minute" | "hour" | "day";
  count: number;
}

/** In the largest unit that it fills. */
export function rhythmOf(seconds: number): Rhythm {
  const ms = seconds * 1000;
  const [unit, size] = ms >= DAY ? (["day", DAY] as const) : ms >= HOUR ? (["hour", HOUR] as const) : (["minute", MINUTE] as const);
  return { unit, count: Math.max(1, Math.round(ms / size)) };
}

/** How many readings should have come since it fell silent, by its own rhythm; 0 where the server does not call it silent. */
export function missedOf({ health }: Row, now: number): number {
  if ((health?.status !== "stale" && health?.status !== "failed") || !health.last_seen || !health.expected_every_s) return 0;
  return Math.floor((now - Date.parse(health.last_seen)) / (health.expected_every_s * 1000));
}

export interface Battery {
  at: number;
  percent: number;
}

/** Oldest first; what a device did not say is left out. */
export function batteriesOf({ history }: Pick<DeviceHealth, "history">): Battery[] {
  return history
    .flatMap(({ at, battery_pct: percent }) => (percent === null ? [] : [{ at: Date.parse(at), percent }]))
    .sort((a, b) => a.at - b.at);
}

/** A line over the days, in a box of this size; 100 % is its upper edge. */
export function linePath(points: readonly Battery[], width: number, height: number): string {
  const first = points[0]?.at ?? 0;
  const span = Math.max(1, (points.at(-1)?.at ?? 0) - first);
  const place = ({ at, percent }: Battery) => `${(((at - first) / span) * width).toFixed(1)} ${(height - (percent / 100) * height).toFixed(1)}`;
  return points.map((point, index) => `${index === 0 ? "M" : "L"}${place(point)}`).join("");
}
