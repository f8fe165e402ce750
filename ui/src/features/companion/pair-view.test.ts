import { expect, test } from "vitest";
import { connection } from "~/testing/fixtures";
import { pairView, readableKinds, type PairFacts, type PairView } from "./pair-view";

const watch = connection({ pairing_method: "healthkit", consent: { id: "x", version: "1", data_kinds: ["weight", "ecg"] } });
const facts: PairFacts = { token: "t", connection: watch, store: "healthkit", isRefused: false, pairing: "idle" };

test.each([
  [{}, "ready"],
  [{ token: null }, "noCode"],
  [{ connection: undefined }, "loading"],
  [{ store: undefined }, "loading"],
  [{ connection: undefined, isRefused: true }, "refused"],
  [{ store: null }, "noStore"],
  [{ store: "health_connect" }, "otherStore"],
  [{ connection: { ...watch, pairing_method: "companion_app" } }, "bluetooth"],
  [{ connection: { ...watch, consent: null } }, "nothing"],
  [{ connection: { ...watch, consent: { id: "x", version: "1", data_kinds: ["ecg"] } } }, "nothing"],
  [{ pairing: "pending" }, "working"],
  [{ pairing: "error" }, "stopped"],
  // The code is used now: that it is asked about once more and refused changes nothing.
  [{ pairing: "success", isRefused: true }, "done"],
] satisfies [Partial<PairFacts>, PairView][])("%j shows %s", (change, view) => {
  expect(pairView({ ...facts, ...change } as PairFacts)).toBe(view);
});

test("only what a phone keeps is read, of what was agreed to", () => {
  expect(readableKinds(watch)).toEqual(["weight"]);
});
