import "fake-indexeddb/auto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ApiProblem } from "~/lib/problem";
import { DAY } from "~/lib/time";
import { Memory } from "./memory";
import type { HealthStore, Sample } from "./store";
import { BATCH, FIRST_DAYS, syncStore, type Batch, type SyncPlan } from "./sync";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const CONNECTION = "0190f3a0-0000-7000-8000-0000000000d1";
let count = 0;
let kept: Sample[] = [];
let batches: Batch[] = [];
let plan: SyncPlan;

const weight = (id: string, daysAgo: number, value = 72): Sample => {
  const at = new Date(NOW - daysAgo * DAY).toISOString();
  return { dataType: "weight", value, unit: "kilogram", startDate: at, endDate: at, platformId: id };
};
const within = (since: Date, until: Date) => kept.filter(({ startDate }) => Date.parse(startDate) >= since.getTime() && Date.parse(startDate) < until.getTime());
const store = {
  read: vi.fn((_type: string, since: Date, until: Date) => Promise.resolve({ samples: within(since, until), isWhole: true })),
};
const ids = () => batches.flatMap((batch) => batch.records.map((record) => record.id));

beforeEach(() => {
  kept = [];
  batches = [];
  count += 1;
  store.read.mockClear();
  plan = {
    store: store as unknown as HealthStore,
    name: "healthkit",
    memory: new Memory(`health-${count}`),
    connectionId: CONNECTION,
    types: ["weight"],
    now: NOW,
    send: (batch) => {
      batches.push(batch);
      return Promise.resolve({ accepted: batch.records.length, duplicates: 0, rejected: [] });
    },
  };
});

describe("a phone's health store", () => {
  test("is read back so far as it shows, and each record is sent once", async () => {
    kept = [weight("old", FIRST_DAYS + 2), weight("a", 20), weight("b", 1)];

    expect(await syncStore(plan)).toEqual({ accepted: 2, rejected: 0, deleted: 0 });
    expect(ids()).toEqual(["a", "b"]);
    expect(await syncStore(plan)).toEqual({ accepted: 0, rejected: 0, deleted: 0 });
    expect(batches).toHaveLength(2);
  });

  test("after a line that dropped goes on with the day it dropped in", async () => {
    kept = [weight("a", 20), weight("b", 10), weight("c", 1)];
    const send = plan.send;
    let calls = 0;
    const dropping: SyncPlan = { ...plan, send: (batch) => ((calls += 1) === 2 ? Promise.reject(new ApiProblem(0, "network")) : send(batch)) };

    await expect(syncStore(dropping)).rejects.toMatchObject({ code: "network" });
    expect(ids()).toEqual(["a"]);
    store.read.mockClear();
    await syncStore(plan);
    expect(ids()).toEqual(["a", "b", "c"]);
    expect(store.read.mock.calls[0]?.[1].getTime()).toBeGreaterThan(NOW - FIRST_DAYS * DAY);
  });

  test("tells what was corrected and what was deleted in the last days", async () => {
    kept = [weight("a", 3), weight("b", 3)];
    await syncStore(plan);
    kept = [weight("b", 3, 74)];

    expect(await syncStore({ ...plan, now: NOW + 1000 })).toEqual({ accepted: 1, rejected: 0, deleted: 1 });
    expect(batches.at(-1)).toMatchObject({ deletions: ["a"], records: [{ id: "b", value: 74 }] });
  });

  test("is sent in batches that the platform takes, each with how far it is", async () => {
    kept = Array.from({ length: BATCH + 1 }, (_, at) => weight(`w-${at}`, 0.5));
    await syncStore(plan);

    expect(batches.map(({ records }) => records.length)).toEqual([BATCH, 1]);
    expect(batches[0]?.anchor).toBe(new Date(NOW).toISOString());
  });

  test("nothing of it rests on the phone but times, ids and prints", async () => {
    kept = [weight("a", 1, 72.125)];
    await syncStore(plan);

    expect(JSON.stringify(await plan.memory.get(CONNECTION, "weight"))).not.toContain("72.125");
    await plan.memory.clear();
    expect(await plan.memory.get(CONNECTION, "weight")).toBeNull();
  });
});
