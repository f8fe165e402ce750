import { describe, expect, test } from "vitest";
import { reading } from "~/testing/fixtures";
import { clockOf, recordingsOf } from "./recordings";
import { FILTERS, peaksOf, seekTo, skipped } from "./sound";

describe("the picture of a sound", () => {
  test("is the loudest of each stretch, against the loudest of all", () => {
    expect(Array.from(peaksOf(Float32Array.from([0.1, -0.2, 0.4, 0, 0, 0.1]), 3))).toEqual([0.5, 1, 0.25]);
  });

  test("of silence is flat", () => {
    expect(Array.from(peaksOf(new Float32Array(4), 2))).toEqual([0, 0]);
  });

  test("has no hole when there are fewer samples than strokes", () => {
    expect(Array.from(peaksOf(Float32Array.from([1, 0.5]), 4))).toEqual([1, 1, 0.5, 0.5]);
  });
});

test.each([
  ["ArrowRight", 5],
  ["ArrowLeft", 3],
  ["PageUp", 9],
  ["PageDown", 0],
  ["Home", 0],
  ["End", 10],
  ["x", undefined],
])("the key %s leads from second 4 of 10 on", (key, at) => {
  expect(seekTo(key, 4, 10)).toBe(at);
});

test("skipping stays within the sound", () => {
  expect([skipped(2, -5, 10), skipped(2, 5, 10), skipped(8, 5, 10)]).toEqual([0, 7, 10]);
});

test("the bell lets low sounds through and the diaphragm higher ones", () => {
  const [bell, diaphragm] = [FILTERS.bell, FILTERS.diaphragm].map((filters) => filters.map(({ frequency }) => frequency));
  expect(bell?.[1]).toBeLessThan(diaphragm?.[1] ?? 0);
  expect(bell?.[0]).toBeLessThan(diaphragm?.[0] ?? 0);
});

describe("recordings", () => {
  const mark = (id: string, at: string, readings: Record<string, unknown>) => ({ at: Date.parse(at), reading: reading(id, at, { readings }) });

  test("are those readings that have a file, newest first", () => {
    const marks = [
      mark("a", "2026-05-01T08:00:00Z", { stethoscope_audio_url: "s3://box/objects/c1/u1" }),
      mark("b", "2026-05-02T08:00:00Z", { stethoscope_findings: ["normal"] }),
      mark("c", "2026-05-03T08:00:00Z", { ecg: { waveform_url: "s3://box/objects/c1/u3", classification: "sinus_rhythm" } }),
    ];

    expect(recordingsOf(marks).map(({ kind, uploadId, reading: { id } }) => [kind, uploadId, id])).toEqual([
      ["trace", "u3", "c"],
      ["sound", "u1", "a"],
    ]);
  });

  test("have a length like a clock", () => {
    expect([0, 7.9, 65, 750].map(clockOf)).toEqual(["0:00", "0:07", "1:05", "12:30"]);
  });
});
