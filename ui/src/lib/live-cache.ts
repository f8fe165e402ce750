// Live frames become cached data here: one write per key and batch. The cache stays the only source that screens read.
import type { Query, QueryClient } from "@tanstack/react-query";
import type { Connection, DeviceHealth, Integration, Kind, ReadingItem, SyncJob } from "./api-types";
import { askAgain } from "./ask-again";
import type { Frame } from "./frames";
import { keys } from "./keys";
import { KIND_VIEWS } from "./kind-views";
import { mergeReadings } from "./merge";
import { NEWEST, type LatestMap, type Series } from "./readings";
import { noteStopped } from "./stopped";

type Revoked = Extract<Frame, { type: "revoked" }>;

/** What a day of activity is made of. */
const AMOUNTS = KIND_VIEWS.activity.charted;

/** A reading older than this never belongs to a chart on screen. */
const KEEP = 20_000;

export function applyFrames(client: QueryClient, reader: string, frames: readonly Frame[]): void {
  const readings = new Map<string, { patientId: string; items: ReadingItem[] }>();
  const jobs: SyncJob[] = [];
  const patches = new Map<string, Partial<Connection>>();
  const healths = new Map<string, Record<string, unknown>>();
  const patch = (id: string, change: Partial<Connection>) => patches.set(id, { ...patches.get(id), ...change });

  for (const frame of frames) {
    switch (frame.type) {
      case "reading": {
        const id = frame.reading.device_connection_id;
        const batch = readings.get(id) ?? { patientId: frame.patient_id, items: [] };
        batch.items.push(frame.reading);
        readings.set(id, batch);
        break;
      }
      case "status":
        patch(frame.device_connection_id, { status: frame.status, status_reason: frame.status_reason ?? null });
        void client.invalidateQueries({ queryKey: keys.pairing(frame.device_connection_id) });
        void client.invalidateQueries({ queryKey: keys.integrations(reader) });
        lookAgain(client, frame.device_connection_id);
        break;
      case "sync_progress":
        jobs.push(frame.job);
        break;
      case "health": {
        const battery = frame.health.battery_pct;
        if (typeof battery === "number") patch(frame.device_connection_id, { battery_pct: battery });
        healths.set(frame.device_connection_id, frame.health);
        lookAgain(client, frame.device_connection_id);
        break;
      }
      case "revoked":
        onRevoked(client, reader, frame);
        break;
      case "gap":
        void client.invalidateQueries({ queryKey: keys.patient(frame.patient_id ?? reader) });
        break;
      default:
        break;
    }
  }

  for (const [id, { patientId, items }] of readings) {
    applyReadings(client, patientId, id, items);
    const newest = items.reduce((a, b) => (Date.parse(b.timestamp) > Date.parse(a.timestamp) ? b : a));
    const battery = newest.meta.battery_pct;
    patch(id, { last_reading_at: newest.timestamp, ...(typeof battery === "number" ? { battery_pct: battery } : {}) });
  }
  patchConnections(client, reader, patches);
  applyJobs(client, reader, jobs);
  applyHealths(client, reader, healths);
}

/** The list of how all devices are; one that it does not have yet makes it ask again. */
function applyHealths(client: QueryClient, reader: string, changes: Map<string, Record<string, unknown>>) {
  const key = keys.healths(reader);
  const known = client.getQueryData<DeviceHealth[]>(key);
  if (!known || changes.size === 0) return;
  client.setQueryData<DeviceHealth[]>(key, (all) => all?.map((one) => ({ ...one, ...changes.get(one.device_connection_id) })));
  if ([...changes.keys()].some((id) => !known.some((one) => one.device_connection_id === id))) void client.invalidateQueries({ queryKey: key });
}

/** How a device is and what happened to it is asked for again, where a page shows it: a frame has no words for it. */
function lookAgain(client: QueryClient, id: string) {
  const isOf = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[3] === id && (queryKey[4] === "health" || queryKey[4] === "events");
  void client.invalidateQueries({ queryKey: ["patient"], predicate: isOf });
}

/** How far the syncs are. A finished one has changed more than itself, and an unknown one belongs to something new. */
function applyJobs(client: QueryClient, reader: string, jobs: readonly SyncJob[]) {
  const key = keys.integrations(reader);
  const known = client.getQueryData<Integration[]>(key);
  if (!known || jobs.length === 0) return;
  const isOf = (one: Integration, job: SyncJob) => one.device_connection_ids.includes(job.device_connection_id);
  client.setQueryData<Integration[]>(key, (all) =>
    all?.map((one) => ({ ...one, job: jobs.filter((job) => isOf(one, job)).reduce(newerJob, one.job) })),
  );
  if (jobs.some((job) => isOver(job) || !known.some((one) => isOf(one, job)))) void client.invalidateQueries({ queryKey: key });
}

const isOver = (job: SyncJob) => job.state === "done" || job.state === "failed";

/** Ids of jobs grow with time. What is over stays over, and progress never goes back: frames may come late. */
export function newerJob(known: SyncJob | null, job: SyncJob): SyncJob {
  if (!known || job.job_id > known.job_id) return job;
  if (job.job_id < known.job_id || (isOver(known) && !isOver(job))) return known;
  return isOver(job) || job.done >= known.done ? job : known;
}

