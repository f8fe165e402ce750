import { describe, expect, test } from "vitest";
import { ApiProblem } from "~/lib/problem";
import { connection, job } from "~/testing/fixtures";
import { CHOOSING, endWord, faultWord, judged, MAX_SIZE, next, quarter, shareOf, shareRead, throughHealth, unitOf, whyWords, type Sending, type SendingEvent } from "./view";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a file", () => {
  test.each([
    ["PK\u0003\u0004rest", "application/zip"],
    ["<?xml version", "application/xml"],
  ])("is known by its first bytes: %j", (head, contentType) => {
    expect(judged(MAX_SIZE, bytes(head))).toEqual({ contentType });
  });

  test.each(["", "PK\u0005\u0006", "%PDF-1.7", " <?xml", "<html>"])("that is something else is refused before it is read: %j", (head) => {
    expect(judged(10, bytes(head))).toEqual({ refusal: "type" });
  });

  test("may have four GiB and not a byte more", () => {
    expect(judged(MAX_SIZE + 1, bytes("PK\u0003\u0004"))).toEqual({ refusal: "size" });
  });
});

test("a history belongs to what comes through Apple Health and may send, the newest first", () => {
  const watch = { pairing_method: "healthkit" as const };
  const found = throughHealth([
    connection({ id: "a", ...watch, created_at: "2026-01-01T00:00:00Z" }),
    connection({ id: "b", ...watch, created_at: "2026-02-01T00:00:00Z", status: "disconnected" }),
    connection({ id: "c", ...watch, status: "revoked" }),
    connection({ id: "d", ...watch, created_at: "2026-01-15T00:00:00Z", status: "pairing" }),
    connection({ id: "e", ...watch, consent: null }),
    connection({ id: "f", pairing_method: "hub" }),
  ]);
  expect(found.map(({ id }) => id)).toEqual(["b", "d", "a"]);
});

describe("the sending", () => {
  const after = (...events: SendingEvent[]) => events.reduce(next, CHOOSING as Sending);
  const began = { type: "began", name: "export.zip", size: 100 } as const;

  test("goes through its steps, and says when it waits", () => {
    expect(after(began)).toEqual({ at: "checking", name: "export.zip", size: 100, done: 0, isWaiting: false });
    expect(after(began, { type: "moved", step: "sending", done: 40 })).toMatchObject({ at: "sending", done: 40 });
    const waiting = after(began, { type: "moved", step: "sending", done: 40 }, { type: "waits" });
    expect(waiting).toMatchObject({ at: "sending", done: 40, isWaiting: true });
    expect(next(waiting, { type: "moved", step: "sending", done: 0 })).toMatchObject({ isWaiting: false });
  });

  test("that ended goes back to the choice, with why", () => {
    const error = new ApiProblem(422, "consent_revoked");
    expect(after(began, { type: "stopped" })).toEqual({ ...CHOOSING, isStopped: true });
    expect(after(began, { type: "failed", error })).toEqual({ ...CHOOSING, error });
    expect(after({ type: "refused", refusal: "size" }, began)).not.toHaveProperty("refusal");
  });

  test("that ended is not begun again by a word that comes late", () => {
    expect(after(began, { type: "stopped" }, { type: "moved", step: "sending", done: 90 }, { type: "waits" })).toEqual({ ...CHOOSING, isStopped: true });
  });

  test("is told in a unit that fits the whole file", () => {
    expect([10, 3_400, 8_000_000, 3_900_000_000].map((size) => unitOf(size).unit)).toEqual(["kilobyte", "kilobyte", "megabyte", "gigabyte"]);
  });

  test("has a share where somebody knows it", () => {
    const state = { at: "sending", name: "", size: 100, done: 40, isWaiting: false } as const;
    expect(shareOf(state)).toBe(0.4);
    expect(shareOf({ ...state, at: "arriving" })).toBeNull();
    expect([0, 0.24, 0.25, 0.99, 1].map(quarter)).toEqual([0, 0, 0.25, 0.75, 1]);
  });
});

describe("the reading", () => {
  test("has a share of the file's bytes once it has begun", () => {
    expect(shareRead(job({ state: "queued", done: 0, total: 10 }))).toBeNull();
    expect(shareRead(job({ done: 5, total: 10 }))).toBe(0.5);
    expect(shareRead(job({ done: 12, total: 10 }))).toBe(1);
  });

  test("that failed says why in our words", () => {
    const failed = (code: string) => job({ state: "failed", errors: [{ class: "refused", code }] });
    expect(endWord(failed("export_damaged"))).toBe("export_damaged");
    expect(endWord(failed("novel"))).toBe("other");
    expect(endWord(job({ state: "failed", errors: [] }))).toBe("other");
    expect(endWord(job({ state: "done", errors: [{ class: "refused", code: "out_of_bounds" }] }))).toBeNull();
  });

  test("names each reason why readings stayed out once", () => {
    const errors = ["kind_not_consented", "out_of_bounds", "kind_not_consented", "novel", "strange"].map((code) => ({ class: "refused", code }));
    expect(whyWords(job({ errors }))).toEqual(["kind_not_consented", "out_of_bounds", "other"]);
  });
});

test("a refusal that this page has no words for is left to those of every page", () => {
  expect(faultWord(new ApiProblem(0, "network"))).toBe("network");
  expect(faultWord(new ApiProblem(401, "unauthenticated"))).toBeNull();
  expect(faultWord(new Error("x"))).toBeNull();
});
