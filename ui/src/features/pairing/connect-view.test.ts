import { describe, expect, test } from "vitest";
import type { PairingProgress } from "~/lib/api-types";
import { signalOf } from "~/lib/signal";
import { byNearness, connectView } from "./connect-view";

const found = [{ address: "C0:26:DA:01:7A:4F", name: "Cuff", services: ["1810"], rssi: -52 }];
const progress = (state: PairingProgress["state"], change: Partial<PairingProgress> = {}): PairingProgress => ({
  state,
  found: [],
  expires_at: "2026-05-01T09:00:00Z",
  ...change,
});
const start = Date.parse("2026-05-01T08:00:00Z");

describe("connectView", () => {
  test.each([
    [undefined, true, 0, "starting"],
    [progress("waiting"), true, 0, "starting"],
    [progress("waiting", { error: "nothing_found" }), true, 0, "nothing"],
    [progress("waiting", { error: "hub_scan_failed" }), true, 0, "hubTrouble"],
    [progress("scanning"), true, 0, "searching"],
    [progress("scanning"), null, 0, "searching"],
    [progress("scanning"), false, 0, "hubSilent"],
    [progress("scanning", { found }), false, 0, "choose"],
    [progress("found", { found }), true, 0, "choose"],
    [progress("found"), true, 0, "nothing"],
    [progress("pairing"), true, 0, "joining"],
    [progress("done"), true, 0, "done"],
    [progress("failed"), true, 0, "failed"],
    [progress("expired"), true, 0, "expired"],
    [progress("scanning"), true, 3_600_000, "expired"],
  ] as const)("%j, hub online %s, after %d ms", (state, isHubOnline, passed, expected) => {
    expect(connectView(state, isHubOnline, start + passed)).toBe(expected);
  });
});

test("signal in words", () => {
  expect([-50, -60, -74, -75, -84, -85, -99, null].map(signalOf)).toEqual(["strong", "good", "good", "weak", "weak", "veryWeak", "veryWeak", null]);
});

test("the nearest device first", () => {
  const list = [{ address: "a" }, { address: "b", rssi: -80 }, { address: "c", rssi: -50 }];

  expect(list.sort(byNearness).map((one) => one.address)).toEqual(["c", "b", "a"]);
});
