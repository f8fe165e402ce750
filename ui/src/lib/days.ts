// Days as people count them, in a zone: "2026-05-01" and back to moments. Pure.

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, parts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${Object.keys(parts).length}`;
  const known = formatters.get(key) ?? new Intl.DateTimeFormat("en-CA", { timeZone: zone, ...parts });
  formatters.set(key, known);
  return known;
}

const DATE = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
const TIME = { ...DATE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const HALF_A_DAY = 12 * 3_600_000;

export function dayOf(at: number, zone: string): string {
  return formatter(zone, DATE).format(at);
}

/** How far the clock of a zone is ahead of UTC. */
function offset(at: number, zone: string): number {
  const parts = Object.fromEntries(formatter(zone, TIME).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/** The first moment of a day. Where the clock skips midnight, that is later; where midnight comes twice, the first. */
export function startOfDay(day: string, zone: string): number {
  const utc = Date.parse(`${day}T00:00:00Z`);
  const candidates = [utc - offset(utc - HALF_A_DAY, zone), utc - offset(utc + HALF_A_DAY, zone)].sort((a, b) => a - b);
  return candidates.find((at) => dayOf(at, zone) === day) ?? utc;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 2 * HALF_A_DAY).toISOString().slice(0, 10);
}

/** The first moment after a day. */
export function endOfDay(day: string, zone: string): number {
  return startOfDay(addDays(day, 1), zone);
}

/** What a date field or an address may hold. */
export function isDay(text: unknown): text is string {
  return typeof text === "string" && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}
