import { describe, expect, test } from "vitest";
import codes from "~/generated/causes.json";
import { enFix } from "~/lib/messages/en-fix";
import { DEVICE_TYPES } from "~/lib/kinds";
import { connection, health } from "~/testing/fixtures";
import { checkOf, eventAdvice, EVENTS, eventWords, NOTES, REASONS, REFUSALS, refusalOf, refusedOf } from "./causes";
import { CHECKS, checksOf } from "./checks";
import { stepsOf } from "./steps";

const sorted = (table: object) => Object.keys(table).sort();

describe("every code of the contract leads to one piece of advice, and no other code stands here", () => {
  test.each([
    ["notes", NOTES],
    ["reasons", REASONS],
    ["events", EVENTS],
    ["refusals", REFUSALS],
  ] as const)("%s", (name, table) => {
    expect(sorted(table)).toEqual(codes[name]);
  });

  test.each(Object.values({ ...NOTES, ...REASONS, ...EVENTS }).filter((advice) => advice !== null))("%s has its words and its check", (advice) => {
    expect(enFix).toHaveProperty([`fix.advice.${advice}`]);
    expect(CHECKS).toContain(checkOf(advice));
  });

  test.each(codes.events)("event %s has its words", (code) => {
    const [kind, rest] = code.includes(":") ? code.split(":") : ["connection", code];
    expect(eventWords({ kind: kind!, code: rest! })).toBe(`fix.event.${code.replace(":", ".")}`);
  });
});

const checks = (reason: string | null, notes: string[]) =>
  checksOf({
    isOnline: true, isSignedIn: true, connection: connection({ status_reason: reason }), health: health({ notes: notes.map((code) => ({ code, text: "" })) }), hubOnline: true,
    accountState: undefined, whyNot: undefined, refused: 0,
  });

describe("what the platform says is the matter stands among the checks, with its advice", () => {
  test.each(codes.notes)("note %s", (code) => {
    expect(checks(null, [code]).filter((one) => one.result === "trouble")).toMatchObject([{ advice: NOTES[code] }]);
  });

  test.each(codes.reasons)("reason %s", (code) => {
    expect(checks(code, []).filter((one) => one.result === "trouble")).toMatchObject([{ advice: REASONS[code] }]);
  });

  test("two words about one check are one check, and the connection's comes first", () => {
    expect(checks("health_failed", ["silent"]).filter((one) => one.result === "trouble")).toMatchObject([{ id: "reading", advice: "reading.long" }]);
  });

  test("a code that is new leads to a person", () => {
    expect(checks(null, ["made_up_later"]).filter((one) => one.result === "trouble")).toMatchObject([{ id: "other" }]);
    expect(eventAdvice({ kind: "connection", code: "made_up_later" })).toBe("other");
    expect(eventWords({ kind: "connection", code: "made_up_later" })).toBe("fix.event.other");
    expect(refusalOf("made_up_later")).toBe("other");
  });
});

test("what was refused is counted by reason, the most frequent first", () => {
  const events = ["out_of_bounds", "gatt_truncated", "invalid_hex", "invalid_json", "gatt_bad_crc", "wrong_type"].map((code) => ({ kind: "rejected", code }));
  expect(refusedOf([...events, { kind: "status", code: "connected" }])).toEqual([
    { refusal: "unreadable", count: 3 },
    { refusal: "undecoded", count: 2 },
    { refusal: "bounds", count: 1 },
  ]);
});

test.each(DEVICE_TYPES)("a %s on a hub has three steps that have words", (type) => {
  for (const step of stepsOf("hub", type)) expect(enFix).toHaveProperty([step]);
});
