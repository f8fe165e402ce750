import { describe, expect, test } from "vitest";
import { addDays, dayOf, endOfDay, isDay, startOfDay } from "./days";

const iso = (at: number) => new Date(at).toISOString();

describe("a day begins and ends where the person is", () => {
  test.each([
    ["2026-05-01", "Europe/Berlin", "2026-04-30T22:00:00.000Z"],
    ["2026-05-01", "America/New_York", "2026-05-01T04:00:00.000Z"],
    ["2026-05-01", "Asia/Kathmandu", "2026-04-30T18:15:00.000Z"],
    ["2026-05-01", "Pacific/Kiritimati", "2026-04-30T10:00:00.000Z"],
    ["2026-05-01", "UTC", "2026-05-01T00:00:00.000Z"],
    // The night on which clocks change, and the ones beside it.
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    // Midnight is skipped: the day begins at one.
    ["2024-04-26", "Africa/Cairo", "2024-04-25T22:00:00.000Z"],
    // Midnight comes twice: the first counts.
    ["2024-11-03", "America/Havana", "2024-11-03T04:00:00.000Z"],
  ])("%s in %s", (day, zone, begin) => {
    expect(iso(startOfDay(day, zone))).toBe(begin);
    expect(dayOf(startOfDay(day, zone), zone)).toBe(day);
    expect(dayOf(startOfDay(day, zone) - 1, zone)).toBe(addDays(day, -1));
    expect(dayOf(endOfDay(day, zone) - 1, zone)).toBe(day);
  });
});

test("days are counted over months and leap years", () => {
  expect(addDays("2024-02-28", 1)).toBe("2024-02-29");
  expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
});

test.each([["2026-05-01", true], ["2026-13-01", false], ["tomorrow", false], [20260501, false], ["", false]])("%s is a day: %s", (text, is) => {
  expect(isDay(text)).toBe(is);
});
