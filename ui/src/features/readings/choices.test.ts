import { expect, test } from "vitest";
import { reading } from "~/testing/fixtures";
import { choicesAfter, rowsOf, type Choices, type Happening } from "./choices";

const [a, b] = [reading("a", "2026-05-01T08:00:00Z"), reading("b", "2026-05-01T09:00:00Z")];
const after = (...happenings: Happening[]) => happenings.reduce(choicesAfter, {} as Choices);
const tapped = { type: "tapped", item: a, answer: "me" } as const;

test("a tap is held, and can be taken back while it is", () => {
  expect(after(tapped).a).toMatchObject({ answer: "me", phase: "held" });
  expect(after(tapped, { type: "undone", id: "a" })).toEqual({});
});

test("what is on its way can neither be taken back nor said again", () => {
  const sending = after(tapped, { type: "sent", id: "a" });
  expect(choicesAfter(sending, { type: "undone", id: "a" })).toBe(sending);
  expect(choicesAfter(sending, { ...tapped, answer: "not_me" })).toBe(sending);
});

test("what did not arrive can be said again, also otherwise", () => {
  const unsaid = after(tapped, { type: "sent", id: "a" }, { type: "unsaid", id: "a", error: "gone" });
  expect(unsaid.a).toMatchObject({ phase: "unsaid", error: "gone" });
  expect(choicesAfter(unsaid, { ...tapped, answer: "not_me" }).a).toEqual({ item: a, answer: "not_me", phase: "held" });
});

test("an answer about a reading that nobody tapped changes nothing", () => {
  const before = after(tapped);
  expect(choicesAfter(before, { type: "done", id: "b" })).toBe(before);
});

test("an answered row stays in its place after it has left the list", () => {
  const done = after(tapped, { type: "sent", id: "a" }, { type: "done", id: "a" });
  expect(rowsOf([b], done).map(({ item, choice }) => [item.id, choice?.phase])).toEqual([["b", undefined], ["a", "done"]]);
  expect(rowsOf([b, a], {}).map(({ item }) => item.id)).toEqual(["b", "a"]);
});
