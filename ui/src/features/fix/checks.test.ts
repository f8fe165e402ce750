import { describe, expect, test } from "vitest";
import { connection, health } from "~/testing/fixtures";
import { enFix } from "~/lib/messages/en-fix";
import { CHECKS, checksOf, supportText, type Facts } from "./checks";

const facts = (change: Partial<Facts> = {}): Facts => ({
  isOnline: true,
  isSignedIn: true,
  connection: connection(),
  health: health(),
  hubOnline: true,
  accountState: undefined,
  whyNot: undefined,
  refused: 0,
  ...change,
});

const troubles = (change: Partial<Facts>) => checksOf(facts(change)).filter((one) => one.result === "trouble").map((one) => one.id);

test("a device that is well has no trouble", () => {
  expect(checksOf(facts()).every((one) => one.result === "well")).toBe(true);
});

describe("one trouble each", () => {
  test.each<[string, Partial<Facts>, string[]]>([
    ["no line", { isOnline: false }, ["online"]],
    ["pairing begun", { connection: connection({ status: "pairing", consent: null }) }, ["pairing", "consent"]],
    ["no consent", { connection: connection({ consent: null }) }, ["consent"]],
    ["hub offline", { hubOnline: false }, ["hub"]],
    ["hub removed", { connection: connection({ status: "disconnected", status_reason: "hub_removed" }), hubOnline: undefined }, ["hub"]],
    ["account gone", { connection: connection({ pairing_method: "vendor_oauth" }), accountState: "needs_reauth" }, ["account"]],
    ["account never there", { connection: connection({ pairing_method: "vendor_oauth" }), accountState: null }, ["account"]],
    ["no Bluetooth", { connection: connection({ pairing_method: "web_bluetooth" }), whyNot: "browser" }, ["bluetooth"]],
    ["Bluetooth switched off", { connection: connection({ pairing_method: "web_bluetooth" }), whyNot: "adapter" }, ["adapter"]],
    ["silent", { health: health({ status: "stale" }) }, ["reading"]],
    ["signed out", { isSignedIn: false }, ["signedIn"]],
    ["refused", { refused: 3 }, ["refused"]],
  ])("%s", (_, change, expected) => {
    expect(troubles(change)).toEqual(expected);
  });
});

test("what is not told could not be checked, and what does not concern the device is left out", () => {
  const checks = checksOf(facts({ health: undefined, hubOnline: undefined, refused: undefined, connection: connection({ battery_pct: null }) }));
  expect(Object.fromEntries(checks.map((one) => [one.id, one.result]))).toEqual({
    online: "well",
    signedIn: "well",
    pairing: "well",
    consent: "well",
    hub: "unknown",
    reading: "unknown",
    refused: "unknown",
  });
});

test.each(CHECKS)("%s has its words and its advice", (id) => {
  expect(enFix).toHaveProperty([`fix.check.${id}`]);
  expect(enFix).toHaveProperty([`fix.advice.${id}`]);
});

test("support learns ids and codes, no name and no value", () => {
  const device = connection({ name: "Kitchen cuff", status: "disconnected", status_reason: "hub_offline" });
  const text = supportText(device, health({ notes: [{ code: "hub_offline", text: "" }] }), checksOf(facts({ connection: device })), [{ id: "e1", at: "2026-11-28T08:00:00Z", kind: "rejected", code: "out_of_bounds" }]);
  expect(text).toContain(device.id);
  expect(text).toContain("disconnected (hub_offline)");
  expect(text).toContain("2026-11-28T08:00:00Z rejected out_of_bounds e1");
  expect(text).not.toContain("Kitchen");
});
