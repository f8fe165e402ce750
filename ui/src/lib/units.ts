// Units are a setting. Conversion happens here and nowhere else, so that chart, thresholds and text change together. Pure.
import type { IntlShape } from "react-intl";

export interface Units {
  glucose: "mg/dL" | "mmol/L";
  weight: "kg" | "lb";
  temperature: "C" | "F";
}

export function unitsOf(units: Record<string, unknown> | undefined): Units {
  return {
    glucose: units?.glucose === "mmol/L" ? "mmol/L" : "mg/dL",
    weight: units?.weight === "lb" ? "lb" : "kg",
    temperature: units?.temperature === "F" ? "F" : "C",
  };
}

const MG_PER_MMOL = 18.0156;
const LB_PER_KG = 2.204_622_621_8;

export interface Scale {
  unit: string;
  precision: number;
  convert: (value: number) => number;
}

const same = (value: number) => value;

/** From the platform's unit to the reader's. `isDelta`: a difference of temperatures has no offset. */
export function scaleOfUnit(unit: string, precision: number, units: Units, isDelta = false): Scale {
  if (unit === "mg/dL" && units.glucose === "mmol/L") return { unit: "mmol/L", precision: 1, convert: (v) => v / MG_PER_MMOL };
  if (unit === "mg/dL/min" && units.glucose === "mmol/L") return { unit: "mmol/L/min", precision: 2, convert: (v) => v / MG_PER_MMOL };
  if (unit === "kg" && units.weight === "lb") return { unit: "lb", precision: 1, convert: (v) => v * LB_PER_KG };
  if (unit === "°C" && units.temperature === "F") return { unit: "°F", precision: 1, convert: (v) => v * 1.8 + (isDelta ? 0 : 32) };
  return { unit, precision, convert: same };
}

export function numberText(intl: IntlShape, value: number, precision: number): string {
  return intl.formatNumber(value, { minimumFractionDigits: precision, maximumFractionDigits: precision });
}
