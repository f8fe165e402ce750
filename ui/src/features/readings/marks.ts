// A series as marks in time order, and the columns a chart draws from them. Pure; values stay in the platform's units
// until `scale` turns them into the reader's.
import { pixelsOf, sideBySide } from "~/components/chart/place";
import type { Kind, ReadingItem, RollupPoint } from "~/lib/api-types";
import { KIND_VIEWS, type KindView } from "~/lib/kind-views";
import { glucoseMarker, numberAt, scaleOf, valueAt } from "~/lib/metrics";
import type { Series } from "~/lib/readings";
import { DAY, HOUR, MINUTE } from "~/lib/time";
import type { Units } from "~/lib/units";
import { amountOf, areDays, toldOf, withEachDay, type Where } from "./daily";
import type { AverageAt } from "./trend";

/**
 * One place on the time axis: a reading, what the platform made of many (`rollup`, by metric), or marks that a chart
 * has no room to draw each for itself (`group`).
 */
export interface Mark {
  at: number;
  reading?: ReadingItem;
  rollup?: Record<string, RollupPoint>;
  group?: readonly Mark[];
  /** The whole of the day that begins at `at`. */
  isDay?: boolean;
  /** Of which more may come: it is not over. */
  isSoFar?: boolean;
}

function holds(item: ReadingItem, view: KindView): boolean {
  return [...view.charted, ...view.main].some((name) => valueAt(item.readings, name) !== undefined);
}

/** Oldest first. Readings that came live after the rollups were asked stand between them one by one. */
export function marksOf(series: Series, kind: Kind, from: number, where?: Where): Mark[] {
  const view = KIND_VIEWS[kind];
  const byTime = new Map<number, Record<string, RollupPoint>>();
  for (const [name, points] of Object.entries(series.points)) {
    for (const point of points) {
      if (point.count === 0 && !point.low && !point.high) continue;
      const at = Date.parse(point.t);
      byTime.set(at, { ...byTime.get(at), [name]: point });
    }
  }
  const isDay = series.resolution === "1d";
  const marks = [...byTime].map(([at, rollup]): Mark => ({ at, rollup, isDay }));
  for (const reading of series.items) {
    const at = Date.parse(reading.timestamp);
    if (at >= from && holds(reading, view)) marks.push({ at, reading });
  }
  marks.sort((a, b) => a.at - b.at);
  return where && areDays(kind, marks) ? withEachDay(marks, where) : marks;
}

/** What a chart and its sentence tell: a reading that may be another's, or of a wrong clock, stands in the table alone. */
export function counted(marks: readonly Mark[]): Mark[] {
  return marks.filter(({ reading }) => reading?.meta.ambiguous_user !== true && reading?.meta.clock_suspect !== true);
}

function valueOf(mark: Mark, name: string): number | null {
  if (mark.reading && isBeyond(mark.reading, name)) return null;
  return mark.reading ? numberAt(mark.reading.readings, name) : (mark.rollup?.[name]?.mean ?? null);
}

/** LOW or HIGH: the number that comes with it is a sign, not a value. */
function isBeyond(reading: ReadingItem, name: string): boolean {
  return name === "glucose_mg_dL" && glucoseMarker(reading.readings) !== null;
}

export interface Beyond {
  low: number;
  high: number;
}

/** How often the sensor could not measure at a mark. */
export function beyondOf(mark: Mark): Beyond {
  if (mark.reading) {
    const marker = glucoseMarker(mark.reading.readings);
    return { low: marker === "low" ? 1 : 0, high: marker === "high" ? 1 : 0 };
  }
  const point = mark.rollup?.glucose_mg_dL;
  return { low: point?.low ?? 0, high: point?.high ?? 0 };
}

export function beyondIn(marks: readonly Mark[]): Beyond {
  return marks.map(beyondOf).reduce((sum, one) => ({ low: sum.low + one.low, high: sum.high + one.high }), { low: 0, high: 0 });
}

/** Intervals of a day and their multiples, of which the first that is wide enough holds a group. */
const STEPS = [HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY];
const GROUP_PIXELS = 10;

/** Pressures in a plot of so many pixels: each for itself while all can stand side by side, else those of an interval as one. */
export function grouped(marks: readonly Mark[], from: number, to: number, plot: number): readonly Mark[] {
  if (sideBySide(pixelsOf(marks.map((mark) => mark.at), from, to, plot), plot)) return marks;
  const shortest = ((to - from) / plot) * GROUP_PIXELS;
  const step = STEPS.find((one) => one >= shortest) ?? shortest;
  const intervals = new Map<number, Mark[]>();
  for (const mark of marks) {
    const start = Math.floor(mark.at / step) * step;
    intervals.set(start, [...(intervals.get(start) ?? []), mark]);
  }
  return [...intervals].map(([start, group]) => {
    const [only] = group;
    return only && group.length === 1 ? only : { at: Math.min(Math.max(start + step / 2, from), to), group };
  });
}

/** How many measurements a mark stands for, and from where to where they go; null for a single one. */
export function severalOf(mark: Mark, name: string): Extent | null {
  const extent = mark.reading ? null : extentOf([mark], name);
  return extent && extent.count > 1 ? extent : null;
}

