import { describe, expect, test } from "vitest";
import { closer, CLOSEST, isClosest, isWhole, moved, showing, wider, type Window } from "./window";

const DAY = 86_400;
const WHOLE: Window = [0, 30 * DAY];

describe("the part of a long time that is shown", () => {
  test("closer begins at the newest end, then keeps its middle", () => {
    const first = closer(WHOLE, WHOLE);
    expect(first).toEqual([18 * DAY, 30 * DAY]);

    const earlier = moved(first, WHOLE, -10 * DAY);
    const [from, to] = closer(earlier, WHOLE);
    expect((from + to) / 2).toBeCloseTo((earlier[0] + earlier[1]) / 2);
  });

  test("closer ends where a line would be a few dots, and wider at the whole", () => {
    let window = WHOLE;
    for (let step = 0; step < 20; step += 1) window = closer(window, WHOLE);
    expect(window[1] - window[0]).toBe(CLOSEST);
    expect(isClosest(window)).toBe(true);

    for (let step = 0; step < 20; step += 1) window = wider(window, WHOLE);
    expect(isWhole(window, WHOLE)).toBe(true);
  });

  test.each([-99, -1, 0, 1, 99])("moved by %d days it keeps its length and stays within the ends", (days) => {
    const [from, to] = moved([10 * DAY, 12 * DAY], WHOLE, days * DAY);
    expect(to - from).toBe(2 * DAY);
    expect(from).toBeGreaterThanOrEqual(WHOLE[0]);
    expect(to).toBeLessThanOrEqual(WHOLE[1]);
  });

  test("a time outside is brought in from its side, one inside moves nothing", () => {
    const window: Window = [10 * DAY, 12 * DAY];
    expect(showing(window, WHOLE, 11 * DAY)).toBe(window);
    expect(showing(window, WHOLE, 4 * DAY)).toEqual([4 * DAY, 6 * DAY]);
    expect(showing(window, WHOLE, 20 * DAY)).toEqual([18 * DAY, 20 * DAY]);
  });

  test("a time that is short as a whole is never cut", () => {
    const short: Window = [0, 3600];
    expect(closer(short, short)).toEqual(short);
  });
});
