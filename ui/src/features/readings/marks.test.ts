import { describe, expect, test } from "vitest";
import type { Series } from "~/lib/readings";
import { reading } from "~/testing/fixtures";
import { columnsOf, extentOf, marksOf } from "./marks";

const units = { glucose: "mg/dL", weight: "kg", temperature: "C" } as const;
const at = (minutes: number) => new Date(Date.UTC(2026, 4, 1, 0, minutes)).toISOString();
const start = Date.UTC(2026, 4, 1);
const raw = (...items: Series["items"]): Series => ({ resolution: "raw", items, points: {} });
const glucose = (minutes: number, value: number, marker?: "low" | "high") =>
  reading(`g${minutes}`, at(minutes), { readings: { glucose_mg_dL: value, ...(marker ? { glucose_out_of_range: marker } : {}) } });

describe("blood pressure", () => {
  test("is a bar and a dot for each reading, oldest first", () => {
    const series = raw(reading("b", at(60)), reading("a", at(0)));
    const { xs, ys } = columnsOf(marksOf(series, "blood_pressure", start), "blood_pressure", "blood_pressure.systolic", units);

    expect(xs).toEqual([start / 1000, start / 1000 + 3600]);
    expect(ys).toEqual([[128, 128], [84, 84], [72, 72]]);
  });

  test("holds only its own kind and the time that was asked for", () => {
    const series = raw(reading("old", at(-10)), glucose(5, 100), reading("a", at(10)));

    expect(marksOf(series, "blood_pressure", start).map((mark) => mark.reading?.id)).toEqual(["a"]);
  });
});

describe("glucose", () => {
  test("a gap stays a gap", () => {
    const items = [0, 5, 10, 60, 65].map((minutes) => glucose(minutes, 100 + minutes));
    const { ys, marks } = columnsOf(marksOf(raw(...items), "glucose", start), "glucose", "glucose_mg_dL", units);

    expect(ys[0]).toEqual([100, 105, 110, null, 160, 165]);
    expect(marks).toEqual([0, 1, 2, -1, 3, 4]);
  });

  test("the target band follows the unit", () => {
    const marks = marksOf(raw(glucose(0, 180.156)), "glucose", start);
    const { band, ys, unit } = columnsOf(marks, "glucose", "glucose_mg_dL", { ...units, glucose: "mmol/L" });

    expect(unit).toBe("mmol/L");
    expect(band?.map((value) => value.toFixed(1))).toEqual(["3.9", "10.0"]);
    expect(ys[0]?.[0]).toBeCloseTo(10, 5);
  });

  test("LOW and HIGH are no lowest and highest", () => {
    const marks = marksOf(raw(glucose(0, 39, "low"), glucose(5, 90), glucose(10, 401, "high")), "glucose", start);

    expect(extentOf(marks, "glucose_mg_dL")).toEqual({ count: 1, low: 90, high: 90 });
  });
});

describe("rollups", () => {
  const points = { heart_rate_bpm: [0, 60].map((minutes) => ({ t: at(minutes), min: 60, max: 90, mean: 70, count: 12 })) };
  const series: Series = { resolution: "1h", points, items: [] };

  test("bring their lowest and highest along", () => {
    const { ys } = columnsOf(marksOf(series, "heart_rate", start), "heart_rate", "heart_rate_bpm", units);

    expect(ys).toEqual([[70, 70], [60, 60], [90, 90]]);
    expect(extentOf(marksOf(series, "heart_rate", start), "heart_rate_bpm")).toEqual({ count: 24, low: 60, high: 90 });
  });

  test("stand in time order with what came live since", () => {
    const late = reading("late", at(30), { readings: { heart_rate_bpm: 80 } });
    const now = reading("now", at(70), { readings: { heart_rate_bpm: 81 } });

    const marks = marksOf({ ...series, items: [now, late] }, "heart_rate", start);

    expect(marks.map((mark) => mark.reading?.id)).toEqual([undefined, "late", undefined, "now"]);
  });
});
