// Amounts by days: which days there are, what is told of each, and all of it in words. The platform adds up; this tells
// a day without a reading from a day of nothing, and a day that is not over from one that is. Pure.
import type { IntlShape } from "react-intl";
import { ALL, NONE, SO_FAR } from "~/components/chart/place";
import type { Kind } from "~/lib/api-types";
import { addDays, dayOf, startOfDay } from "~/lib/days";
import { KIND_VIEWS } from "~/lib/kind-views";
import { metricLabel, scaleOf, unitText } from "~/lib/metrics";
import { say } from "~/lib/text";
import { HOUR } from "~/lib/time";
import { numberText, type Units } from "~/lib/units";
import type { Mark } from "./marks";
import type { Table } from "./table";

const HALF_A_DAY = 12 * HOUR;

export interface Where {
  now: number;
  timeZone: string;
}

/** Whether these are amounts of whole days, as the platform adds them up. */
export function areDays(kind: Kind, marks: readonly Mark[]): boolean {
  const { drawing, daily } = KIND_VIEWS[kind];
  return drawing === "bars" && daily !== undefined && marks.some((mark) => mark.isDay);
}

/** Every day from the first that has something until today, of 23, 24 or 25 hours: a day of which nothing came stands there too. */
export function withEachDay(marks: readonly Mark[], { now, timeZone }: Where): Mark[] {
  const [first] = marks;
  if (!first) return [];
  const known = new Map(marks.map((mark) => [dayOf(mark.at, timeZone), mark]));
  const today = dayOf(now, timeZone);
  const days: Mark[] = [];
  for (let day = dayOf(first.at, timeZone); day <= today; day = addDays(day, 1)) {
    days.push({ ...(known.get(day) ?? { at: startOfDay(day, timeZone), isDay: true }), isSoFar: day === today });
  }
  return days;
}

/** The ends of a time axis on which each day has its bar above its date, and the dates to be written, in milliseconds. */
export function axisOf(from: number, { now, timeZone }: Where): { start: number; end: number; ticks: number[] } {
  const [first, today] = [dayOf(from, timeZone), dayOf(now, timeZone)];
  const ticks: number[] = [];
  for (let day = first; day <= today; day = addDays(day, 1)) ticks.push(startOfDay(day, timeZone));
  return { start: (ticks[0] ?? from) - HALF_A_DAY, end: (ticks.at(-1) ?? now) + HALF_A_DAY, ticks };
}

/** All of a day; null when nothing came of this metric. */
export function amountOf(mark: Mark, metric: string): number | null {
  return mark.rollup?.[metric]?.sum ?? null;
}

/** The last day of which anything came, with all its amounts as one reading has them; null when there is none. */
export function lastDayOf(marks: readonly Mark[], kind: Kind): { mark: Mark; readings: Record<string, number> } | null {
  const days = marks.filter((mark) => mark.isDay).map((mark) => {
    const amounts = KIND_VIEWS[kind].charted.map((name) => [name, amountOf(mark, name)] as const);
    return { mark, readings: Object.fromEntries(amounts.filter((one): one is [string, number] => one[1] !== null)) };
  });
  return days.findLast(({ readings }) => Object.keys(readings).length > 0) ?? null;
}

/** What the chart draws of a day. */
export function toldOf(mark: Mark, metric: string): number {
  if (amountOf(mark, metric) === null) return NONE;
  return mark.isSoFar ? SO_FAR : ALL;
}

function numberOf(intl: IntlShape, units: Units, metric: string, value: number): string {
  const { precision, convert } = scaleOf(metric, units);
  return numberText(intl, convert(value), precision);
}

function valueText(intl: IntlShape, units: Units, metric: string, value: number): string {
  const { unit, convert } = scaleOf(metric, units);
  return `${numberOf(intl, units, metric, value)} ${unitText(intl, unit, convert(value))}`;
}

/** "8,204 steps", "1,204 steps so far", "No data". */
export function amountText(intl: IntlShape, units: Units, metric: string, mark: Mark): string {
  const amount = amountOf(mark, metric);
  if (amount === null) return say(intl, mark.isSoFar ? "days.noneSoFar" : "days.none");
  const value = valueText(intl, units, metric, amount);
  return mark.isSoFar ? say(intl, "days.soFar", { value }) : value;
}

/** The days that are over in one sentence, and today in another: a day that goes on is no lowest. */
export function daysSummary(intl: IntlShape, units: Units, metric: string, marks: readonly Mark[], range: string): string {
  const over = marks.filter((mark) => !mark.isSoFar).map((mark) => amountOf(mark, metric)).filter((amount) => amount !== null);
  const today = marks.find((mark) => mark.isSoFar);
  const soFar = today ? amountOf(today, metric) : null;
  const sentences = [
    over.length > 0
      ? say(intl, "days.summary", {
          count: over.length,
          range,
          low: numberOf(intl, units, metric, Math.min(...over)),
          high: valueText(intl, units, metric, Math.max(...over)),
        })
      : "",
    soFar === null ? "" : say(intl, "days.summary.today", { value: valueText(intl, units, metric, soFar) }),
  ];
  return sentences.filter(Boolean).join(" ") || say(intl, "chart.summary.none");
}

/** A row for each day, a column for each amount of which anything came. */
export function daysTable(intl: IntlShape, units: Units, kind: Kind, marks: readonly Mark[]): Table {
  const names = KIND_VIEWS[kind].charted.filter((name) => marks.some((mark) => amountOf(mark, name) !== null));
  return {
    heads: names.map((name) => metricLabel(intl, name)),
    row: (mark) => ({ key: String(mark.at), mark, cells: names.map((name) => amountText(intl, units, name, mark)) }),
  };
}
