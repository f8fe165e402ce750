import { createIntl } from "react-intl";
import { describe, expect, test } from "vitest";
import { ALL, NONE, SO_FAR } from "~/components/chart/place";
import type { RollupPoint } from "~/lib/api-types";
import { en } from "~/lib/messages/en";
import { enReadings } from "~/lib/messages/en-readings";
import { enUnits } from "~/lib/messages/en-units";
import type { Series } from "~/lib/readings";
import { axisOf, daysSummary, daysTable, withEachDay } from "./daily";
import { markText } from "./describe";
import { columnsOf, marksOf } from "./marks";

const english = createIntl({ locale: "en-GB", messages: { ...en, ...enReadings, ...enUnits } });
const units = { glucose: "mg/dL", weight: "kg", temperature: "C" } as const;
const timeZone = "Europe/Berlin";
const HOUR = 3_600_000;
const now = Date.parse("2026-03-30T12:00:00+02:00");
const midnight = (date: string, offset: string) => `${date}T00:00:00${offset}`;

const point = (t: string, sum: number): RollupPoint => ({ t, min: 0, max: sum, mean: sum / 2, count: 2, sum });
const walked = (...points: RollupPoint[]): Series => ({ resolution: "1d", items: [], points: { steps: points, distance_m: [], active_energy_kcal: [] }, isDaily: true });
const marks = (...points: RollupPoint[]) => marksOf(walked(...points), "activity", 0, { now, timeZone });

/** A day, one of which nothing came (its clock skips an hour), and today. */
const THREE = marks(point(midnight("2026-03-28", "+01:00"), 8204), point(midnight("2026-03-30", "+02:00"), 1204));

describe("days of amounts", () => {
  test("stand all there from the first on, a day without a reading too, of 23 and of 25 hours", () => {
    expect(THREE.map(({ at }) => at)).toEqual([midnight("2026-03-28", "+01:00"), midnight("2026-03-29", "+01:00"), midnight("2026-03-30", "+02:00")].map((text) => Date.parse(text)));
    expect(THREE.map(({ isSoFar }) => isSoFar)).toEqual([false, false, true]);

    const autumn = withEachDay([{ at: Date.parse(midnight("2026-10-24", "+02:00")), isDay: true }], { now: Date.parse("2026-10-26T08:00:00+01:00"), timeZone });
    expect(autumn.slice(1).map(({ at }, index) => (at - autumn[index]!.at) / HOUR)).toEqual([24, 25]);
  });

  test("of which none is told are no chart", () => {
    expect(marks()).toEqual([]);
    expect(columnsOf(THREE, "activity", "distance_m", units).xs).toEqual([]);
  });

  test("are drawn by their sum: all of it, so far, nothing told; a day of nothing is a value", () => {
    const { ys } = columnsOf(THREE, "activity", "steps", units);
    expect([ys[0], ys[3]]).toEqual([[8204, null, 1204], [ALL, NONE, SO_FAR]]);

    const still = columnsOf(marks(point(midnight("2026-03-29", "+01:00"), 0), point(midnight("2026-03-30", "+02:00"), 0)), "activity", "steps", units);
    expect([still.ys[0], still.ys[3]]).toEqual([[0, 0], [ALL, SO_FAR]]);
  });

  test("are told in words, and nothing told is not nothing walked", () => {
    const still = marks(point(midnight("2026-03-29", "+01:00"), 0));

    expect(THREE.map((mark) => markText(english, units, "activity", "steps", mark))).toEqual(["8,204 steps", "No data", "1,204 steps so far"]);
    expect(still.map((mark) => markText(english, units, "activity", "steps", mark))).toEqual(["0 steps", "No data so far"]);
  });

  test("are a sentence in which today is no lowest day", () => {
    const found = marks(point(midnight("2026-03-28", "+01:00"), 8204), point(midnight("2026-03-29", "+01:00"), 4100), point(midnight("2026-03-30", "+02:00"), 90));

    expect(daysSummary(english, units, "steps", found, "7 days")).toBe("2 whole days in 7 days, between 4,100 and 8,204 steps a day. Today so far: 90 steps.");
    expect(daysSummary(english, units, "steps", THREE, "7 days")).toBe("One whole day in 7 days: 8,204 steps. Today so far: 1,204 steps.");
    expect(daysSummary(english, units, "distance_m", THREE, "7 days")).toBe("No readings in this time.");
  });

  test("are a row each in the table, with what was told of at all as columns", () => {
    const { heads, row } = daysTable(english, units, "activity", THREE);

    expect(heads).toEqual(["Steps"]);
    expect(THREE.map((mark) => row(mark).cells)).toEqual([["8,204 steps"], ["No data"], ["1,204 steps so far"]]);
  });

  test("have an axis with each date below its own bar", () => {
    const { start, end, ticks } = axisOf(Date.parse("2026-03-28T15:00:00+01:00"), { now, timeZone });

    expect(ticks).toEqual(THREE.map(({ at }) => at));
    expect([start, end]).toEqual([ticks[0]! - 12 * HOUR, ticks[2]! + 12 * HOUR]);
  });
});

test("bars that the platform does not add up stay what they were", () => {
  const nights: Series = { resolution: "1d", items: [], points: { "sleep.asleep_min": [{ ...point(midnight("2026-03-28", "+01:00"), 400), sum: undefined }] } };

  expect(marksOf(nights, "sleep", 0, { now, timeZone })).toHaveLength(1);
});
