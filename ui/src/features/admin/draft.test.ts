import { describe, expect, test } from "vitest";
import { enAdmin } from "~/lib/messages/en-admin";
import { ApiProblem } from "~/lib/problem";
import { integration, model } from "~/testing/fixtures";
import { byStanding, draftOf, FAULTS, faultsOf, serverFaults, STANDINGS, standingOf, WAYS, withRecommended, withType, withWays } from "./draft";

const whole = { ...draftOf(model()), vendor_id: "acme", docs_url: "https://acme.example" };

test("a model's draft has its ways without the made-up one", () => {
  expect(draftOf(model({ pairing_methods: ["web_bluetooth", "hub", "simulated"] })).pairing_methods).toEqual(["web_bluetooth", "hub"]);
});

test("another type brings its own kind and keeps what was added by hand", () => {
  const cuff = { ...whole, capabilities: ["blood_pressure" as const, "heart_rate" as const] };
  expect(withType(cuff, "scale").capabilities).toEqual(["weight", "heart_rate"]);
});

test("the recommended way stays first while it is among them", () => {
  const chosen = withRecommended(withWays(whole, ["manual", "hub"]), "manual");
  expect(chosen.pairing_methods).toEqual(["manual", "hub"]);
  expect(withWays(chosen, ["hub", "web_bluetooth", "manual"]).pairing_methods).toEqual(["manual", "hub", "web_bluetooth"]);
  expect(withWays(chosen, ["hub"]).pairing_methods).toEqual(["hub"]);
});

describe("faults", () => {
  test("a whole draft has none", () => {
    expect(faultsOf(whole)).toEqual({});
  });

  test.each([
    [{ vendor_id: "" }, { vendor_id: "missing" }],
    [{ vendor_id: "Acme Ltd" }, { vendor_id: "slug" }],
    [{ model: " " }, { model: "missing" }],
    [{ name: "" }, { name: "missing" }],
    [{ capabilities: [] }, { capabilities: "missing" }],
    [{ pairing_methods: [] }, { pairing_methods: "missing" }],
    [{ docs_url: "http://acme.example" }, { docs_url: "address" }],
  ])("%o", (change, faults) => {
    expect(faultsOf({ ...whole, ...change })).toEqual(faults);
  });

  test("what the server says stands at its field", () => {
    const error = new ApiProblem(422, "wrong_type", null, [{ field: "pairing_methods", code: "wrong_type" }, { field: "name", code: "wrong_type" }]);
    expect(serverFaults(error)).toEqual({ pairing_methods: "ways", name: "wrong" });
    expect(serverFaults(new ApiProblem(409, "duplicate", null, [{ field: "model", code: "duplicate" }]))).toEqual({ model: "duplicate" });
    expect(serverFaults(new Error("no answer"))).toEqual({});
  });
});

test("a maker that lacks something stands first", () => {
  const makers = [
    integration({ vendor: "a", status: "retired" }),
    integration({ vendor: "b", status: "self_serve" }),
    integration({ vendor: "c", status: "self_serve", needs_credentials: true, missing_credentials: ["client_secret"] }),
    integration({ vendor: "d", status: "on_device" }),
    integration({ vendor: "e", status: "partner_access" }),
  ];
  expect([...makers].sort(byStanding).map((one) => [one.vendor, standingOf(one)])).toEqual([
    ["c", "missing"],
    ["b", "ready"],
    ["d", "phone"],
    ["e", "partner"],
    ["a", "closing"],
  ]);
});

test.each([...WAYS.map((way) => `admin.way.${way}`), ...FAULTS.map((fault) => `admin.fault.${fault}`), ...STANDINGS.map((one) => `admin.standing.${one}`)])(
  "%s has its words",
  (id) => {
    expect(enAdmin).toHaveProperty([id]);
  },
);
