import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PATIENT, reading } from "~/testing/fixtures";
import { askAgain } from "./ask-again";
import { keys } from "./keys";
import { applyFrames } from "./live-cache";

let client: QueryClient;
const KEY = ["patient", "p", "ranges"];
const asks = (queryKey: readonly unknown[]) => vi.mocked(client.invalidateQueries).mock.calls.filter(([filters]) => JSON.stringify(filters?.queryKey) === JSON.stringify(queryKey)).length;

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  vi.spyOn(client, "invalidateQueries");
});
afterEach(() => {
  vi.useRealTimers();
});

test("a tracker's days are asked again when it tells amounts, a whole night of minutes at once in two questions", () => {
  const days = [...keys.device(PATIENT, reading("s", "2026-05-01T08:00:00Z").device_connection_id), "series", "activity"];
  const say = (n: number, readings: Record<string, unknown>) =>
    applyFrames(client, PATIENT, [{ type: "reading", cursor: `c${n}`, patient_id: PATIENT, reading: reading(`s${n}`, "2026-05-01T08:00:00Z", { readings }) }]);

  say(0, { heart_rate_bpm: 70 });
  expect(asks(days)).toBe(0);
  for (let n = 1; n <= 500; n += 1) say(n, { steps: n });
  expect(asks(days)).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(asks(days)).toBe(2);
});

test("the first is asked at once, those after it together when the minute is over", () => {
  for (let second = 0; second < 60; second += 1) {
    askAgain(client, KEY);
    vi.advanceTimersByTime(1000);
  }
  expect(asks(KEY)).toBe(2);
  vi.advanceTimersByTime(600_000);
  expect(asks(KEY)).toBe(2);
  askAgain(client, KEY);
  expect(asks(KEY)).toBe(3);
});

test("each question and each cache counts for itself", () => {
  const other = new QueryClient();
  const told = vi.spyOn(other, "invalidateQueries");
  askAgain(client, KEY);
  askAgain(client, ["patient", "q", "ranges"]);
  askAgain(other, KEY);

  expect(asks(KEY)).toBe(1);
  expect(asks(["patient", "q", "ranges"])).toBe(1);
  expect(told).toHaveBeenCalledOnce();
});

test("glucose values that stream in ask for the ranges once a minute", () => {
  const value = (number: number) => reading(`g${number}`, new Date(number * 1000).toISOString(), { readings: { glucose_mg_dL: 100 }, meta: {} });
  const ranges = [...keys.device(PATIENT, value(0).device_connection_id), "ranges"];
  for (let number = 0; number < 600; number += 1) {
    applyFrames(client, PATIENT, [{ type: "reading", patient_id: PATIENT, reading: value(number) }]);
    vi.advanceTimersByTime(250);
  }
  // Two minutes and a half: at the beginning and after each minute.
  expect(asks(ranges)).toBe(3);
});
