import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, test } from "vitest";
import { connectedIntegration, connection, integration, job, PATIENT, reading } from "~/testing/fixtures";
import type { Connection, Integration, ReadingItem, SyncJob } from "./api-types";
import { keys } from "./keys";
import { applyFrames, newerJob } from "./live-cache";
import type { LatestMap, Series } from "./readings";

const OTHER = "0190f3a0-0000-7000-8000-000000000002";
const { id } = connection();
let client: QueryClient;

const list = () => client.getQueryData<Connection[]>(keys.connections(PATIENT));
const say = (...frames: Parameters<typeof applyFrames>[2][number][]) => applyFrames(client, PATIENT, frames);
const arrives = (item: ReadingItem, patientId = PATIENT) => ({ type: "reading" as const, patient_id: patientId, reading: item });

beforeEach(() => {
  client = new QueryClient();
  client.setQueryData(keys.connections(PATIENT), [connection()]);
});

describe("a reading", () => {
  const at = "2026-05-01T08:30:00Z";

  test("reaches the list, the latest values, the newest and every open chart", () => {
    client.setQueryData<ReadingItem[]>(keys.newest(PATIENT, id), []);
    client.setQueryData<LatestMap>(keys.latest(PATIENT, id), {});
    client.setQueryData<Series>(keys.series(PATIENT, id, "blood_pressure", "7d"), { resolution: "raw", items: [], points: {} });

    say(arrives(reading("r1", at)));

    expect(list()?.[0]).toMatchObject({ last_reading_at: at, battery_pct: 74 });
    expect(client.getQueryData<LatestMap>(keys.latest(PATIENT, id))?.blood_pressure?.id).toBe("r1");
    expect(client.getQueryData<ReadingItem[]>(keys.newest(PATIENT, id))).toHaveLength(1);
    expect(client.getQueryData<Series>(keys.series(PATIENT, id, "blood_pressure", "7d"))?.items).toHaveLength(1);
  });

  test("of an unknown person makes the list of those be asked again, and so does the word about one of them", () => {
    const inbox = [...keys.patient(PATIENT), "ambiguous"];
    const isStale = () => client.getQueryState(inbox)?.isInvalidated;
    const waits = (...items: ReadingItem[]) => client.setQueryData(inbox, { pages: [{ items }], pageParams: [null] });
    const doubtful = reading("r1", at, { meta: { ambiguous_user: true } });
    waits();

    say(arrives(reading("r2", at)));
    expect(isStale()).toBe(false);
    say(arrives(doubtful));
    expect(isStale()).toBe(true);
    waits(doubtful);
    say(arrives(reading("r1", at)));
    expect(isStale()).toBe(true);
  });

  test("stands in no chart of whole days: that is asked again", () => {
    const days: Series = { resolution: "1d", items: [], points: {}, isDaily: true };
    client.setQueryData<Series>(keys.series(PATIENT, id, "spo2", "30d"), days);

    say(arrives(reading("r1", at)));

    expect(client.getQueryData(keys.series(PATIENT, id, "spo2", "30d"))).toBe(days);
    expect(client.getQueryState(keys.series(PATIENT, id, "spo2", "30d"))?.isInvalidated).toBe(true);
  });

  test("that is late does not turn the clock of the list back", () => {
    client.setQueryData(keys.connections(PATIENT), [connection({ last_reading_at: at, battery_pct: 60 })]);

    say(arrives(reading("r0", "2026-04-30T08:30:00Z")));

    expect(list()?.[0]).toMatchObject({ last_reading_at: at, battery_pct: 60 });
  });

  test("of doubtful owner or clock is not the latest value", () => {
    client.setQueryData<LatestMap>(keys.latest(PATIENT, id), {});

    say(arrives(reading("r1", at, { meta: { ambiguous_user: true } })), arrives(reading("r2", at, { meta: { clock_suspect: true } })));

    expect(client.getQueryData(keys.latest(PATIENT, id))).toEqual({});
  });

  test("makes no query that no screen has asked for", () => {
    say(arrives(reading("r1", at)));

    expect(client.getQueryCache().findAll({ queryKey: keys.device(PATIENT, id) })).toEqual([]);
  });
});

test("a status is shown as the server says it", () => {
  say({ type: "status", device_connection_id: id, status: "disconnected", status_reason: "hub_offline" });

  expect(list()?.[0]).toMatchObject({ status: "disconnected", status_reason: "hub_offline" });
});

test("a removed device leaves the list", () => {
  say({ type: "status", device_connection_id: id, status: "revoked" });

  expect(list()).toEqual([]);
});

test("a withdrawn consent removes what was shared, it does not refetch it", () => {
  const theirs = connection({ id: "c2", patient_id: OTHER });
  client.setQueryData(keys.connections(PATIENT), [connection(), theirs]);
  client.setQueryData(keys.latest(OTHER, "c2"), { blood_pressure: {} });

  say({ type: "revoked", patient_id: OTHER, data_kinds: null });

  expect(client.getQueryCache().findAll({ queryKey: keys.patient(OTHER) })).toEqual([]);
  expect(list()?.map((one) => one.id)).toEqual([id]);
});

test("a gap makes what is on screen stale", () => {
  client.setQueryData(keys.latest(PATIENT, id), {});

  say({ type: "gap", from: null, to: null, patient_id: PATIENT });

  expect(client.getQueryState(keys.latest(PATIENT, id))?.isInvalidated).toBe(true);
});

describe("the progress of a sync", () => {
  const key = keys.integrations(PATIENT);
  const jobs = () => client.getQueryData<Integration[]>(key)?.map((one) => one.job);
  const progress = (change: Partial<SyncJob>) => ({ type: "sync_progress" as const, job: job(change) });
  const isStale = () => client.getQueryState(key)?.isInvalidated;

  beforeEach(() => {
    client.setQueryData(key, [connectedIntegration(), integration({ vendor: "dexcom" })]);
  });

  test("reaches the account that it belongs to", () => {
    say(progress({ done: 2 }));

    expect(jobs()).toEqual([job({ done: 2 }), null]);
    expect(isStale()).toBe(false);
  });

  test("that is finished makes the account be asked again: more than the job has changed", () => {
    say(progress({ done: 4, state: "done" }));

    expect(jobs()?.[0]?.state).toBe("done");
    expect(isStale()).toBe(true);
  });

  test("of a connection that nobody knows yet makes the list be asked again", () => {
    say(progress({ device_connection_id: "new" }));

    expect(jobs()).toEqual([null, null]);
    expect(isStale()).toBe(true);
  });

  test.each([
    ["a later step", job({ done: 1 }), job({ done: 2 }), 2],
    ["a step that comes late", job({ done: 3 }), job({ done: 2 }), 3],
    ["a step after the end", job({ done: 4, state: "done" }), job({ done: 4 }), 4],
    ["the end", job({ done: 3 }), job({ done: 4, state: "done" }), 4],
    ["a job of before", job({ job_id: "f2", done: 0 }), job({ job_id: "f1", done: 4 }), 0],
    ["the next job", job({ job_id: "f1", done: 4, state: "done" }), job({ job_id: "f2", done: 0 }), 0],
  ])("%s", (_what, known, coming, done) => {
    expect(newerJob(known, coming).done).toBe(done);
  });

  test("what is over stays over", () => {
    expect(newerJob(job({ state: "done", done: 4 }), job({ done: 4 })).state).toBe("done");
  });
});
