import { createIntl } from "react-intl";
import { describe, expect, test } from "vitest";
import table from "~/generated/metrics.json";
import ar from "./messages/ar/units";
import es from "./messages/es/units";
import { enUnits } from "./messages/en-units";
import { scaleOf, shown, shownText, unitText } from "./metrics";
import { enReadings } from "./messages/en-readings";
import type { Units } from "./units";

const intl = createIntl({ locale: "en-GB", messages: { ...enReadings, ...enUnits } });
const metric: Units = { glucose: "mg/dL", weight: "kg", temperature: "C" };
const other: Units = { glucose: "mmol/L", weight: "lb", temperature: "F" };
const text = (units: Units, name: string, readings: Record<string, unknown>) => {
  const value = shown(intl, units, name, readings);
  return value && shownText(value);
};

describe("units", () => {
  test.each([
    ["glucose_mg_dL", 104, "104 mg/dL", "5.8 mmol/L"],
    ["weight_kg", 78.4, "78.4 kg", "172.8 lb"],
    ["body_temperature_c", 36.6, "36.6 °C", "97.9 °F"],
    ["skin_temperature_delta_c", -0.5, "-0.5 °C", "-0.9 °F"],
    ["spo2_pct", 97, "97 %", "97 %"],
    ["steps", 12_345, "12,345 steps", "12,345 steps"],
  ])("%s", (name, value, here, there) => {
    expect(text(metric, name, { [name]: value })).toBe(here);
    expect(text(other, name, { [name]: value })).toBe(there);
  });

  test.each([
    ["en", enUnits, ["1 step", "3 steps", "72 bpm", "16 breaths/min", "128 mmHg"]],
    ["es", es, ["1 paso", "3 pasos", "72 lpm", "16 resp./min", "128 mmHg"]],
    ["ar", ar, ["1 خطوة", "3 خطوات", "72 نبضة/د", "16 نفَس/د", "128 mmHg"]],
  ])("that are words are words in %s, and what stands on devices stays", (locale, messages, expected) => {
    const here = createIntl({ locale, messages });
    const asked: [number, string][] = [[1, "steps"], [3, "steps"], [72, "bpm"], [16, "/min"], [128, "mmHg"]];
    expect(asked.map(([value, unit]) => `${value} ${unitText(here, unit, value)}`)).toEqual(expected);
  });

  test("none of the vocabulary is a word without a translation", () => {
    const printed = /^(|mmHg|kg|m|kg\/m²|%|mg\/dL(\/min)?|ms|s|Hz|mL\/kg\/min|m\/s|L(\/min|\/s)?|°C)$/;
    const words = [...new Set(table.map(({ unit }) => unit))].filter((unit) => !printed.test(unit));
    const marked = createIntl({ locale: "en", messages: Object.fromEntries(Object.keys(enUnits).map((id) => [id, "translated"])) });
    expect(words.map((unit) => unitText(marked, unit))).toEqual(words.map(() => "translated"));
  });

  test("a target moves with the unit", () => {
    const { convert } = scaleOf("glucose_mg_dL", other);

    expect([70, 180].map((value) => convert(value).toFixed(1))).toEqual(["3.9", "10.0"]);
  });
});

describe("values", () => {
  test("blood pressure is one value of two numbers", () => {
    expect(text(metric, "blood_pressure", { blood_pressure: { systolic: 128, diastolic: 84 } })).toBe("128/84 mmHg");
  });

  test.each([
    [{ glucose_mg_dL: 39, glucose_out_of_range: "low" }, "LOW"],
    [{ glucose_mg_dL: 401, glucose_out_of_range: "high" }, "HIGH"],
    [{ glucose_mg_dL: 39 }, "39 mg/dL"],
  ])("a marker is a word, never a number: %j", (readings, expected) => {
    expect(text(metric, "glucose_mg_dL", readings)).toBe(expected);
  });

  test("nothing to show is nothing, not a zero", () => {
    expect(text(metric, "blood_pressure", {})).toBeNull();
    expect(text(metric, "weight_kg", {})).toBeNull();
  });

  test("a night is hours and minutes", () => {
    expect(text(metric, "sleep.asleep_min", { sleep: { asleep_min: 437 } })).toBe("7 h 17 min");
  });
});
