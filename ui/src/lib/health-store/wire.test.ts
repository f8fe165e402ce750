import { expect, test } from "vitest";
import google from "../../../../vendors/health_connect/fixtures/phone_app.json";
import apple from "../../../../vendors/healthkit/fixtures/phone_app.json";
import type { ReadType, Sample, StoreName } from "./store";
import { recordsOf } from "./wire";

const sample = (id: string, startDate: string, more: Partial<Sample> = {}): Sample => ({
  dataType: "weight", value: 0, unit: "count", startDate, endDate: startDate, platformId: id, ...more,
});
const written = (store: StoreName, all: [ReadType, Sample[]][]) => all.flatMap(([type, samples]) => [...recordsOf(store, type, samples).values()]);

/** The same files are read by the platform's own mapping: what is written here is what is understood there. */
test("what an iPhone says is written as the platform reads it", () => {
  const watch = { sourceName: "Watch" };
  expect(
    written("healthkit", [
      ["bloodPressure", [sample("A-1", "2026-11-20T08:30:00Z", { sourceName: "Cuff", systolic: 128, diastolic: 84 })]],
      ["oxygenSaturation", [sample("A-2", "2026-11-20T08:31:00Z", { ...watch, value: 0.97, unit: "percent" })]],
      ["vo2Max", [sample("A-3", "2026-11-20T08:32:00Z", { ...watch, value: 41.5, unit: "mL/min/kg" })]],
      ["sleep", [sample("A-4", "2026-11-20T02:00:00Z", { ...watch, endDate: "2026-11-20T02:30:00Z", sleepState: "inBed" })]],
    ]),
  ).toEqual(apple.payloads[0]?.records);
});

test("what an Android phone says is written as the platform reads it", () => {
  const watch = { sourceId: "com.example.watch" };
  expect(
    written("health_connect", [
      ["heartRate", [sample("G-1", "2026-11-20T08:00:00Z", { ...watch, value: 61 }), sample("G-1", "2026-11-20T08:00:05Z", { ...watch, value: 63 })]],
      ["bloodPressure", [sample("G-2", "2026-11-20T08:30:00Z", { sourceId: "com.example.cuff", systolic: 128, diastolic: 84 })]],
      ["weight", [sample("G-3", "2026-11-20T08:40:00Z", { sourceId: "com.example.scale", value: 72.4 })]],
      ["steps", [sample("G-4", "2026-11-20T09:00:00Z", { ...watch, endDate: "2026-11-20T09:10:00Z", value: 640 })]],
      [
        "sleep",
        [
          sample("G-5", "2026-11-20T01:00:00Z", {
            ...watch,
            endDate: "2026-11-20T03:00:00Z",
            stages: [
              { startDate: "2026-11-20T01:00:00Z", endDate: "2026-11-20T02:00:00Z", stage: "deep", durationMinutes: 60 },
              { startDate: "2026-11-20T02:00:00Z", endDate: "2026-11-20T03:00:00Z", stage: "light", durationMinutes: 60 },
            ],
          }),
        ],
      ],
    ]),
  ).toEqual(google.payloads[0]?.records);
});

test("a sample that has no id cannot be taken back later, and is not sent", () => {
  expect(recordsOf("healthkit", "weight", [sample("", "2026-11-20T08:00:00Z")]).size).toBe(0);
});
