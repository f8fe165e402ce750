import { describe, expect, test } from "vitest";
import type { Integration } from "~/lib/api-types";
import { connectedIntegration, connection, integration, job } from "~/testing/fixtures";
import { agreedKinds, byNeed, faultWords, isQuiet, quarter, reasonWord, shareDone, standingOf, type Standing } from "./view";

describe("how an account stands", () => {
  test.each([
    [{}, "available"],
    [{ state: "revoked" }, "available"],
    [{ state: "active" }, "waiting"],
    [{ state: "active", job: job() }, "waiting"],
    [{ state: "active", job: job({ state: "done" }) }, "connected"],
    [{ state: "active", last_sync_at: "2026-05-01T06:00:00Z" }, "connected"],
    [{ state: "active", status: "legacy" }, "waiting"],
    [{ state: "needs_reauth" }, "needsYou"],
    [{ state: "paused" }, "paused"],
    [{ state: "retired" }, "closed"],
    [{ status: "retired" }, "closed"],
    [{ status: "legacy", needs_credentials: true }, "closed"],
    [{ status: "on_device", pairing_method: "health_connect" }, "onDevice"],
    [{ status: "partner_access" }, "available"],
    [{ status: "partner_access", pairing_method: "partner_webhook" }, "partner"],
    [{ status: "partner_access", needs_credentials: true }, "noCredentials"],
  ] satisfies [Partial<Integration>, Standing][])("%j is %s", (change, expected) => {
    expect(standingOf(integration(change))).toBe(expected);
  });

  test("what needs somebody comes first, then by name", () => {
    const list = [
      integration({ name: "Polar" }),
      integration({ name: "Fitbit", status: "retired" }),
      connectedIntegration({ name: "Withings" }),
      integration({ name: "Dexcom" }),
      integration({ name: "Oura", state: "needs_reauth" }),
    ];

    expect(list.sort(byNeed).map((one) => one.name)).toEqual(["Oura", "Withings", "Dexcom", "Polar", "Fitbit"]);
  });
});

test("after three days without anything somebody should look", () => {
  const now = Date.parse("2026-05-04T06:00:01Z");

  expect(isQuiet(integration({ last_sync_at: "2026-05-01T06:00:00Z" }), now)).toBe(true);
  expect(isQuiet(integration({ last_sync_at: "2026-05-01T06:00:02Z" }), now)).toBe(false);
  expect(isQuiet(integration(), now)).toBe(false);
});

describe("what was agreed before", () => {
  const account = connectedIntegration();

  test("still stands under the same text", () => {
    expect(agreedKinds(account, [connection()], "2026-01")).toEqual(["blood_pressure"]);
  });

  test.each([
    ["the text is a new one", account, [connection()], "2026-09"],
    ["the connection is not his", account, [connection({ id: "other" })], "2026-01"],
    ["consent was withdrawn", account, [connection({ consent: null })], "2026-01"],
    ["nothing was agreed", connectedIntegration({ consented_kinds: [] }), [connection()], "2026-01"],
  ])("is asked again when %s", (_why, one, connections, version) => {
    expect(agreedKinds(one, connections, version)).toBeNull();
  });
});

describe("progress", () => {
  test.each([
    [job({ done: 1, total: 4 }), 0.25],
    [job({ done: 5, total: 4 }), 1],
    [job({ done: 0, total: 1 }), null],
    [job({ total: null }), null],
  ])("%j", (one, share) => {
    expect(shareDone(one)).toBe(share);
  });

  test("is said in quarters", () => {
    expect([0, 0.24, 0.26, 0.99, 1].map(quarter)).toEqual([0, 0, 0.25, 0.75, 1]);
  });
});

test("a fault has one word, whatever the maker calls it", () => {
  const errors = [
    { class: "rate_limited", code: "601" },
    { class: "rate_limited", code: "429" },
    { class: "refused", code: "kind_not_consented" },
    { class: "refused", code: "out_of_bounds" },
    { class: "novel", code: "auth" },
  ];

  expect(faultWords(job({ errors }))).toEqual(["rate_limited", "kind_not_consented", "refused", "other"]);
  expect(faultWords(null)).toEqual([]);
});

test("a reason that is new has a sentence too", () => {
  expect(reasonWord("grant_lost")).toBe("grant_lost");
  expect(reasonWord("novel")).toBe("other");
  expect(reasonWord(null)).toBe("other");
});
