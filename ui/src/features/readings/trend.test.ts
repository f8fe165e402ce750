import { createIntl } from "react-intl";
import { describe, expect, test } from "vitest";
import type { WeightTrend } from "~/lib/api-types";
import { en } from "~/lib/messages/en";
import { enReadings } from "~/lib/messages/en-readings";
import type { Series } from "~/lib/readings";
import { reading } from "~/testing/fixtures";
import { columnsOf, marksOf } from "./marks";
import { averageColumn, averageOf, averageText, changeTexts, TREND } from "./trend";

const english = createIntl({ locale: "en-GB", messages: { ...en, ...enReadings } });
const kg = { glucose: "mg/dL", weight: "kg", temperature: "C" } as const;
const lb = { ...kg, weight: "lb" } as const;
const at = (text: string) => Date.parse(text);

/** In Berlin: the day on which clocks go on has 23 hours. */
const TREND_OF_MARCH: WeightTrend = {
  days: [
    { start: "2026-03-28T23:00:00Z", end: "2026-03-29T22:00:00Z", count: 2, mean: 80, mean_7d: 81 },
    { start: "2026-03-31T22:00:00Z", end: "2026-04-01T22:00:00Z", count: 1, mean: 79, mean_7d: 80 },
  ],
  changes: [
    { days: 7, kg: -0.8 },
    { days: 30, kg: 0.04 },
  ],
};

describe("the average beside a moment", () => {
  const averageAt = averageOf(TREND_OF_MARCH);

  test("is that of its day, from midnight to midnight", () => {
    expect(averageAt(at("2026-03-28T23:00:00Z"))).toBe(81);
    expect(averageAt(at("2026-03-29T21:59:59Z"))).toBe(81);
    expect(averageAt(at("2026-03-28T22:59:59Z"))).toBeNull();
  });

  test("is none on a day of which the platform told none, and before its answer", () => {
    expect(averageAt(at("2026-03-30T08:00:00Z"))).toBeNull();
    expect(averageAt(at("2026-04-02T08:00:00Z"))).toBeNull();
    expect(averageOf(undefined)(at("2026-03-29T08:00:00Z"))).toBeNull();
  });

  test("is a column of the chart in the reader's unit, and the line breaks where nothing was weighed for two weeks", () => {
    const weighed = (id: string, time: string) => reading(id, time, { readings: { weight_kg: 80 } });
    const series: Series = { resolution: "raw", items: [weighed("b", "2026-03-29T07:00:00Z"), weighed("a", "2026-03-01T07:00:00Z")], points: {} };

    const { xs, ys } = columnsOf(marksOf(series, "weight", 0), "weight", TREND, lb, averageAt);

    expect(xs).toHaveLength(3);
    expect(ys[3]).toEqual([null, null, expect.closeTo(81 * 2.204_622_6, 4)]);
  });

  test("is said in words and stands in the table", () => {
    const { head, cell } = averageColumn(english, kg, averageAt);

    expect(averageText(english, lb, 81)).toBe("178.6 lb on average over 7 days");
    expect(averageText(english, kg, null)).toBe("");
    expect(head).toBe("7-day average");
    expect(cell({ at: at("2026-03-29T08:00:00Z") })).toBe("81.0 kg");
    expect(cell({ at: 0 })).toBeNull();
    const doubtful = reading("d", "2026-03-29T08:00:00Z", { meta: { ambiguous_user: true } });
    expect(cell({ at: at(doubtful.timestamp), reading: doubtful })).toBeNull();
  });
});

describe("the change", () => {
  const now = at("2026-04-01T06:00:00Z");

  test("is told without praise or alarm, in the reader's unit, and what rounds to nothing as the same", () => {
    expect(changeTexts(english, kg, TREND_OF_MARCH, now)).toEqual(["0.8 kg less than a week earlier", "The same as 30 days earlier"]);
    expect(changeTexts(english, lb, TREND_OF_MARCH, now)).toEqual(["1.8 lb less than a week earlier", "0.1 lb more than 30 days earlier"]);
  });

  test("is of the value that it stands under, and of no other", () => {
    expect(changeTexts(english, kg, TREND_OF_MARCH, at("2026-04-02T06:00:00Z"))).toEqual([]);
    expect(changeTexts(english, kg, TREND_OF_MARCH, at("2026-03-29T06:00:00Z"))).toEqual([]);
  });

  test("is not told where nothing was weighed then", () => {
    expect(changeTexts(english, kg, { ...TREND_OF_MARCH, changes: [] }, now)).toEqual([]);
    expect(changeTexts(english, kg, undefined, now)).toEqual([]);
  });
});
