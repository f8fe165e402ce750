import { describe, expect, test } from "vitest";
import type { Series } from "~/lib/readings";
import { reading } from "~/testing/fixtures";
import { pixelsOf, sideBySide } from "~/components/chart/place";
import { beyondIn, columnsOf, counted, extentOf, grouped, marksOf } from "./marks";

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
    expect(ys.slice(0, 3)).toEqual([[128, 128], [84, 84], [72, 72]]);
  });

  test("holds only its own kind and the time that was asked for", () => {
    const series = raw(reading("old", at(-10)), glucose(5, 100), reading("a", at(10)));

    expect(marksOf(series, "blood_pressure", start).map((mark) => mark.reading?.id)).toEqual(["a"]);
  });
});

test("what may be another's and what has a wrong clock is not counted", () => {
  const doubtful = (id: string, meta: Series["items"][number]["meta"]) => reading(id, at(5), { meta });
  const series = raw(doubtful("other", { ambiguous_user: true }), doubtful("clock", { clock_suspect: true }), reading("a", at(10)));
  const marks = marksOf(series, "blood_pressure", start);

  expect(marks).toHaveLength(3);
  expect(counted(marks).map((mark) => mark.reading?.id)).toEqual(["a"]);
});

describe("several blood pressures at once", () => {
  const day = 24 * 3_600_000;
  const pressure = (minutes: number, systolic: number, diastolic: number) =>
    reading(`p${minutes}-${systolic}`, at(minutes), { readings: { blood_pressure: { systolic, diastolic, hr: 70 } } });
  const draw = (series: Series, days: number, plot: number) => {
    const marks = grouped(marksOf(series, "blood_pressure", start), start, start + days * day, plot);
    return { drawn: marks, ...columnsOf(marks, "blood_pressure", "blood_pressure.systolic", units) };
  };

  test("two of one minute are two bars beside each other, each with its own pair", () => {
    const series = raw(pressure(600, 143, 92), pressure(600, 96, 56));
    const { xs, ys } = draw(series, 7, 250);

    expect(xs.map((_, index) => `${ys[0]?.[index]}/${ys[1]?.[index]}`)).toEqual(expect.arrayContaining(["143/92", "96/56"]));
    expect(ys.slice(3).flat().every((value) => value === null)).toBe(true);
    const placed = sideBySide(pixelsOf(xs, start / 1000, start / 1000 + 7 * 86_400, 250), 250);
    const [left = 0, right = 0] = placed?.xs ?? [];
    expect(right - left).toBeGreaterThan(placed?.width ?? Infinity);
  });

  test("too many for the width are a range of upper values and a range of lower values, never one of both", () => {
    const many = Array.from({ length: 120 }, (_, index) => pressure(index, 110 + (index % 30), 60 + (index % 20)));
    const { drawn, ys } = draw(raw(...many), 90, 250);

    expect(ys.map(([value]) => value)).toEqual([null, null, null, 110, 139, 60, 79, 70, 70]);
    expect(drawn.map((mark) => mark.group?.length)).toEqual([120]);
    expect(extentOf(drawn, "blood_pressure.systolic")).toEqual({ count: 120, low: 110, high: 139 });
  });

  test("what has room stays single beside a crowd", () => {
    const crowd = Array.from({ length: 60 }, (_, index) => pressure(index, 120, 80));
    const { ys } = draw(raw(...crowd, pressure(40 * 24 * 60, 143, 92)), 90, 250);

    expect([ys[0], ys[1], ys[3], ys[4]]).toEqual([[null, 143], [null, 92], [120, null], [120, null]]);
  });

  test("rollups bring both ranges and both averages; of a single measurement they are its pair", () => {
    const point = (min: number, max: number, mean: number, count: number, minutes: number) => ({ t: at(minutes), min, max, mean, count });
    const points = {
      "blood_pressure.systolic": [point(96, 143, 120, 3, 0), point(128, 128, 128, 1, 1440)],
      "blood_pressure.diastolic": [point(56, 92, 75, 3, 0), point(84, 84, 84, 1, 1440)],
    };
    const { ys } = draw({ resolution: "1d", points, items: [] }, 90, 250);

    expect(ys.slice(0, 2)).toEqual([[120, 128], [75, 84]]);
    expect(ys.slice(3, 7)).toEqual([[96, null], [143, null], [56, null], [92, null]]);
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

  test("LOW and HIGH are no lowest and highest, and no places on the axis", () => {
    const marks = marksOf(raw(glucose(0, 39, "low"), glucose(5, 90), glucose(10, 401, "high")), "glucose", start);
    const { ys } = columnsOf(marks, "glucose", "glucose_mg_dL", units);

    expect(extentOf(marks, "glucose_mg_dL")).toEqual({ count: 1, low: 90, high: 90 });
    expect(ys).toEqual([[null, 90, null], [null, 90, null], [null, 90, null], [1, null, null], [null, null, 1]]);
  });

  test("39 and 401 without the sensor's word are numbers", () => {
    const { ys } = columnsOf(marksOf(raw(glucose(0, 39), glucose(5, 401)), "glucose", start), "glucose", "glucose_mg_dL", units);

    expect(ys[0]).toEqual([39, 401]);
  });

  test("an hour with nothing but LOW is a mark without a value", () => {
    const points = { glucose_mg_dL: [{ t: at(0), min: null, max: null, mean: null, count: 0, low: 12, high: 0 }] };
    const marks = marksOf({ resolution: "1h", items: [], points }, "glucose", start);

    expect(columnsOf(marks, "glucose", "glucose_mg_dL", units).ys).toEqual([[null], [null], [null], [12], [null]]);
    expect(beyondIn(marks)).toEqual({ low: 12, high: 0 });
  });
});

test.each([
  [14, [80, 79]],
  [15, [80, null, 79]],
])("weights %d days apart", (days, line) => {
  const weight = (day: number, kg: number) => reading(`w${day}`, at(day * 24 * 60), { readings: { weight_kg: kg } });
  const { ys } = columnsOf(marksOf(raw(weight(0, 80), weight(days, 79)), "weight", start), "weight", "weight_kg", units);

  expect(ys[0]).toEqual(line);
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
