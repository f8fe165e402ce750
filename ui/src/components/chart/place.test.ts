import { describe, expect, test } from "vitest";
import { sideBySide, spread } from "./place";

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
