import "fake-indexeddb/auto";
import { openDB } from "idb";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { GattMessage } from "~/lib/api-types";
import { ApiProblem } from "~/lib/problem";
import { server } from "~/testing/server";
import { KEEP_COUNT, KEEP_MS, Outbox } from "./outbox";
import { isFinal, Sender } from "./sender";

beforeEach(() => server.use(http.all("*", () => HttpResponse.error()))); // no network

let name = "";
let number = 0;
beforeEach(() => {
  number += 1;
  name = `outbox-${number}`;
});

const message = (value: string): GattMessage => ({
  device_connection_id: "11111111-1111-1111-1111-111111111111",
  service: "1810",
  characteristic: "2a35",
  value,
  received_at: "2026-11-28T08:00:00Z",
  event_id: value,
});

describe("what waits", () => {
  test("comes back in order, until it is removed, for its owner only", async () => {
    const outbox = new Outbox(name);
    for (const value of ["01", "02", "03"]) expect(await outbox.add("ana", message(value))).toBe(true);
    await outbox.add("ben", message("99"));
    const waiting = await outbox.waiting("ana");
    expect(waiting.map((one) => one.message.value)).toEqual(["01", "02", "03"]);
    await outbox.remove([waiting[0]?.id ?? -1]);
    expect((await outbox.waiting("ana")).map((one) => one.message.value)).toEqual(["02", "03"]);
    expect(await outbox.count("ben")).toBe(1);
  });

  test("is still there for the next page, and cannot be read at rest", async () => {
    await new Outbox(name).add("ana", message("0478006000"));
    expect((await new Outbox(name).waiting("ana"))[0]?.message.value).toBe("0478006000");
    const db = await openDB(name, 1);
    const [row] = await db.getAll("values");
    expect(new TextDecoder().decode(row.sealed)).not.toContain("0478006000");
    const key = (await db.get("keys", "outbox")) as CryptoKey;
    expect(key.extractable).toBe(false);
  });

  test("is dropped after seven days, and no more than five hundred are taken", async () => {
    let now = 1_000_000;
    const outbox = new Outbox(name, () => now);
    await outbox.add("ana", message("01"));
    now += KEEP_MS + 1;
    expect(await outbox.waiting("ana")).toEqual([]);
    expect(await outbox.count("ana")).toBe(0);
    for (let count = 0; count < KEEP_COUNT; count += 1) await outbox.add("ana", message(String(count)));
    expect(await outbox.add("ana", message("one too many"))).toBe(false);
    expect(await outbox.count("ana")).toBe(KEEP_COUNT);
  });

  test("keeps nothing at sign-out when all is sent, and what is not sent for the person alone", async () => {
    const outbox = new Outbox(name);
    await outbox.add("ana", message("01"));
    await outbox.leave();
    expect((await outbox.waiting("ana")).map((one) => one.message.value)).toEqual(["01"]);
    expect(await outbox.waiting("ben")).toEqual([]);
    await outbox.remove((await outbox.waiting("ana")).map((one) => one.id));
    await outbox.leave();
    expect(await (await openDB(name, 1)).count("keys")).toBe(0);
    expect(await outbox.add("ana", message("02"))).toBe(true);
  });
});

