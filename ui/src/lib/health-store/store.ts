// One way to read what a phone keeps about its owner, whoever keeps it. Features know this file and no plugin.
import type { HealthDataType, HealthSample } from "@capgo/capacitor-health";
import type { Kind } from "~/lib/api-types";

export type StoreName = "healthkit" | "health_connect";
export type Sample = HealthSample;
export type DataType = HealthDataType;

/** What is read for each kind that a person consented to. Nothing else is asked for, on either phone. */
export const TYPES_OF = {
  blood_pressure: ["bloodPressure"],
  weight: ["weight"],
  body_composition: ["bodyFat"],
  glucose: ["bloodGlucose"],
  spo2: ["oxygenSaturation"],
  heart_rate: ["heartRate", "restingHeartRate", "heartRateVariability"],
  activity: ["steps", "distance", "flightsClimbed", "calories"],
  sleep: ["sleep"],
  cardio_fitness: ["vo2Max"],
  respiratory_rate: ["respiratoryRate"],
  temperature: ["bodyTemperature"],
} as const satisfies Partial<Record<Kind, readonly DataType[]>>;
export type ReadType = (typeof TYPES_OF)[keyof typeof TYPES_OF][number];

export function typesOf(kinds: readonly Kind[]): ReadType[] {
  return kinds.flatMap((kind): readonly ReadType[] => (kind in TYPES_OF ? TYPES_OF[kind as keyof typeof TYPES_OF] : []));
}

/** `isWhole`: nothing of the time asked for is missing. */
export interface Read {
  samples: Sample[];
  isWhole: boolean;
}

export interface HealthStore {
  /** None where the phone, or the browser, keeps nothing that can be read. */
  name(): Promise<StoreName | null>;
  /** Opens the sheet of the system. What was refused there cannot be known on every phone: see what comes. */
  choose(types: readonly ReadType[]): Promise<void>;
  read(type: ReadType, since: Date, until: Date): Promise<Read>;
  /** Where a person changes their mind, on phones that can be led there. */
  openSettings(): Promise<void>;
}

export const noStore: HealthStore = {
  name: () => Promise.resolve(null),
  choose: () => Promise.resolve(),
  read: () => Promise.resolve({ samples: [], isWhole: false }),
  openSettings: () => Promise.resolve(),
};
