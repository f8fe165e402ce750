// The trend that the platform tells of a weight: which average stands beside a moment, and the change in words. Pure.
import type { IntlShape } from "react-intl";
import type { WeightTrend } from "~/lib/api-types";
import { scaleOf } from "~/lib/metrics";
import { say } from "~/lib/text";
import { numberText, type Units } from "~/lib/units";
import { counted, type Mark } from "./marks";
import type { Column } from "./table";

/** The metric that has one. */
export const TREND = "weight_kg";

/** The average of seven days at a moment, in kg; null where the platform tells none. */
export type AverageAt = (at: number) => number | null;

export function averageOf(trend: WeightTrend | undefined): AverageAt {
  const days = (trend?.days ?? []).map(({ start, end, mean_7d: mean }) => ({ start: Date.parse(start), end: Date.parse(end), mean }));
  return (at) => days.findLast((day) => day.start <= at && at < day.end)?.mean ?? null;
}

function kgText(intl: IntlShape, units: Units, kg: number): string {
  const { unit, precision, convert } = scaleOf(TREND, units);
  return `${numberText(intl, convert(kg), precision)} ${unit}`;
}

/** "81.4 kg on average over 7 days"; empty where there is none. */
export function averageText(intl: IntlShape, units: Units, kg: number | null): string {
  return kg === null ? "" : say(intl, "trend.average", { value: kgText(intl, units, kg) });
}

/** The average beside each row of the table; not beside what may be another's. */
export function averageColumn(intl: IntlShape, units: Units, averageAt: AverageAt): Column {
  return {
    head: say(intl, "trend.column"),
    cell: (mark: Mark) => {
      const average = counted([mark]).length > 0 ? averageAt(mark.at) : null;
      return average === null ? null : kgText(intl, units, average);
    },
  };
}

/** "0.8 kg less than a week earlier", for each time at which something was weighed; of the day that holds `at` alone. */
export function changeTexts(intl: IntlShape, units: Units, trend: WeightTrend | undefined, at: number): string[] {
  const newest = trend?.days.at(-1);
  if (!trend || !newest || at < Date.parse(newest.start) || at >= Date.parse(newest.end)) return [];
  return trend.changes.map(({ days, kg }) => {
    const value = kgText(intl, units, Math.abs(kg));
    // What rounding makes equal is told as equal.
    if (value === kgText(intl, units, 0)) return say(intl, "trend.same", { days });
    return say(intl, kg < 0 ? "trend.less" : "trend.more", { value, days });
  });
}