export interface Columns {
  /** Seconds, as the chart wants them. */
  xs: number[];
  /**
   * pressure: systolic, diastolic, pulse, then lowest and highest of each where a mark is several measurements: upper
   * and lower values are never one range · others: value, lowest, highest · glucose: also how often LOW, how often HIGH
   * · trend: also the average of seven days · days: also what there is of each, see `daily.ts`
   */
  ys: (number | null)[][];
  /** Which mark each x is; -1 for the holes that break a line. */
  marks: number[];
  unit: string;
  band: [number, number] | null;
}

const TARGET_MG_DL: [number, number] = [70, 180];

export function columnsOf(marks: readonly Mark[], kind: Kind, metric: string, units: Units, averageAt: AverageAt | null = null): Columns {
  const view = KIND_VIEWS[kind];
  const names = view.drawing === "pressure" ? view.charted : [metric];
  const { unit, convert } = scaleOf(metric, units);
  const columns: Columns = { xs: [], ys: [[], [], []], marks: [], unit, band: null };
  if (view.drawing === "pressure") columns.ys.push(...names.flatMap((): [][] => [[], []]));
  const isGlucose = view.drawing === "glucose";
  if (isGlucose) {
    columns.band = [convert(TARGET_MG_DL[0]), convert(TARGET_MG_DL[1])];
    columns.ys.push([], []);
  }
  const isDaily = areDays(kind, marks);
  if (averageAt || isDaily) columns.ys.push([]);

  const scaled = (value: number | null | undefined) => (value === null || value === undefined ? null : convert(value));
  const holeMs = longestJoin(marks, view);
  let last: number | null = null;
  if (isDaily && marks.every((mark) => amountOf(mark, metric) === null)) return columns;
  marks.forEach((mark, index) => {
    if (isDaily) {
      const amount = scaled(amountOf(mark, metric));
      columns.xs.push(mark.at / 1000);
      columns.marks.push(index);
      [amount, amount, amount, toldOf(mark, metric)].forEach((value, at) => columns.ys[at]?.push(value));
      return;
    }
    const values = names.map((name) => valueOf(mark, name));
    const several = view.drawing === "pressure" ? names.map((name) => severalOf(mark, name)) : [];
    const beyond = isGlucose ? beyondOf(mark) : null;
    if ([...values, ...several].every((value) => value === null) && !beyond?.low && !beyond?.high) return;
    if (last !== null && holeMs > 0 && mark.at - last > holeMs) {
      columns.xs.push((last + 1000) / 1000);
      columns.marks.push(-1);
      for (const column of columns.ys) column.push(null);
    }
    last = mark.at;
    columns.xs.push(mark.at / 1000);
    columns.marks.push(index);
    if (view.drawing === "pressure") {
      const ranges = several.flatMap((one) => [one?.low ?? null, one?.high ?? null]);
      [...values, ...ranges].forEach((value, at) => columns.ys[at]?.push(value));
      return;
    }
    const point = mark.rollup?.[metric];
    columns.ys[0]?.push(scaled(values[0]));
    columns.ys[1]?.push(scaled(point ? point.min : values[0]));
    columns.ys[2]?.push(scaled(point ? point.max : values[0]));
    if (beyond) {
      columns.ys[3]?.push(beyond.low || null);
      columns.ys[4]?.push(beyond.high || null);
    }
    if (averageAt) columns.ys[3]?.push(scaled(averageAt(mark.at)));
  });
  return columns;
}

/** How far apart two marks may be and still be one line: what the kind says, and three of its usual steps. */
function longestJoin(marks: readonly Mark[], view: KindView): number {
  if (!view.joinMs || marks.length < 2) return 0;
  if (!view.dense) return view.joinMs;
  const steps = marks.slice(1).map((mark, index) => mark.at - (marks[index]?.at ?? mark.at));
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  // A meter that is used a few times a day makes single values, not a line.
  return usual > 30 * MINUTE && marks[0]?.reading ? view.joinMs : Math.max(view.joinMs, 3 * usual);
}

type Drawn = "pressure" | "line" | "points" | "bars" | "trend" | "days";

/** What a chart draws for a kind. `hasAverage`: beside values there is one; `isDaily`: bars are whole days. */
export function drawingOf({ drawing, joinMs }: KindView, { hasAverage = false, isDaily = false } = {}): Drawn {
  if (hasAverage) return "trend";
  if (drawing === "bars" && isDaily) return "days";
  if (drawing === "glucose" || (drawing === "points" && joinMs)) return "line";
  return drawing === "list" ? "points" : drawing;
}

export interface Extent {
  count: number;
  low: number;
  high: number;
}

/** The lowest and highest of a metric over marks; LOW and HIGH are not numbers and do not count. */
export function extentOf(marks: readonly Mark[], name: string): Extent | null {
  let [count, low, high] = [0, Infinity, -Infinity];
  for (const mark of marks.flatMap((one) => one.group ?? one)) {
    if (mark.reading) {
      const value = numberAt(mark.reading.readings, name);
      if (value === null || isBeyond(mark.reading, name)) continue;
      [count, low, high] = [count + 1, Math.min(low, value), Math.max(high, value)];
      continue;
    }
    const point = mark.rollup?.[name];
    if (!point || point.min === null || point.max === null) continue;
    [count, low, high] = [count + point.count, Math.min(low, point.min), Math.max(high, point.max)];
  }
  return count > 0 ? { count, low, high } : null;
}