function onRevoked(client: QueryClient, reader: string, { patient_id: patientId, data_kinds, device_connection_id: only }: Revoked) {
  void client.invalidateQueries({ queryKey: keys.received(reader) });
  if (patientId === reader) {
    // Somebody's own consent changed: the list says so.
    void client.invalidateQueries({ queryKey: keys.connections(reader) });
    return;
  }
  noteStopped(client, reader, patientId, data_kinds as Kind[] | null, only);
  const key = only ? keys.device(patientId, only) : keys.patient(patientId);
  if (data_kinds === null || only) {
    // Removed, not refetched: nothing of that person may stay on screen, not even until an answer comes.
    client.setQueryData<Connection[]>(keys.connections(reader), (all) =>
      all?.filter((one) => (only ? one.id !== only : one.patient_id !== patientId)),
    );
    client.removeQueries({ queryKey: key });
  } else {
    // Emptied at once; what is still shared comes back with the next answer.
    const lost = new Set(data_kinds);
    const isLost = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[4] !== "series" || lost.has(String(queryKey[5]));
    void client.resetQueries({ queryKey: key, predicate: isLost });
  }
  void client.invalidateQueries({ queryKey: keys.connections(reader) });
}

function applyReadings(client: QueryClient, patientId: string, id: string, items: ReadingItem[]) {
  client.setQueryData<ReadingItem[]>(keys.newest(patientId, id), (known) => known && mergeReadings(known, items, NEWEST));
  client.setQueryData<LatestMap>(keys.latest(patientId, id), (known) => known && mergeLatest(known, items));
  const series = [...keys.device(patientId, id), "series"];
  if (items.some((item) => "glucose_mg_dL" in item.readings)) askAgain(client, [...keys.device(patientId, id), "ranges"]);
  if (items.some((item) => "weight_kg" in item.readings)) void client.invalidateQueries({ queryKey: [...keys.device(patientId, id), "weight-trend"] });
  askAgain(client, [...keys.patient(patientId), "also"]);
  client.setQueriesData<Series>({ queryKey: series }, (known) => {
    if (!known || known.isDaily) return known;
    const merged = mergeReadings(known.items, items, KEEP);
    return merged === known.items ? known : { ...known, items: merged };
  });
  askWhose(client, patientId, items);
  // What the platform counts by days is asked again: a reading beside the day that holds it would be told twice.
  const isDaily = ({ state, queryKey }: Query) => queryKey[5] !== "activity" && (state.data as Series | undefined)?.isDaily === true;
  void client.invalidateQueries({ queryKey: series, predicate: isDaily });
  // A tracker tells its amounts by the minute, and of many days at once; adding them up has its cost.
  if (items.some((item) => AMOUNTS.some((name) => name in item.readings))) askAgain(client, [...series, "activity"]);
}

/** A reading of an unknown person came, or one of those that wait has found its person, perhaps on another screen. */
function askWhose(client: QueryClient, patientId: string, items: readonly ReadingItem[]) {
  const queryKey = [...keys.patient(patientId), "ambiguous"];
  const known = client.getQueryData<{ pages: { items: ReadingItem[] }[] }>(queryKey)?.pages.flatMap((page) => page.items) ?? [];
  const isAbout = (item: ReadingItem) => item.meta.ambiguous_user === true || known.some((one) => one.id === item.id);
  if (items.some(isAbout)) void client.invalidateQueries({ queryKey });
}

/** The latest value of each metric: a reading replaces what is older than itself. */
export function mergeLatest(known: LatestMap, items: readonly ReadingItem[]): LatestMap {
  const next = { ...known };
  for (const item of items) {
    if (item.meta.clock_suspect === true || item.meta.ambiguous_user === true) continue;
    for (const [name, value] of Object.entries(item.readings)) {
      const old = next[name];
      if (old && Date.parse(old.timestamp) > Date.parse(item.timestamp)) continue;
      next[name] = { value, timestamp: item.timestamp, id: item.id, device_connection_id: item.device_connection_id };
    }
  }
  return next;
}

function patchConnections(client: QueryClient, reader: string, patches: Map<string, Partial<Connection>>) {
  if (patches.size === 0) return;
  const key = keys.connections(reader);
  const known = client.getQueryData<Connection[]>(key);
  if (!known) return;
  if ([...patches].some(([id, change]) => change.status && !known.some((one) => one.id === id))) {
    void client.invalidateQueries({ queryKey: key }); // a device that another page has just added
  }
  client.setQueryData<Connection[]>(key, (all) =>
    all
      ?.map((one) => {
        const change = patches.get(one.id);
        if (!change) return one;
        const at = change.last_reading_at;
        const older = at && one.last_reading_at && Date.parse(at) < Date.parse(one.last_reading_at);
        return { ...one, ...change, ...(older ? { last_reading_at: one.last_reading_at, battery_pct: one.battery_pct } : {}) };
      })
      .filter((one) => one.status !== "revoked"),
  );
}
