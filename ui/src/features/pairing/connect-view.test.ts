import { describe, expect, test } from "vitest";
import type { PairingProgress } from "~/lib/api-types";
import { byNearness, connectView, HUB_SILENT_MS, signalOf } from "./connect-view";

const found = [{ address: "C0:26:DA:01:7A:4F", name: "Cuff", services: ["1810"], rssi: -52 }];
const progress = (state: PairingProgress["state"], devices = found): PairingProgress => ({ state, found: devices, expires_at: "2026-05-01T09:00:00Z" });
const start = Date.parse("2026-05-01T08:00:00Z");

describe("connectView", () => {
  test.each([
    [undefined, 0, "starting"],
    [progress("waiting"), HUB_SILENT_MS, "starting"],
    [progress("waiting"), HUB_SILENT_MS + 1, "hubSilent"],
    [progress("scanning", []), 0, "searching"],
    [progress("scanning"), 0, "choose"],
    [progress("found"), 0, "choose"],
    [progress("found", []), 0, "nothing"],
    [progress("pairing"), 0, "joining"],
    [progress("done"), 0, "done"],
    [progress("failed"), 0, "failed"],
    [progress("expired"), 0, "expired"],
    [progress("scanning"), 3_600_000, "expired"],
  ] as const)("%j after %d ms", (state, passed, expected) => {
    expect(connectView(state as PairingProgress | undefined, start, start + passed)).toBe(expected);
  });
});

test("signal in words", () => {
  expect([-50, -60, -74, -75, -84, -85, -99, null].map(signalOf)).toEqual(["strong", "good", "good", "weak", "weak", "veryWeak", "veryWeak", null]);
});

test("the nearest device first", () => {
  const list = [{ address: "a" }, { address: "b", rssi: -80 }, { address: "c", rssi: -50 }];

  expect(list.sort(byNearness).map((one) => one.address)).toEqual(["c", "b", "a"]);
});
