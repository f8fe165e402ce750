import { describe, expect, test } from "vitest";
import { reading } from "~/testing/fixtures";
import type { ReadingItem } from "./api-types";
import { compareReadings, mergeReadings } from "./merge";

/** A small seeded generator: the same shuffles in every run. */
function random(seed: number) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = Math.floor(next() * (index + 1));
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}

const minute = (n: number) => new Date(Date.UTC(2026, 4, 1, 8, n)).toISOString();
const history = Array.from({ length: 40 }, (_, n) => reading(`r${n}`, minute(n % 30)));
const amended = history.filter((_, n) => n % 5 === 0).map((item) => ({ ...item, readings: { weight_kg: 1 }, meta: { revision: 2 } }));

describe("mergeReadings", () => {
  test("any order of arrival, doubled or not, ends in the same list", () => {
    const expected = mergeReadings([], [...history, ...amended]);
    for (let seed = 1; seed <= 50; seed += 1) {
      const next = random(seed);
      const frames = shuffled([...history, ...amended, ...history, ...amended], next);
      let list: ReadingItem[] = [];
      while (frames.length > 0) list = mergeReadings(list, frames.splice(0, 1 + Math.floor(next() * 7)));
      expect(list).toEqual(expected);
    }
  });

  test("the same version is newer once it is known whose it is, and stays that", () => {
    const known = reading("a", minute(1));
    const doubtful = { ...known, meta: { ...known.meta, ambiguous_user: true } };
    expect(mergeReadings([doubtful], [known])).toEqual([known]);
    expect(mergeReadings([known], [doubtful])).toEqual([known]);
  });

  test("is newest first and holds each id once", () => {
    const list = mergeReadings([], history);

    expect(list).toEqual([...history].sort(compareReadings));
    expect(new Set(list.map((item) => item.id)).size).toBe(history.length);
  });

  test("a newer version replaces, an older one is ignored", () => {
    const [first, second] = [reading("a", minute(1)), { ...reading("a", minute(1)), meta: { revision: 3 } }];

    expect(mergeReadings([first], [second])).toEqual([second]);
    expect(mergeReadings([second], [first])).toEqual([second]);
  });

  test("nothing new is the same list, so that nothing is drawn again", () => {
    const list = mergeReadings([], history);

    expect(mergeReadings(list, history.slice(3, 9))).toBe(list);
  });

  test("keeps the newest up to a limit", () => {
    expect(mergeReadings([], history, 3)).toEqual([...history].sort(compareReadings).slice(0, 3));
  });
});
