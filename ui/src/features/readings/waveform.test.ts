import { describe, expect, test } from "vitest";
import { lengthOf, moveTo, parseWaveform, sliceAt } from "./waveform";

const numbers = (text: string, hz: number | null = 250) => {
  const wave = parseWaveform(text, hz);
  return wave && { samples: Array.from(wave.samples), hz: wave.hz, unit: wave.unit };
};

describe("an ECG's file", () => {
  test("is a list of numbers at the reading's rate", () => {
    expect(numbers("[0, 0.5, 1]")).toEqual({ samples: [0, 0.5, 1], hz: 250, unit: null });
  });

  test("may say its own rate and unit", () => {
    expect(numbers('{"sampling_hz": 500, "unit": "uV", "samples": [0, 500]}')).toEqual({ samples: [0, 0.5], hz: 500, unit: "mV" });
  });

  test.each([
    ["a sample a line", "0\n0.5\n1\n", 250, null],
    ["with its name and unit", "voltage_mV\n0\n0.5\n1", 250, "mV"],
    ["with its second", "time;mV\r\n0;0\r\n0.01;0.5\r\n0.02;1\r\n", 100, "mV"],
  ])("may be a table: %s", (_, text, hz, unit) => {
    expect(numbers(text)).toEqual({ samples: [0, 0.5, 1], hz, unit });
  });

  test.each(["", "%PDF-1.7", "[", "[1]", '[1, "2"]', '{"samples": 3}', "a,b,c\n1,2,3\n4,5,6", "0       X", "{}", "null", "1,x\n2,y"])("that is none is not drawn: %j", (text) => {
    expect(parseWaveform(text, 250)).toBeNull();
  });

  test("without a rate has no time", () => {
    expect(parseWaveform("[1, 2, 3]", null)).toBeNull();
    expect(parseWaveform("[1, 2, 3]", 0)).toBeNull();
  });

  test("is as long as its samples", () => {
    expect(lengthOf({ samples: new Float32Array(7500), hz: 250, unit: "mV" })).toBe(30);
  });
});

describe("the part in sight", () => {
  test.each([
    [-3, { from: 0, to: 6 }],
    [10, { from: 10, to: 16 }],
    [28, { from: 24, to: 30 }],
  ])("from %d s stays within the recording", (from, slice) => {
    expect(sliceAt(from, 6, 30)).toEqual(slice);
  });

  test("is all of a short one", () => {
    expect(sliceAt(1, 6, 4)).toEqual({ from: 0, to: 4 });
  });

  test.each([
    ["ArrowRight", 11],
    ["ArrowLeft", 9],
    ["PageDown", 16],
    ["PageUp", 4],
    ["Home", 0],
    ["End", 24],
    ["a", undefined],
  ])("%s leads on", (key, from) => {
    expect(moveTo(key, { from: 10, to: 16 }, 30)).toBe(from);
  });
});
