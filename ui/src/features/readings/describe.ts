// Marks in words: for the chart's cursor, its sentence and the table. Pure.
import type { IntlShape } from "react-intl";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { scaleOf, shownText, unitText } from "~/lib/metrics";
import { say } from "~/lib/text";
import { dayText } from "~/lib/time";
import { numberText, type Units } from "~/lib/units";
import { amountText, areDays, daysSummary } from "./daily";
import { beyondIn, beyondOf, extentOf, severalOf, type Beyond, type Extent, type Mark } from "./marks";
import { part, partsOf } from "./parts";

/** The average of upper and of lower values, "121/79 mmHg"; null where the platform has made none. */
export function meanPressure(intl: IntlShape, mark: Mark): string | null {
  const [upper, lower] = PRESSURES.map((name) => mark.rollup?.[name]?.mean ?? null);
  if (typeof upper !== "number" || typeof lower !== "number") return null;
  return `${numberText(intl, upper, 0)}/${numberText(intl, lower, 0)} mmHg`;
}

const PRESSURES = ["blood_pressure.systolic", "blood_pressure.diastolic"] as const;

/** Several measurements: what upper values were, what lower values were; never a pair that nobody had. */
function pressuresText(intl: IntlShape, mark: Mark): string {
  const [upper, lower] = PRESSURES.map((name) => severalOf(mark, name));
  const mean = meanPressure(intl, mark);
  if (!upper || !lower) return mean ?? "";
  const values = {
    count: upper.count,
    upper: rangeText(intl, upper),
    lower: rangeText(intl, lower),
    mean,
  };
  return say(intl, mean ? "chart.pressures.mean" : "chart.pressures", values);
}

/** "118 to 131", or the one value. */
export function rangeText(intl: IntlShape, { low, high }: Extent): string {
  const [from, to] = [numberText(intl, low, 0), numberText(intl, high, 0)];
  return from === to ? from : say(intl, "chart.span", { from, to });
}

export interface Clock {
  now: number;
  timeZone: string;
  isZoneNamed: boolean;
}

/** When a mark was; of a whole day its date alone. */
export function whenText(intl: IntlShape, { at, isDay }: Mark, { now, timeZone, isZoneNamed }: Clock): string {
  if (isDay) return intl.formatDate(at, { weekday: "short", day: "numeric", month: "short", timeZone });
  return dayText(intl, at, now, timeZone, isZoneNamed);
}

/** "128/84 mmHg, Pulse 72 bpm"; for several the average with its lowest and highest. */
export function markText(intl: IntlShape, units: Units, kind: Kind, metric: string, mark: Mark): string {
  if (mark.reading) {
    const parts = partsOf(intl, units, kind, mark.reading.readings);
    const chosen = part(intl, units, metric, mark.reading.readings);
    const trend = kind === "glucose" ? part(intl, units, "glucose_trend", mark.reading.readings) : null;
    if (chosen && trend) return `${shownText(chosen)}, ${shownText(trend)}`;
    if (KIND_VIEWS[kind].drawing !== "pressure" && chosen) return shownText(chosen);
    if (!parts) return "";
    return [shownText(parts.main), ...parts.beside.map((one) => `${one.label} ${shownText(one)}`)].join(", ");
  }
  if (areDays(kind, [mark])) return amountText(intl, units, metric, mark);
  if (KIND_VIEWS[kind].drawing === "pressure") return pressuresText(intl, mark);
  const beyond = beyondText(intl, beyondOf(mark));
  const point = mark.rollup?.[metric];
  if (!point || point.mean === null) return beyond;
  const { unit, precision, convert } = scaleOf(metric, units);
  const text = (value: number) => numberText(intl, convert(value), precision);
  const mean = say(intl, "chart.mean", {
    value: `${text(point.mean)} ${unitText(intl, unit, convert(point.mean))}`.trim(),
    low: text(point.min ?? point.mean),
    high: text(point.max ?? point.mean),
    count: point.count,
  });
  return beyond ? `${mean}, ${beyond}` : mean;
}

/** "2 times LOW"; empty when the sensor could measure all the time. */
function beyondText(intl: IntlShape, { low, high }: Beyond): string {
  const texts = [low > 0 ? say(intl, "chart.beyond.low", { count: low }) : "", high > 0 ? say(intl, "chart.beyond.high", { count: high }) : ""];
  return intl.formatList(texts.filter(Boolean), { type: "unit" });
}

/** The chart in one sentence. */
export function summaryText(intl: IntlShape, units: Units, kind: Kind, metric: string, marks: readonly Mark[], range: string): string {
  if (KIND_VIEWS[kind].drawing === "pressure") {
    const [sys, dia] = [extentOf(marks, "blood_pressure.systolic"), extentOf(marks, "blood_pressure.diastolic")];
    if (!sys || !dia) return say(intl, "chart.summary.none");
    return say(intl, "chart.summary.pressure", {
      count: sys.count,
      range,
      sysLow: numberText(intl, sys.low, 0),
      sysHigh: numberText(intl, sys.high, 0),
      diaLow: numberText(intl, dia.low, 0),
      diaHigh: numberText(intl, dia.high, 0),
      unit: "mmHg",
    });
  }
  if (areDays(kind, marks)) return daysSummary(intl, units, metric, marks, range);
  const extent = extentOf(marks, metric);
  const beyond = kind === "glucose" ? beyondText(intl, beyondIn(marks)) : "";
  if (!extent) return beyond ? say(intl, "chart.summary.onlyBeyond", { beyond, range }) : say(intl, "chart.summary.none");
  const { unit, precision, convert } = scaleOf(metric, units);
  return say(intl, beyond ? "chart.summary.beyond" : "chart.summary.values", {
    count: extent.count,
    beyond,
    range,
    low: numberText(intl, convert(extent.low), precision),
    high: numberText(intl, convert(extent.high), precision),
    unit: unitText(intl, unit, convert(extent.high)),
  });
}
