import { describe, expect, test } from "vitest";
import { changesOf, forget, type Seen } from "./changes";
import type { WireRecord } from "./wire";

const AT = Date.parse("2026-11-20T08:00:00Z");
const stretch = { from: AT, until: AT + 3600_000 };
const record = (id: string, value: number, minute = 0): [string, WireRecord] => [id, { id, value, startDate: new Date(AT + minute * 60_000).toISOString() }];
const look = (seen: Seen, found: [string, WireRecord][], isWhole = true) => changesOf(seen, new Map(found), stretch, isWhole);

const first = look({}, [record("a", 1), record("b", 2, 5)]);

describe("a second look", () => {
  test("at the same says nothing", () => {
    expect(look(first.seen, [record("a", 1), record("b", 2, 5)])).toMatchObject({ records: [], deletions: [] });
  });

  test("finds what is new and what was corrected, and what is gone", () => {
    const second = look(first.seen, [record("b", 3, 5), record("c", 4, 6)]);

    expect(second.records.map((one) => one.id)).toEqual(["b", "c"]);
    expect(second.deletions).toEqual(["a"]);
    expect(Object.keys(second.seen).sort()).toEqual(["b", "c"]);
  });

  test("that finds nothing at all deletes nothing: a permission that was taken away looks just so", () => {
    expect(look(first.seen, [])).toEqual({ records: [], deletions: [], seen: first.seen });
  });

  test("that was cut off deletes nothing", () => {
    expect(look(first.seen, [record("b", 2, 5)], false).deletions).toEqual([]);
  });

  test("at another time deletes nothing of this one", () => {
    const later = { from: stretch.until, until: stretch.until + 3600_000 };
    expect(changesOf(first.seen, new Map([record("d", 1, 70)]), later, true).deletions).toEqual([]);
  });
});

test("what will not be looked at again is forgotten", () => {
  expect(Object.keys(forget(first.seen, AT + 1))).toEqual(["b"]);
});
