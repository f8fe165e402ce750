import { createIntl } from "react-intl";
import { describe, expect, test } from "vitest";
import { en } from "./messages/en";
import { ageText, DAY, daysBetween, dayText, HOUR, MINUTE } from "./time";

const intl = createIntl({ locale: "en-GB", messages: en });
const american = createIntl({ locale: "en-US", messages: en });
const now = Date.parse("2026-11-25T07:00:00Z"); // 08:00 in Berlin, 02:00 in New York

describe("ageText", () => {
  test.each([
    [10_000, "just now"],
    [-30_000, "just now"],
    [MINUTE, "1 minute ago"],
    [4 * MINUTE, "4 minutes ago"],
    [HOUR, "1 hour ago"],
    [23 * HOUR + 59 * MINUTE, "23 hours ago"],
    [DAY, "yesterday 08:00"],
    [3 * DAY, "22 Nov, 08:00"],
  ])("%d ms ago", (age, expected) => {
    expect(ageText(intl, now - age, now, "Europe/Berlin")).toBe(expected);
  });
});

describe("dayText", () => {
  test("today is today where the person lives", () => {
    const then = Date.parse("2026-11-25T00:30:00Z"); // 01:30 in Berlin, still the 24th in New York

    expect(dayText(intl, then, now, "Europe/Berlin")).toBe("today 01:30");
    expect(dayText(intl, then, now, "America/New_York")).toBe("yesterday 19:30");
  });

  test("hours are written as the reader writes them", () => {
    expect(dayText(american, now, now, "Europe/Berlin")).toMatch(/^today 8:00\sAM$/);
  });

  test("the zone is named for who looks at somebody else", () => {
    expect(dayText(intl, now, now, "Europe/Berlin", true)).toBe("today 08:00 CET");
    expect(dayText(intl, now - 3 * DAY, now, "UTC", true)).toBe("22 Nov, 07:00 UTC");
  });

  test("another year is named", () => {
    expect(dayText(intl, Date.parse("2025-11-12T07:30:00Z"), now, "Europe/Berlin")).toBe("12 Nov 2025, 08:30");
    const lastYear = Date.parse("2026-01-01T04:00:00Z"); // still New Year's Eve in New York
    expect(dayText(intl, lastYear, now, "America/New_York")).toBe("31 Dec 2025, 23:00");
    expect(dayText(intl, lastYear, now, "UTC")).toBe("1 Jan, 04:00");
  });
});

describe("daysBetween", () => {
  test.each([
    ["the 23-hour day", "2026-03-28T23:30:00Z", "2026-03-29T22:30:00Z", 1],
    ["the 25-hour day", "2026-10-24T22:30:00Z", "2026-10-25T23:30:00Z", 1],
    ["25 hours later on the same long day", "2026-10-24T22:10:00Z", "2026-10-25T22:50:00Z", 0],
  ])("%s", (_name, then, later, expected) => {
    expect(daysBetween(Date.parse(then), Date.parse(later), "Europe/Berlin")).toBe(expected);
  });
});
