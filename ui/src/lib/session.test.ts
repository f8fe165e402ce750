import { describe, expect, test } from "vitest";
import { IDLE_MS, KEEP_ALIVE_MS, needsKeepAlive, safeNext, sessionPhase, signInUrl, WARN_MS } from "./session";

describe("sessionPhase", () => {
  test.each([
    [0, "active"],
    [WARN_MS - 1, "active"],
    [WARN_MS, "warning"],
    [IDLE_MS - 1, "warning"],
    [IDLE_MS, "over"],
    [IDLE_MS * 10, "over"],
  ])("%d ms without a touch", (idle, expected) => {
    expect(sessionPhase(1000, 1000 + idle)).toBe(expected);
  });
});

describe("needsKeepAlive", () => {
  test("only when a person has used the page since the server last heard of it", () => {
    expect(needsKeepAlive(KEEP_ALIVE_MS + 1, 0, KEEP_ALIVE_MS + 1)).toBe(true);
    expect(needsKeepAlive(0, 0, KEEP_ALIVE_MS + 1)).toBe(false);
    expect(needsKeepAlive(50, 0, 60)).toBe(false);
  });
});

describe("safeNext", () => {
  test.each([
    ["/devices/1?range=7d", "/devices/1?range=7d"],
    [undefined, "/devices"],
    ["https://elsewhere.example", "/devices"],
    ["//elsewhere.example", "/devices"],
    ["/\\elsewhere.example", "/devices"],
    ["/signed-out", "/devices"],
    ["/sign-in?next=/x", "/devices"],
  ])("%s", (next, expected) => {
    expect(safeNext(next)).toBe(expected);
  });

  test("goes into the link escaped", () => {
    expect(signInUrl("/devices/1?range=7d")).toBe("/auth/login?next=%2Fdevices%2F1%3Frange%3D7d");
  });
});
