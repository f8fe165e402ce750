// What each service of the Bluetooth SIG asks of whoever connects: what to listen to, and whether it keeps records that
// must be asked for. Bluetooth SIG: BLS, WSS, BCS, GLS, CGMS, PLXS, HTS, HRS 1.x; one row a profile.

export interface Profile {
  service: string;
  /** Measurements: passed on byte for byte. */
  measurements: readonly string[];
  /** Read once before, and passed on too: a measurement cannot be understood without them. */
  facts?: readonly string[];
  /** The record access control point: stored records come when they are asked for. */
  control?: string;
}

export const PROFILES: readonly Profile[] = [
  { service: "1810", measurements: ["2a35"] },
  { service: "181d", measurements: ["2a9d"] },
  { service: "181b", measurements: ["2a9c"] },
  { service: "1808", measurements: ["2a18", "2a34"], control: "2a52" },
  { service: "181f", measurements: ["2aa7"], facts: ["2aaa"], control: "2a52" },
  { service: "1822", measurements: ["2a5e", "2a5f"] },
  { service: "1809", measurements: ["2a1c"] },
  { service: "180d", measurements: ["2a37"] },
];

export const BATTERY = { service: "180f", characteristic: "2a19" } as const;
export const FIRMWARE = { service: "180a", characteristic: "2a26" } as const;
export const TIME = { service: "1805", characteristic: "2a2b" } as const;

/** Report all stored records: opcode 1, operator 1 (Record Access Control Point, Glucose Profile 1.0.1 §5.5). */
export const REPORT_ALL: Uint8Array<ArrayBuffer> = new Uint8Array([0x01, 0x01]);
const RESPONSE = 0x06;
const SUCCESS = 0x01;
const NO_RECORDS = 0x06;

/** What the control point answered: done, or a refusal; null for anything else that it says. */
export function answerOf(value: DataView): "done" | "refused" | null {
  if (value.byteLength < 4 || value.getUint8(0) !== RESPONSE) return null;
  const result = value.getUint8(3);
  return result === SUCCESS || result === NO_RECORDS ? "done" : "refused";
}

/** Current Time (2A2B): local wall time with the day of the week, 1 = Monday; reason "manual update". */
export function currentTime(at: Date): Uint8Array<ArrayBuffer> {
  const year = at.getFullYear();
  return new Uint8Array([
    year & 0xff, year >> 8, at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds(),
    at.getDay() || 7, Math.floor((at.getMilliseconds() * 256) / 1000), 0x01,
  ]);
}
