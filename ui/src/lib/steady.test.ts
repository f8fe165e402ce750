import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSteady } from "./steady";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const steady = (first: number) =>
  renderHook(({ value }) => useSteady(value, 1000, (shown, now) => now < shown), { initialProps: { value: first } });
const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

test("what streams in is shown once a second, and the last of it always", () => {
  const { result, rerender } = steady(0);
  pass(5000);
  const seen = new Set<number>();
  for (let value = 1; value <= 20; value += 1) {
    rerender({ value });
    pass(100);
    seen.add(result.current);
  }
  expect(seen.size).toBeLessThanOrEqual(4);
  pass(1000);
  expect(result.current).toBe(20);
});

test("what cannot wait is shown in the same moment", () => {
  const { result, rerender } = steady(5);
  rerender({ value: 1 });
  expect(result.current).toBe(1);
});
