// What may keep a device from sending, as a table of checks over what the platform and this browser know. Pure: each
// check has a result, and each that is not well leads to one piece of advice.
import type { Connection, DeviceHealth } from "~/lib/api-types";
import type { WhyNot } from "~/lib/bluetooth/room";

export const CHECKS = ["online", "pairing", "consent", "hub", "account", "bluetooth", "reading", "battery", "signal", "clock", "refused"] as const;
export type CheckId = (typeof CHECKS)[number];
/** `unknown` is "could not check": nobody's fault, and no reason for alarm. */
export type Result = "well" | "trouble" | "unknown";

export interface Check {
  id: CheckId;
  result: Result;
}

export interface Facts {
  isOnline: boolean;
  connection: Connection;
  /** Undefined: not told (yet). */
  health: DeviceHealth | undefined;
  hubOnline: boolean | undefined;
  accountState: string | null | undefined;
  whyNot: WhyNot | null | undefined;
  /** How many values were refused among the last events; undefined: not told. */
  refused: number | undefined;
}

const LOW_BATTERY = 20;
const known = (value: boolean | undefined): Result => (value === undefined ? "unknown" : value ? "well" : "trouble");

const JUDGES: Record<CheckId, (facts: Facts) => Result | null> = {
  online: ({ isOnline }) => known(isOnline),
  pairing: ({ connection }) => (connection.status === "pairing" || connection.status === "failed" ? "trouble" : "well"),
  consent: ({ connection }) => (connection.consent ? "well" : "trouble"),
  hub: ({ connection, hubOnline }) => (connection.pairing_method === "hub" ? (connection.status_reason === "hub_removed" ? "trouble" : known(hubOnline)) : null),
  account: ({ connection, accountState }) => (connection.pairing_method === "vendor_oauth" ? known(accountState === undefined ? undefined : accountState === "active") : null),
  bluetooth: ({ connection, whyNot }) => (connection.pairing_method === "web_bluetooth" ? known(whyNot === undefined ? undefined : whyNot === null) : null),
  reading: ({ health }) => (health ? (health.status === "unknown" ? "unknown" : known(health.status === "ok")) : "unknown"),
  battery: ({ connection, health }) => {
    const percent = health?.battery_pct ?? connection.battery_pct;
    return percent === null ? null : known(percent >= LOW_BATTERY);
  },
  signal: ({ health }) => (health && health.rssi !== null ? known(!health.flags.includes("weak_signal")) : null),
  clock: ({ health }) => (health?.flags.includes("clock_drift") ? "trouble" : null),
  refused: ({ refused }) => (refused === undefined ? "unknown" : known(refused === 0)),
};

/** In the order in which a person would try; what does not concern this device is left out. */
export function checksOf(facts: Facts): Check[] {
  return CHECKS.flatMap((id) => {
    const result = JUDGES[id](facts);
    return result === null ? [] : [{ id, result }];
  });
}

export interface SupportEvent {
  at: string;
  kind: string;
  code: string;
}

/** For support: ids and codes, never a value or a name. */
export function supportText(connection: Connection, health: DeviceHealth | undefined, checks: readonly Check[], events: readonly SupportEvent[]): string {
  return [
    `device ${connection.id}`,
    `model ${connection.device_model_id}`,
    `way ${connection.pairing_method}, ${connection.status}${connection.status_reason ? ` (${connection.status_reason})` : ""}`,
    `health ${health ? [health.status, ...health.flags].join(" ") : "unknown"}`,
    ...checks.map(({ id, result }) => `check ${id} ${result}`),
    ...events.map(({ at, kind, code }) => `${at} ${kind} ${code}`),
  ].join("\n");
}
