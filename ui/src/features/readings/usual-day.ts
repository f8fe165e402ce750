// The usual day of a sensor as shapes: bands between two percentiles and the middle line, over 24 hours. Pure.
import type { GlucosePattern } from "~/lib/api-types";

export type Hour = GlucosePattern["hours"][number];
export const LEVELS = ["p5", "p25", "p50", "p75", "p95"] as const;
type Level = (typeof LEVELS)[number];

/** The drawing's own measures: ten for an hour, one for a mg/dL. */
export const WIDTH = 240;
export const TOP_MG_DL = 350;
const HOUR_WIDTH = 10;

interface Point {
  x: number;
  hour: Record<Level, number>;
}

/** Hours that follow each other. A day has no end: it goes on to its edges where the hours on both sides of midnight are there. */
export function stretches(hours: readonly Hour[]): Point[][] {
  const found: Point[][] = [];
  let last: number | null = null;
  for (const hour of hours) {
    const point = { x: (hour.hour + 0.5) * HOUR_WIDTH, hour };
    if (last === hour.hour - 1) found.at(-1)?.push(point);
    else found.push([point]);
    last = hour.hour;
  }
  const [first, end] = [hours[0], hours.at(-1)];
  if (first?.hour === 0 && end?.hour === 23) {
    const hour = between(first, end);
    found[0]?.unshift({ x: 0, hour });
    found.at(-1)?.push({ x: WIDTH, hour });
  }
  return found;
}

function between(one: Hour, other: Hour): Record<Level, number> {
  const middle = (level: Level) => (one[level] + other[level]) / 2;
  return { p5: middle("p5"), p25: middle("p25"), p50: middle("p50"), p75: middle("p75"), p95: middle("p95") };
}

const y = (value: number) => TOP_MG_DL - Math.min(value, TOP_MG_DL);
const at = (point: Point, level: Level) => `${point.x} ${y(point.hour[level]).toFixed(1)}`;

export function linePath(hours: readonly Hour[], level: Level): string {
  return stretches(hours)
    .map((points) => `M${points.map((point) => at(point, level)).join("L")}`)
    .join("");
}

export function bandPath(hours: readonly Hour[], low: Level, high: Level): string {
  return stretches(hours)
    .map((points) => {
      const [there, back] = [points.map((point) => at(point, high)), [...points].reverse().map((point) => at(point, low))];
      return `M${[...there, ...back].join("L")}Z`;
    })
    .join("");
}

/** Where a value stands in the drawing, from its top, in percent. */
export function fromTop(value: number): string {
  return `${((y(value) / TOP_MG_DL) * 100).toFixed(2)}%`;
}

export interface Ends {
  lowest: Hour;
  highest: Hour;
}

/** The hours in which the middle line is lowest and highest. */
export function endsOf(hours: readonly Hour[]): Ends | null {
  const sorted = [...hours].sort((a, b) => a.p50 - b.p50);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  return lowest && highest ? { lowest, highest } : null;
}
