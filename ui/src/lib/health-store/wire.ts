// Samples of a phone as the export routes take them. Pure; the shapes are those of the recorded uploads in vendors/.
import type { ReadType, Sample, StoreName } from "./store";

export type WireRecord = Record<string, unknown>;

interface Quantity {
  type: string;
  unit: string;
}

const APPLE: Partial<Record<ReadType, Quantity>> = {
  weight: { type: "BodyMass", unit: "kg" },
  bodyFat: { type: "BodyFatPercentage", unit: "%" },
  bloodGlucose: { type: "BloodGlucose", unit: "mg/dL" },
  oxygenSaturation: { type: "OxygenSaturation", unit: "%" },
  heartRate: { type: "HeartRate", unit: "count/min" },
  restingHeartRate: { type: "RestingHeartRate", unit: "count/min" },
  heartRateVariability: { type: "HeartRateVariabilitySDNN", unit: "ms" },
  steps: { type: "StepCount", unit: "count" },
  distance: { type: "DistanceWalkingRunning", unit: "m" },
  flightsClimbed: { type: "FlightsClimbed", unit: "count" },
  calories: { type: "ActiveEnergyBurned", unit: "kcal" },
  vo2Max: { type: "VO2Max", unit: "mL/kg/min" },
  respiratoryRate: { type: "RespiratoryRate", unit: "count/min" },
  bodyTemperature: { type: "BodyTemperature", unit: "degC" },
};
const IDENTIFIER = "HKQuantityTypeIdentifier";

/** The record of Health Connect, the key of its number, and what that is measured in. Without a unit it is plain. */
const GOOGLE: Partial<Record<ReadType, [record: string, key: string, unit?: string]>> = {
  weight: ["Weight", "weight", "kilograms"],
  bodyFat: ["BodyFat", "percentage"],
  bloodGlucose: ["BloodGlucose", "level", "milligramsPerDeciliter"],
  oxygenSaturation: ["OxygenSaturation", "percentage"],
  restingHeartRate: ["RestingHeartRate", "beatsPerMinute"],
  heartRateVariability: ["HeartRateVariabilityRmssd", "heartRateVariabilityMillis"],
  steps: ["Steps", "count"],
  distance: ["Distance", "distance", "meters"],
  flightsClimbed: ["FloorsClimbed", "floors"],
  calories: ["ActiveCaloriesBurned", "energy", "kilocalories"],
  vo2Max: ["Vo2Max", "vo2MillilitersPerMinuteKilogram"],
  respiratoryRate: ["RespiratoryRate", "rate"],
  bodyTemperature: ["BodyTemperature", "temperature", "celsius"],
};
const INTERVALS: ReadonlySet<ReadType> = new Set(["steps", "distance", "flightsClimbed", "calories"]);
const STAGES: Record<string, number> = { awake: 1, asleep: 2, light: 4, deep: 5, rem: 6, inBed: 0 };

/** Samples with the same id are one record of the store: its heart rates come one by one. Without an id none can be sent. */
export function recordsOf(store: StoreName, type: ReadType, samples: readonly Sample[]): Map<string, WireRecord> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.platformId) groups.set(sample.platformId, [...(groups.get(sample.platformId) ?? []), sample]);
  }
  const write = store === "healthkit" ? appleRecord : googleRecord;
  return new Map([...groups].flatMap(([id, group]) => (group[0] ? [[id, write(id, type, group[0], group)] as const] : [])));
}

function appleRecord(id: string, type: ReadType, sample: Sample): WireRecord {
  const { startDate, endDate, sourceName } = sample;
  const common = { id, startDate, endDate, sourceName };
  if (type === "sleep") return { ...common, stage: sample.sleepState === "inBed" ? "in_bed" : (sample.sleepState ?? "unknown") };
  if (type === "bloodPressure") {
    const half = (side: string, value: number | undefined) => ({ type: `${IDENTIFIER}BloodPressure${side}`, value, unit: "mmHg" });
    return { ...common, type: "HKCorrelationTypeIdentifierBloodPressure", records: [half("Systolic", sample.systolic), half("Diastolic", sample.diastolic)] };
  }
  const quantity = APPLE[type];
  return { ...common, type: `${IDENTIFIER}${quantity?.type ?? type}`, value: sample.value, unit: quantity?.unit ?? sample.unit };
}

function googleRecord(id: string, type: ReadType, sample: Sample, group: readonly Sample[]): WireRecord {
  const metadata = { id, dataOrigin: sample.sourceId };
  const times = { startTime: sample.startDate, endTime: group.at(-1)?.endDate ?? sample.endDate };
  if (type === "heartRate") {
    return { recordType: "HeartRateRecord", metadata, ...times, samples: group.map((one) => ({ time: one.startDate, beatsPerMinute: one.value })) };
  }
  if (type === "sleep") {
    const stages = (sample.stages ?? []).map((one) => ({ stage: STAGES[one.stage], startTime: one.startDate, endTime: one.endDate }));
    return { recordType: "SleepSessionRecord", metadata, ...times, stages };
  }
  if (type === "bloodPressure") {
    const pressure = (value: number | undefined) => ({ value, unit: "millimetersOfMercury" });
    return { recordType: "BloodPressureRecord", metadata, time: sample.startDate, systolic: pressure(sample.systolic), diastolic: pressure(sample.diastolic) };
  }
  const [record, key, unit] = GOOGLE[type] ?? [type, "value"];
  const when = INTERVALS.has(type) ? times : { time: sample.startDate };
  return { recordType: `${record}Record`, metadata, ...when, [key]: unit ? { value: sample.value, unit } : sample.value };
}
