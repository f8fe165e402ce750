import { expect, test } from "vitest";
import { phoneView, renews, RENEWALS, secondsLeft, type PhoneFacts } from "./phone-view";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const facts = (change: Partial<PhoneFacts>): PhoneFacts => ({ status: "pairing", progress: "waiting", expiresAt: "2026-11-20T12:10:00Z", now: NOW, ...change });

test.each([
  [{ expiresAt: undefined }, "loading"],
  [{}, "code"],
  [{ now: NOW + 539_000 }, "code"],
  [{ now: NOW + 540_000 }, "ending"],
  [{ now: NOW + 599_999 }, "ending"],
  [{ now: NOW + 600_000 }, "old"],
  [{ progress: "done" }, "done"],
  [{ status: "connected", expiresAt: undefined }, "done"],
  [{ progress: "done", now: NOW + 700_000 }, "done"],
] satisfies [Partial<PhoneFacts>, string][])("%j shows %s", (change, expected) => {
  expect(phoneView(facts(change))).toBe(expected);
});

test("seconds are counted up to the last one and never below nothing", () => {
  expect(secondsLeft("2026-11-20T12:00:01Z", NOW + 1)).toBe(1);
  expect(secondsLeft("2026-11-20T12:00:00Z", NOW + 5000)).toBe(0);
});

test("a page that is looked at renews its code a few times, one that is not never", () => {
  expect(renews(0, true)).toBe(true);
  expect(renews(RENEWALS, true)).toBe(false);
  expect(renews(0, false)).toBe(false);
});
