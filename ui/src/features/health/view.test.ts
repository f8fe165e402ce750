import { describe, expect, test } from "vitest";
import type { Connection, DeviceHealth } from "~/lib/api-types";
import { enHealth } from "~/lib/messages/en-health";
import { DAY } from "~/lib/time";
import { connection, health } from "~/testing/fixtures";
import { batteriesOf, groupsOf, linePath, matches, missedOf, needOf, NEEDS, rhythmOf, type Row } from "./view";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const ago = (ms: number) => new Date(NOW - ms).toISOString();
const row = (device: Partial<Connection>, state: Partial<DeviceHealth> | null, person: string | null = null): Row => ({
  connection: connection(device),
  health: state === null ? undefined : health(state),
  person,
});

describe("what a device needs", () => {
  test.each<[string, Row, string]>([
    ["silent for three days, and too long for what it is", row({}, { status: "failed", last_seen: ago(3 * DAY) }), "silent"],
    ["silent for three days, which is usual for it", row({}, { status: "ok", last_seen: ago(5 * DAY) }), "well"],
    ["a sensor that is silent for an hour", row({}, { status: "stale", last_seen: ago(3_600_000) }), "quiet"],
    ["a low battery", row({}, { flags: ["low_battery"] }), "look"],
    ["not connected", row({ status: "disconnected" }, {}), "look"],
    ["pairing", row({ status: "pairing" }, { status: "unknown" }), "new"],
    ["never heard", row({}, { status: "unknown" }), "new"],
    ["not told", row({}, null), "well"],
  ])("%s", (_, given, need) => {
    expect(needOf(given, NOW)).toBe(need);
  });
});

test("silent ones stand first, the longest silent on top; what works is last", () => {
  const rows = [
    row({ id: "1", name: "Well" }, {}),
    row({ id: "2", name: "Quiet" }, { status: "stale", last_seen: ago(DAY) }),
    row({ id: "3", name: "Silent" }, { status: "failed", last_seen: ago(4 * DAY) }),
    row({ id: "4", name: "Longer" }, { status: "failed", last_seen: ago(9 * DAY) }),
    row({ id: "5", name: "Low" }, { flags: ["low_battery"] }),
  ];
  expect(groupsOf(rows, NOW).map((group) => [group.need, ...group.rows.map((one) => one.connection.name)])).toEqual([
    ["silent", "Longer", "Silent"],
    ["quiet", "Quiet"],
    ["look", "Low"],
    ["well", "Well"],
  ]);
});

test.each(NEEDS)("%s has a heading", (need) => {
  expect(enHealth).toHaveProperty([`health.need.${need}`]);
});

test("a person or a device is found by parts of their names", () => {
  expect(matches(row({ name: "Kitchen cuff" }, null, "patient-1"), "PATIENT kit")).toBe(true);
  expect(matches(row({ name: "Kitchen cuff" }, null, "patient-1"), "scale")).toBe(false);
  expect(matches(row({}, null), "")).toBe(true);
});

test("a rhythm is told in the largest unit that it fills", () => {
  expect([300, 3600, 86400, 604800].map(rhythmOf)).toEqual([
    { unit: "minute", count: 5 },
    { unit: "hour", count: 1 },
    { unit: "day", count: 1 },
    { unit: "day", count: 7 },
  ]);
});

test.each<[string, Partial<DeviceHealth> | null, number]>([
  ["three days of a daily rhythm", { status: "failed", last_seen: ago(3.5 * DAY) }, 3],
  ["an hour of a sensor", { status: "stale", last_seen: ago(3_600_000), expected_every_s: 300 }, 12],
  ["silent for as long as is usual", { status: "ok", last_seen: ago(5 * DAY) }, 0],
  ["of no known rhythm", { status: "failed", last_seen: ago(5 * DAY), expected_every_s: null }, 0],
  ["never heard", { status: "failed", last_seen: null }, 0],
  ["not told", null, 0],
])("readings missed: %s", (_, state, missed) => {
  expect(missedOf(row({}, state), NOW)).toBe(missed);
});

test("the battery over the days, oldest first, without what was not said", () => {
  const point = (at: string, battery_pct: number | null) => ({ at, battery_pct, rssi: null, status: "ok" as const });
  const points = batteriesOf({ history: [point("2026-11-03T00:00:00Z", 50), point("2026-11-02T00:00:00Z", null), point("2026-11-01T00:00:00Z", 100)] });
  expect(points.map((one) => one.percent)).toEqual([100, 50]);
  expect(linePath(points, 200, 40)).toBe("M0.0 0.0L200.0 20.0");
});
