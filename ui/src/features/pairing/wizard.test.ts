import { describe, expect, test } from "vitest";
import { canGoBack, next, settle, STEPS, stepsOf, waysOf, WAYS, type Step, type Way, type Wizard, type WizardEvent } from "./wizard";

const EVENTS: WizardEvent[] = [
  { type: "choseType", deviceType: "scale" },
  { type: "choseModel", model: "m1" },
  { type: "choseMethod", method: "hub" },
  { type: "choseMethod", method: "simulated" },
  { type: "choseMethod", method: "vendor_oauth" },
  { type: "choseMethod", method: "web_bluetooth" },
  { type: "choseMethod", method: "companion_app" },
  { type: "choseMethod", method: "healthkit" },
  { type: "choseMethod", method: "health_connect" },
  { type: "choseHub", hub: "h1" },
  { type: "created", connection: "c1" },
  { type: "consented" },
  { type: "isReady" },
  { type: "completed", connection: "c2", since: 1 },
  { type: "readingCame" },
  { type: "readingSkipped" },
  { type: "named" },
  { type: "consentMissing" },
  { type: "notAnswering" },
  { type: "back" },
  { type: "restart" },
];

const states = (Object.keys(WAYS) as Way[]).flatMap((method) =>
  WAYS[method].flatMap((step): Wizard[] => [
    { step },
    { step, method, type: "scale", model: "m1" },
    { step, method, type: "scale", model: "m1", hub: "h1", connection: "c1", since: 1 },
  ]),
);

describe("every state and event", () => {
  test.each(states)("from %j ends in a named step of its way", (state) => {
    for (const event of EVENTS) {
      const result = next(state, event);
      expect(STEPS).toContain(result.step);
      expect(stepsOf(result)).toContain(result.step);
      expect(STEPS).toContain(settle(result).step);
    }
  });
});

function walk(...events: WizardEvent[]): Step[] {
  let wizard: Wizard = { step: "type" };
  return events.map((event) => {
    wizard = next(wizard, event);
    return wizard.step;
  });
}

test("the way through a hub", () => {
  expect(
    walk(
      { type: "choseType", deviceType: "blood_pressure_cuff" },
      { type: "choseModel", model: "m1" },
      { type: "choseMethod", method: "hub" },
      { type: "choseHub", hub: "h1" },
      { type: "created", connection: "c1" },
      { type: "consented" },
      { type: "isReady" },
      { type: "completed", connection: "c1", since: 1 },
      { type: "readingCame" },
      { type: "named" },
    ),
  ).toEqual(["model", "method", "hub", "hub", "consent", "ready", "connect", "first", "name", "done"]);
});

test("a simulated device needs no hub and no getting ready", () => {
  expect(
    walk(
      { type: "choseType", deviceType: "scale" },
      { type: "choseModel", model: "m1" },
      { type: "choseMethod", method: "simulated" },
      { type: "created", connection: "c1" },
      { type: "consented" },
      { type: "completed", connection: "c1", since: 1 },
      { type: "readingSkipped" },
      { type: "named" },
    ),
  ).toEqual(["model", "method", "method", "consent", "connect", "first", "name", "done"]);
});

test("the way through the maker's account has nothing to get ready and waits for no reading", () => {
  expect(
    walk(
      { type: "choseType", deviceType: "scale" },
      { type: "choseModel", model: "m1" },
      { type: "choseMethod", method: "vendor_oauth" },
      { type: "created", connection: "c1" },
      { type: "consented" },
      { type: "completed", connection: "c1", since: 1 },
      { type: "named" },
    ),
  ).toEqual(["model", "method", "method", "consent", "connect", "name", "done"]);
});

test.each(["healthkit", "health_connect"] as const)("%s is finished on the phone, and what it holds comes by itself", (method) => {
  const connect: Wizard = { step: "connect", method, model: "m1", connection: "c1" };

  expect(next(connect, { type: "completed", connection: "c1", since: 1 }).step).toBe("name");
});

test("what the app connected over Bluetooth takes a first reading", () => {
  expect(next({ step: "connect", method: "companion_app", model: "m1", connection: "c1" }, { type: "completed", connection: "c1", since: 1 }).step).toBe("first");
});

test("when the maker lets nobody sign in, another way begins where it can", () => {
  const connect: Wizard = { step: "connect", method: "vendor_oauth", model: "m1", connection: "c1" };

  expect(next(connect, { type: "choseMethod", method: "hub" })).toMatchObject({ step: "hub", method: "hub" });
  const simulated = next(connect, { type: "choseMethod", method: "simulated" });
  expect(next(simulated, { type: "created", connection: "c2" })).toMatchObject({ step: "consent", method: "simulated", connection: "c2" });
});

test("without a stored consent nothing is paired", () => {
  const connect: Wizard = { step: "connect", method: "hub", connection: "c1" };

  expect(next(connect, { type: "consentMissing" }).step).toBe("consent");
});

test("a device that does not answer goes back to getting ready", () => {
  expect(next({ step: "first", method: "hub", connection: "c1" }, { type: "notAnswering" }).step).toBe("ready");
});

test("a revived device continues under its old id", () => {
  expect(next({ step: "connect", connection: "new" }, { type: "completed", connection: "old", since: 5 })).toMatchObject({ connection: "old", since: 5 });
});

test("back is offered wherever it leads somewhere", () => {
  for (const step of STEPS) {
    const moved = next({ step, method: "hub", connection: "c1" }, { type: "back" }).step !== step;
    expect(canGoBack(step)).toBe(moved);
  }
});

describe("an address with something missing", () => {
  test.each([
    [{ step: "connect" }, "type"],
    [{ step: "consent", type: "scale" }, "model"],
    [{ step: "first", type: "scale", model: "m1" }, "method"],
    [{ step: "hub", type: "scale", model: "m1" }, "method"],
    [{ step: "hub", type: "scale", model: "m1", method: "hub" }, "hub"],
    [{ step: "ready", connection: "c1" }, "ready"],
    [{ step: "ready", method: "vendor_oauth", connection: "c1" }, "connect"],
    [{ step: "first", method: "vendor_oauth", connection: "c1" }, "connect"],
    [{ step: "nonsense" as Step }, "type"],
  ] satisfies [Wizard, Step][])("%j leads to %s", (wizard, expected) => {
    expect(settle(wizard).step).toBe(expected);
  });
});

describe("the ways of a model", () => {
  test("keep its order and leave out what is not offered here", () => {
    expect(waysOf(["vendor_oauth", "partner_webhook", "companion_app", "web_bluetooth", "hub", "simulated"], "development")).toEqual([
      "vendor_oauth",
      "companion_app",
      "web_bluetooth",
      "hub",
      "simulated",
    ]);
  });

  test("never hold made-up devices, or what no phone can finish yet, outside development", () => {
    expect(waysOf(["simulated", "companion_app", "hub", "healthkit"], "production")).toEqual(["hub", "healthkit"]);
  });
});
