// Times for people. Ages up to a day, then dates; always in the zone of the person whose body it is. Pure; takes `now`.
import type { IntlShape } from "react-intl";
import { say } from "./text";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** "08:30" where the day has 24 hours, "8:30 AM" where it has twice twelve. */
export function hourStyle(locale: string): Intl.DateTimeFormatOptions {
  const isTwelve = hourStyles.get(locale) ?? new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
  hourStyles.set(locale, isTwelve);
  return { hour: isTwelve ? "numeric" : "2-digit", minute: "2-digit" };
}
/** Asking Intl costs more than everything else about a time; long lists ask for each line. */
const hourStyles = new Map<string, boolean>();
const dates: Record<string, Intl.DateTimeFormat> = {};

const dateIn = (timeZone: string) => (dates[timeZone] ??= new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }));

/** Midnight-to-midnight distance in the zone: 0 is today, 1 yesterday. DST days count as one. */
export function daysBetween(then: number, now: number, timeZone: string): number {
  const date = dateIn(timeZone);
  return (Date.parse(date.format(now)) - Date.parse(date.format(then))) / DAY; // "2026-11-28" is a midnight in UTC
}

/** "just now", "4 minutes ago", "3 hours ago"; older than a day: the date and time. */
export function ageText(intl: IntlShape, then: number, now: number, timeZone: string): string {
  const age = now - then;
  if (age < MINUTE && age > -5 * MINUTE) return say(intl, "time.justNow");
  if (age < 0 || age >= DAY) return dayText(intl, then, now, timeZone);
  const [amount, unit] = age < HOUR ? [Math.floor(age / MINUTE), "minute" as const] : [Math.floor(age / HOUR), "hour" as const];
  return intl.formatRelativeTime(-amount, unit, { numeric: "always" });
}

/**
 * "today 08:30", "yesterday 21:04", "12 Nov, 08:30" (with the year when it is another one). `isZoneNamed` for readers
 * who look at somebody else: their clock may be another one.
 */
export function dayText(intl: IntlShape, then: number, now: number, timeZone: string, isZoneNamed = false): string {
  const hours: Intl.DateTimeFormatOptions = { ...hourStyle(intl.locale), timeZoneName: isZoneNamed ? "short" : undefined };
  const time = intl.formatDate(then, { ...hours, timeZone });
  const days = daysBetween(then, now, timeZone);
  if (days === 0) return say(intl, "time.today", { time });
  if (days === 1) return say(intl, "time.yesterday", { time });
  const [year, thisYear] = [then, now].map((at) => dateIn(timeZone).format(at).slice(0, 4));
  return intl.formatDate(then, { day: "numeric", month: "short", year: year === thisYear ? undefined : "numeric", ...hours, timeZone });
}

/** The whole truth, for a tooltip: date, time with seconds, zone. */
export function fullText(intl: IntlShape, at: number, timeZone: string): string {
  return intl.formatDate(at, { dateStyle: "full", timeStyle: "long", timeZone });
}

export function clockText(intl: IntlShape, at: number, timeZone: string): string {
  return intl.formatDate(at, { ...hourStyle(intl.locale), timeZone });
}
