import { describe, expect, test } from "vitest";
import { connection, consent, permission } from "~/testing/fixtures";
import { agreementsOf, choicesOf, grantedOf, lastDay, sourcesOf, untilOf } from "./view";

const NOW = Date.parse("2026-05-01T22:30:00Z"); // half past midnight of the second in Berlin
const BERLIN = "Europe/Berlin";

test("a grant holds until its end, and not a moment longer", () => {
  const open = permission({ id: "open" });
  const ends = permission({ id: "ends", until: "2026-05-01T22:30:00.001Z" });
  const ended = permission({ id: "ended", until: "2026-05-01T22:30:00Z" });

  expect(grantedOf([open, ends, ended], NOW)).toEqual({ now: [open, ends], past: [ended] });
});

test("kinds are told with the devices that send them, each once", () => {
  const devices = [
    connection({ id: "1", name: "Scale", consent: { id: "a", version: "1", data_kinds: ["weight", "body_composition"] } }),
    connection({ id: "2", name: "Cuff", consent: { id: "b", version: "1", data_kinds: ["blood_pressure"] } }),
    connection({ id: "3", name: "Cuff", consent: { id: "c", version: "1", data_kinds: ["blood_pressure"] } }),
    connection({ id: "4", name: "Silent", consent: null }),
  ];

  expect(sourcesOf(["weight", "blood_pressure"], devices)).toEqual(["Cuff", "Scale"]);
  expect(sourcesOf(["glucose"], devices)).toEqual([]);
  expect(choicesOf(devices, ["glucose"]).sent).toEqual(["blood_pressure", "weight", "body_composition", "glucose"]);
  expect(choicesOf(devices, []).unsent).not.toContain("weight");
});

describe("an end is the end of a whole day where the patient is", () => {
  test.each([
    ["open", "", null, null],
    ["week", "", "2026-05-09", "2026-05-09T22:00:00.000Z"],
    ["month", "", "2026-06-01", "2026-06-01T22:00:00.000Z"],
    ["quarter", "", "2026-08-01", "2026-08-01T22:00:00.000Z"],
    ["day", "2026-12-24", "2026-12-24", "2026-12-24T23:00:00.000Z"],
  ] as const)("%s", (end, day, last, until) => {
    expect(lastDay(end, day, NOW, BERLIN)).toBe(last);
    expect(untilOf(end, day, NOW, BERLIN)).toBe(until);
  });
});

test("agreements are told by device, those that hold first, the earlier ones behind", () => {
  const all = [
    consent({ id: "1", device_connection_id: "gone", given_at: "2026-03-01T00:00:00Z", revoked_at: "2026-04-01T00:00:00Z" }),
    consent({ id: "2", given_at: "2026-01-01T00:00:00Z", revoked_at: "2026-02-01T00:00:00Z" }),
    consent({ id: "3", given_at: "2026-02-01T00:00:00Z" }),
  ];

  const told = agreementsOf(all, [connection()]);

  expect(told.map((one) => [one.connection?.name, one.active?.id, one.ended.map(({ id }) => id)])).toEqual([
    ["Kitchen cuff", "3", ["2"]],
    [undefined, undefined, ["1"]],
  ]);
});
