import { describe, expect, test } from "vitest";
import { rangeOf, sideBySide, spread, stretchesOf, thinned, ticksOf } from "./place";

describe("spread", () => {
  test("leaves alone what is far enough apart", () => {
    expect(spread([10, 30, 50], 10, 0, 100)).toEqual([10, 30, 50]);
  });

  test("two of one time stand around it", () => {
    expect(spread([20, 20], 10, 0, 100)).toEqual([15, 25]);
  });

  test("pushes a neighbour on only as far as needed", () => {
    expect(spread([20, 20, 28], 10, 0, 100).map(Math.round)).toEqual([13, 23, 33]);
  });

  test("stays within the ends", () => {
    expect(spread([100, 100, 100], 10, 0, 100)).toEqual([80, 90, 100]);
    expect(spread([0, 0], 10, 0, 100)).toEqual([0, 10]);
  });
});

describe("sideBySide", () => {
  test.each([1, 2, 3, 4])("%d bars of one minute do not touch", (count) => {
    const placed = sideBySide(Array<number>(count).fill(150), 300);

    expect(placed).not.toBeNull();
    const { xs = [], width = 0 } = placed ?? {};
    xs.slice(1).forEach((x, index) => expect(x - (xs[index] ?? 0)).toBeGreaterThan(width));
    for (const x of xs) expect(Math.abs(x - 150)).toBeLessThanOrEqual(10);
  });

  test("says when there are too many to stand near their times", () => {
    expect(sideBySide(Array<number>(40).fill(150), 300)).toBeNull();
  });
});

describe("the value axis", () => {
  const room = { floor: null, isFromZero: false, hasEdges: false };

  test("has room around its values, and more where words stand at its edges", () => {
    expect(rangeOf(100, 200, room)).toEqual([92, 208]);
    expect(rangeOf(100, 200, { ...room, hasEdges: true })).toEqual([82, 218]);
  });

  test("shows at least what is usual, and amounts from the ground", () => {
    expect(rangeOf(97, 98, { ...room, floor: [90, 100] })).toEqual([89.2, 100.8]);
    expect(rangeOf(500, 900, { ...room, isFromZero: true })[0]).toBe(0);
  });

  test("of nothing is still one", () => {
    expect(rangeOf(null, null, room)).toEqual([0, 1]);
  });

  test.each([
    [[82, 218], [100, 150, 200]],
    [[35.8, 37.4], [36, 36.5, 37]],
    [[0, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ] as [[number, number], number[]][])("from %j has round steps", (range, ticks) => {
    expect(ticksOf(range)).toEqual(ticks);
  });
});

test("a hole ends a line", () => {
  expect(stretchesOf([1, 2, null, 3, null, null, 4, 5])).toEqual([[0, 1], [3], [6, 7]]);
});

test("dates are thinned evenly, and the last is always written", () => {
  expect(thinned([1, 2, 3, 4, 5, 6, 7], 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(thinned([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
  expect(thinned([1, 2, 3, 4], 0)).toEqual([4]);
});
