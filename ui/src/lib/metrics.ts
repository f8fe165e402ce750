// Metrics as the platform names them, and how a value is written for a person: number and unit. Pure.
import type { IntlShape } from "react-intl";
import table from "~/generated/metrics.json";
import type { Kind } from "./api-types";
import { enUnits } from "./messages/en-units";
import { addMessages, say, sayOr } from "./text";
import { numberText, scaleOfUnit, type Scale, type Units } from "./units";

addMessages({}, "metrics");
addMessages(enUnits, "units");

export interface Metric {
  name: string;
  kind: Kind;
  label: string;
  unit: string;
  precision: number;
}

const byName = new Map((table as Metric[]).map((metric) => [metric.name, metric]));

export function metricOf(name: string): Metric | undefined {
  return byName.get(name);
}

/** How a metric is shown in these units. */
export function scaleOf(name: string, units: Units): Scale {
  const metric = byName.get(name);
  return scaleOfUnit(metric?.unit ?? "", metric?.precision ?? 0, units, name.endsWith("_delta_c"));
}

/** The metric's name for a person: a translation if there is one, else the vocabulary's own label. */
export function metricLabel(intl: IntlShape, name: string): string {
  return sayOr(intl, `metric.${name}`, byName.get(name)?.label ?? name);
}

/** Units that are words in every language; what is printed on devices (mmHg, kg, mg/dL) stays as it is there. */
const UNIT_WORDS: Readonly<Record<string, keyof typeof enUnits>> = {
  bpm: "unit.bpm",
  steps: "unit.steps",
  floors: "unit.floors",
  kcal: "unit.kcal",
  min: "unit.min",
  puffs: "unit.puffs",
  index: "unit.index",
  "/min": "unit.breaths",
};

/** A unit for a person; of no value (above a chart) it is that of many. */
export function unitText(intl: IntlShape, unit: string, count = 100): string {
  const word = UNIT_WORDS[unit];
  return word ? say(intl, word, { count }) : unit;
}

export interface Shown {
  /** "128/84", "LOW", "5.8" */
  number: string;
  unit: string;
}

type Readings = Record<string, unknown>;
const record = (value: unknown): Readings => (typeof value === "object" && value !== null ? (value as Readings) : {});

/** A dotted name's value in a readings object: `blood_pressure.systolic`. */
export function valueAt(readings: Readings, name: string): unknown {
  return name.split(".").reduce<unknown>((at, part) => record(at)[part], readings);
}

export function numberAt(readings: Readings, name: string): number | null {
  const value = valueAt(readings, name);
  return typeof value === "number" ? value : null;
}

/** LOW and HIGH are what the sensor says when it cannot measure; the 39 or 401 beside them is no number. */
export function glucoseMarker(readings: Readings): "low" | "high" | null {
  const marker = readings.glucose_out_of_range;
  return marker === "low" || marker === "high" ? marker : null;
}

function duration(intl: IntlShape, minutes: number): string {
  return say(intl, "value.duration", { hours: Math.floor(minutes / 60), minutes: Math.round(minutes % 60) });
}

function words(intl: IntlShape, name: string, value: string): string {
  return sayOr(intl, `value.${name}.${value}`, value.replaceAll("_", " "));
}

/** One value for the eye, or null when there is nothing to show. */
export function shown(intl: IntlShape, units: Units, name: string, readings: Readings): Shown | null {
  if (name === "blood_pressure") {
    const [systolic, diastolic] = [numberAt(readings, "blood_pressure.systolic"), numberAt(readings, "blood_pressure.diastolic")];
    if (systolic === null || diastolic === null) return null;
    return { number: `${numberText(intl, systolic, 0)}/${numberText(intl, diastolic, 0)}`, unit: "mmHg" };
  }
  if (name === "glucose_mg_dL") {
    const marker = glucoseMarker(readings);
    if (marker) return { number: say(intl, `value.glucose.${marker}`), unit: "" };
  }
  const value = valueAt(readings, name);
  if (name === "sleep.asleep_min" && typeof value === "number") return { number: duration(intl, value), unit: "" };
  if (name === "stethoscope_audio_url") return value ? { number: say(intl, "value.recording"), unit: "" } : null;
  if (typeof value === "number") {
    const { unit, precision, convert } = scaleOf(name, units);
    return { number: numberText(intl, convert(value), precision), unit: unitText(intl, unit, convert(value)) };
  }
  if (typeof value === "boolean") return { number: say(intl, value ? "value.yes" : "value.no"), unit: "" };
  if (typeof value === "string") return { number: words(intl, name, value), unit: "" };
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return { number: intl.formatList(value.map((one) => words(intl, name, one)), { type: "unit" }), unit: "" };
  }
  return null;
}

export function shownText(value: Shown): string {
  return value.unit ? `${value.number} ${value.unit}` : value.number;
}
