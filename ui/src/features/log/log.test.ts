import { describe, expect, test } from "vitest";
import { auditEvent, connection } from "~/testing/fixtures";
import { csvOf } from "./csv";
import { daysOf } from "./fold";
import { isFiltered, questionOf } from "./question";
import { sentenceOf } from "./sentence";

const BERLIN = "Europe/Berlin";
const DOCTOR = { id: "d", name: "clinician-1", role: "clinician" };
const HUB = { id: "hub:hallway-1", name: "Home hub", role: "hub" };
const at = (time: string, change = {}) => auditEvent({ at: `2026-05-0${time}:00Z`, ...change });

describe("what is asked", () => {
  test.each([
    [{}, { by: "others" }],
    [{ who: "all" }, {}],
    [{ who: "system", what: "refused" }, { by: "system", outcome: "denied" }],
    [{ who: "0190f3a0-0000-7000-8000-000000000002" }, { actor_id: "0190f3a0-0000-7000-8000-000000000002" }],
    [{ what: "downloaded" }, { by: "others", action: ["data.export"] }],
    [{ what: "nonsense", from: "soon", to: "2026-02-30x" }, { by: "others" }],
    // Whole days of the person, both ends included.
    [{ from: "2026-03-29", to: "2026-03-29" }, { by: "others", from: "2026-03-28T23:00:00.000Z", to: "2026-03-29T22:00:00.000Z" }],
  ])("%o", (search, question) => {
    expect(questionOf(search, BERLIN)).toEqual(question);
  });

  test("other people are no filter, everything else is", () => {
    expect([{}, { who: "others" }, { who: "self" }, { from: "2026-05-01" }].map(isFiltered)).toEqual([false, false, true, true]);
  });
});

describe("rows become days, people and visits", () => {
  test("what somebody does again within a while is one visit, and a later one is another", () => {
    const [day] = daysOf([at("1T12:20"), at("1T12:10"), at("1T12:00"), at("1T09:00")], BERLIN);

    expect(day?.people).toHaveLength(1);
    expect(day?.people[0]?.visits.map(({ count, from, to }) => [count, (to - from) / 60_000])).toEqual([[3, 20], [1, 0]]);
  });

  test("other kinds, other devices and other outcomes are other visits", () => {
    const [day] = daysOf([at("1T12:03"), at("1T12:02", { data_kinds: ["weight"] }), at("1T12:01", { outcome: "denied" }), at("1T12:00")], BERLIN);

    expect(day?.people[0]?.visits.map(({ count }) => count)).toEqual([2, 1, 1]);
  });

  test("people are apart, and the newest comes first", () => {
    const [day] = daysOf([at("1T12:02", { actor: DOCTOR }), at("1T12:01"), at("1T12:00", { actor: DOCTOR })], BERLIN);

    expect(day?.people.map(({ name, visits }) => [name, visits.length])).toEqual([["clinician-1", 1], ["caregiver-1", 1]]);
  });

  test("what a hub did on a day is one line, however far apart", () => {
    const rows = ["23:00", "12:00", "00:10"].map((time) => at(`2T${time}`, { actor: HUB, action: "data.ingest" }));
    const days = daysOf(rows, "UTC");

    expect(days).toHaveLength(1);
    expect(days[0]?.people[0]).toMatchObject({ isSystem: true, visits: [{ count: 3 }] });
  });

  test("days are those of the person", () => {
    expect(daysOf([at("2T21:59"), at("1T22:01"), at("1T21:59")], BERLIN).map(({ day, rows }) => [day, rows])).toEqual([
      ["2026-05-02", 2],
      ["2026-05-01", 1],
    ]);
  });

  test("a page more leaves the days before it as they were", () => {
    const first = [at("3T12:00"), at("2T12:00")];
    const all = [...first, at("2T11:00"), at("1T12:00")];
    const before = daysOf(first, BERLIN);
    const after = daysOf(all, BERLIN, before);

    expect(after[0]).toBe(before[0]);
    expect(after).toEqual(daysOf(all, BERLIN));
  });
});

describe("a row in words", () => {
  test.each([
    ["a look at kinds of a device", {}, "log.look.kindsOf"],
    ["a look at a person's kinds", { device_connection_id: null }, "log.look.kinds"],
    ["a look at the list", { data_kinds: [] }, "log.look.device"],
    ["a look at the log", { object_type: "audit_log", device_connection_id: null, data_kinds: [] }, "log.look.log"],
    ["a refused look", { outcome: "denied" as const }, "log.denied.look"],
    ["a refused change", { outcome: "denied" as const, action: "permission.revoke" as const }, "log.denied.change"],
    ["readings that were not taken", { outcome: "denied" as const, action: "data.ingest" as const }, "log.denied.send"],
    ["a name that the sign-in told", { action: "session.sign_in" as const, object_type: "profile" }, "log.session.profile"],
    ["a sign-in", { action: "session.sign_in" as const, object_type: "session" }, "log.session.sign_in"],
    ["an emergency", { action: "break_glass" as const }, "log.break_glass"],
    ["a word that this page does not know", { action: "later.added" as never }, "log.other"],
  ])("%s", (_what, change, id) => {
    expect(sentenceOf(auditEvent(change)).id).toBe(id);
  });

  test("names a few kinds, and not a whole list", () => {
    expect(sentenceOf(auditEvent()).kinds).toEqual(["blood_pressure"]);
    expect(sentenceOf(auditEvent({ data_kinds: ["weight", "glucose", "spo2", "sleep", "ecg"] })).kinds).toBe("many");
    expect(sentenceOf(auditEvent()).deviceId).toBe(connection().id);
  });
});

test("a file holds what was said, and no formula", () => {
  expect(csvOf([["a", 'say "hi", you'], ["=1+1", "two\nlines"], ["-5", "ü"]])).toBe(
    "\uFEFFa,\"say \"\"hi\"\", you\"\r\n'=1+1,\"two\nlines\"\r\n'-5,ü\r\n",
  );
});
