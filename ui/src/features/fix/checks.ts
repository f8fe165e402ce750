// What may keep a device from sending, as a table of checks over what the platform and this browser know. Pure: each
// check has a result, and each that is not well leads to one piece of advice.
import type { Connection, DeviceHealth } from "~/lib/api-types";
import type { WhyNot } from "~/lib/bluetooth/room";
import { checkOf, NOTES, REASONS, type Advice } from "./causes";

export const CHECKS = ["online", "signedIn", "pairing", "consent", "hub", "account", "bluetooth", "adapter", "reading", "battery", "signal", "clock", "refused", "other"] as const;
export type CheckId = (typeof CHECKS)[number];
/** `unknown` is "could not check": nobody's fault, and no reason for alarm. */
export type Result = "well" | "trouble" | "unknown";

export interface Check {
  id: CheckId;
  result: Result;
  advice: Advice;
}

export interface Facts {
  isOnline: boolean;
  isSignedIn: boolean;
  connection: Connection;
  /** Undefined: not told (yet). */
  health: DeviceHealth | undefined;
  hubOnline: boolean | undefined;
  accountState: string | null | undefined;
  whyNot: WhyNot | null | undefined;
  /** How many values were refused among the last events; undefined: not told. */
  refused: number | undefined;
}

const known = (value: boolean | undefined): Result => (value === undefined ? "unknown" : value ? "well" : "trouble");

/** `null`: it does not concern this device. What the platform says by code is laid over this. */
const JUDGES: Record<CheckId, (facts: Facts) => Result | null> = {
  online: ({ isOnline }) => known(isOnline),
  signedIn: ({ isSignedIn }) => known(isSignedIn),
  pairing: ({ connection }) => known(connection.status !== "pairing" && connection.status !== "failed"),
  consent: ({ connection }) => known(connection.consent !== null),
  hub: ({ connection, hubOnline }) => (connection.pairing_method === "hub" ? known(hubOnline) : null),
  account: ({ connection, accountState }) => (connection.pairing_method === "vendor_oauth" ? known(accountState === undefined ? undefined : accountState === "active") : null),
  bluetooth: ({ connection, whyNot }) => (connection.pairing_method === "web_bluetooth" ? known(whyNot === undefined ? undefined : whyNot === null || whyNot === "adapter") : null),
  // A browser without Bluetooth cannot tell of an adapter.
  adapter: ({ connection, whyNot }) =>
    connection.pairing_method === "web_bluetooth" ? known(whyNot === null || whyNot === "adapter" ? whyNot === null : undefined) : null,
  reading: ({ health }) => (health && health.status !== "unknown" ? known(health.status === "ok") : "unknown"),
  battery: ({ health }) => (health && health.battery_pct !== null ? "well" : null),
  signal: ({ health }) => (health && health.rssi !== null ? "well" : null),
  clock: () => null,
  refused: ({ refused }) => known(refused === undefined ? undefined : refused === 0),
  other: () => null,
};

/** In the order in which a person would try; what does not concern this device is left out. */
export function checksOf(facts: Facts): Check[] {
  const said = saidOf(facts);
  return CHECKS.flatMap((id) => {
    const advice = said.get(id);
    const result = advice ? "trouble" : JUDGES[id](facts);
    return result === null ? [] : [{ id, result, advice: advice ?? id }];
  });
}

/** What the platform itself says is the matter: of each check the first word, which is about the connection. */
function saidOf({ connection, health }: Facts): Map<CheckId, Advice> {
  const said = new Map<CheckId, Advice>();
  const reason = connection.status_reason;
  const all = [...(reason ? [REASONS[reason] ?? "other"] : []), ...(health?.notes ?? []).map(({ code }) => NOTES[code] ?? "other")];
  for (const advice of all) if (!said.has(checkOf(advice))) said.set(checkOf(advice), advice);
  return said;
}

export interface SupportEvent {
  id: string;
  at: string;
  kind: string;
  code: string;
}

/** For support: ids and codes, never a value or a name. */
export function supportText(connection: Connection, health: DeviceHealth | undefined, checks: readonly Check[], events: readonly SupportEvent[]): string {
  return [
    `device ${connection.id}`,
    `model ${connection.device_model_id}`,
    `hub ${connection.hub_id ?? "none"}`,
    `way ${connection.pairing_method}, ${connection.status}${connection.status_reason ? ` (${connection.status_reason})` : ""}`,
    `health ${health ? [health.status, ...health.notes.map(({ code }) => code)].join(" ") : "unknown"}`,
    ...checks.map(({ id, result }) => `check ${id} ${result}`),
    ...events.map(({ id, at, kind, code }) => `${at} ${kind} ${code} ${id}`),
  ].join("\n");
}
