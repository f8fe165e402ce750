import { expect, test } from "vitest";
import { bandPath, endsOf, fromTop, linePath, stretches, type Hour } from "./usual-day";

const hour = (number: number, middle = 100): Hour => ({ hour: number, count: 60, p5: middle - 20, p25: middle - 10, p50: middle, p75: middle + 10, p95: middle + 20 });
const day = Array.from({ length: 24 }, (_, number) => hour(number, 100 + number));

test("a whole day goes on to both edges, with the same value", () => {
  const [only, ...others] = stretches(day);

  expect(others).toEqual([]);
  expect(only?.map(({ x }) => x)).toEqual([0, ...day.map(({ hour: number }) => number * 10 + 5), 240]);
  expect([only?.[0]?.hour.p50, only?.at(-1)?.hour.p50]).toEqual([111.5, 111.5]);
});

test("hours without values are a gap, and a day without its ends stops before the edge", () => {
  const found = stretches(day.filter(({ hour: number }) => number >= 6 && number !== 12));

  expect(found.map((points) => [points[0]?.x, points.at(-1)?.x])).toEqual([
    [65, 115],
    [135, 235],
  ]);
});

test("an hour after midnight alone does not reach into the evening", () => {
  expect(stretches([hour(0), hour(1)]).map((points) => points.map(({ x }) => x))).toEqual([[5, 15]]);
});

test("a line and a band are one path for each stretch; what is above the top stays at the top", () => {
  expect(linePath([hour(3, 100), hour(4, 400)], "p50")).toBe("M35 250.0L45 0.0");
  expect(bandPath([hour(3, 100), hour(4, 120)], "p25", "p75")).toBe("M35 240.0L45 220.0L45 240.0L35 260.0Z");
});

test("a value has its place from the top", () => {
  expect([fromTop(350), fromTop(175), fromTop(0), fromTop(500)]).toEqual(["0.00%", "50.00%", "100.00%", "0.00%"]);
});

test("the lowest and the highest hour are those of the middle line", () => {
  expect(endsOf(day)).toEqual({ lowest: day[0], highest: day[23] });
  expect(endsOf([])).toBeNull();
});