describe("sending", () => {
  test("nothing leaves before it is confirmed, and then in order and once", async () => {
    const outbox = new Outbox(name);
    const handed: string[][] = [];
    let isAway = true;
    const sender = new Sender(outbox, "ana", async (messages) => {
      if (isAway) throw new ApiProblem(0, "network");
      handed.push(messages.map((one) => one.value));
      return { refused: 0 };
    });
    for (const value of ["01", "02", "03"]) await sender.add(message(value));
    await sender.flush();
    expect(sender.state()).toMatchObject({ waiting: 3, saved: 0, isAway: true });
    isAway = false;
    await sender.flush();
    expect(handed.flat()).toEqual(["01", "02", "03"]);
    expect(sender.state()).toEqual({ waiting: 0, saved: 3, refused: 0, isAway: false, isFull: false });
    await sender.flush();
    expect(handed.flat()).toHaveLength(3);
    sender.stop();
  });

  test("what comes while others are on their way goes with the next", async () => {
    const outbox = new Outbox(name);
    const handed: string[][] = [];
    let release: () => void = () => {};
    const first = new Promise<void>((done) => (release = done));
    const sender = new Sender(outbox, "ana", async (messages) => {
      if (handed.length === 0) await first;
      handed.push(messages.map((one) => one.value));
      return { refused: 0 };
    });
    await sender.add(message("01"));
    await sender.add(message("02"));
    const done = sender.flush();
    release();
    await done;
    expect(handed.flat().sort()).toEqual(["01", "02"]);
    expect(new Set(handed.flat()).size).toBe(2);
    expect(sender.state().waiting).toBe(0);
  });

  test("values that come at once keep their order", async () => {
    const handed: string[] = [];
    const sender = new Sender(new Outbox(name), "ana", async (messages) => {
      handed.push(...messages.map((one) => one.value));
      return { refused: 0 };
    });
    const values = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));
    await Promise.all(values.map((value) => sender.add(message(value))));
    await sender.flush();
    expect(handed).toEqual(values);
  });

  test("a full browser makes room where there is a line, and says so where there is none", async () => {
    let isAway = false;
    const outbox = new Outbox(name);
    for (let count = 0; count < KEEP_COUNT; count += 1) await outbox.add("ana", message(String(count)));
    const handed: string[] = [];
    const sender = new Sender(outbox, "ana", async (messages) => {
      if (isAway) throw new ApiProblem(0, "network");
      handed.push(...messages.map((one) => one.value));
      return { refused: 0 };
    });
    expect(await sender.add(message("last"))).toBe(true);
    await sender.flush();
    expect(handed).toHaveLength(KEEP_COUNT + 1);
    isAway = true;
    for (let count = 0; count < KEEP_COUNT; count += 1) await outbox.add("ana", message(String(count)));
    expect(await sender.add(message("too much"))).toBe(false);
    expect(sender.state()).toMatchObject({ isFull: true, isAway: true });
    sender.stop();
  });

  test.each([
    [new ApiProblem(403, "consent_revoked"), true],
    [new ApiProblem(404, "not_found"), true],
    [new ApiProblem(422, "invalid_hex"), true],
    [new ApiProblem(403, "csrf"), false],
    [new ApiProblem(401, "unauthenticated"), false],
    [new ApiProblem(429, "rate_limited"), false],
    [new ApiProblem(503, "unavailable"), false],
    [new ApiProblem(0, "network"), false],
    [new TypeError("x"), false],
  ])("%s is an answer for good: %s", (error, expected) => {
    expect(isFinal(error)).toBe(expected);
  });

  test("without a session it waits for the next visit instead of asking on and on", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let asked = 0;
      const sender = new Sender(new Outbox(name), "ana", async () => {
        asked += 1;
        throw new ApiProblem(401, "unauthenticated");
      });
      await sender.add(message("01"));
      await sender.flush();
      const before = asked;
      vi.advanceTimersByTime(120_000);
      expect(asked).toBe(before);
      expect(sender.state()).toMatchObject({ waiting: 1, isAway: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test("a refusal for good is counted and does not come again", async () => {
    const outbox = new Outbox(name);
    const sender = new Sender(outbox, "ana", async () => ({ refused: 1 }));
    await sender.add(message("01"));
    await sender.flush();
    expect(sender.state()).toEqual({ waiting: 0, saved: 0, refused: 1, isAway: false, isFull: false });
    sender.begin();
    expect(sender.state().refused).toBe(0);
  });

  test("it tries again by itself, and what a reload left is sent by the next page", async () => {
    const away = new Sender(new Outbox(name), "ana", () => Promise.reject(new ApiProblem(503, "unavailable")));
    await away.add(message("01"));
    await away.flush();
    away.stop();
    const handed: string[] = [];
    const next = new Sender(new Outbox(name), "ana", async (messages) => {
      handed.push(...messages.map((one) => one.value));
      return { refused: 0 };
    });
    await next.flush();
    expect(handed).toEqual(["01"]);
  });
});
