// The pairing wizard as facts and one pure reducer. Every state and event ends in a named step; nothing here asks a
// server. The state lives in the address, so a reload goes on where it was.
import type { DeviceType, PairingMethod } from "~/lib/api-types";

export const STEPS = ["type", "model", "method", "hub", "consent", "ready", "connect", "first", "name", "done"] as const;
export type Step = (typeof STEPS)[number];

/** The ways of connecting that this page offers, and the steps of each. A new way is a row and its step. */
export const WAYS = {
  vendor_oauth: ["type", "model", "method", "consent", "connect", "name", "done"],
  hub: ["type", "model", "method", "hub", "consent", "ready", "connect", "first", "name", "done"],
  web_bluetooth: ["type", "model", "method", "consent", "ready", "connect", "first", "name", "done"],
  companion_app: ["type", "model", "method", "consent", "connect", "first", "name", "done"],
  healthkit: ["type", "model", "method", "consent", "connect", "name", "done"],
  health_connect: ["type", "model", "method", "consent", "connect", "name", "done"],
  simulated: ["type", "model", "method", "consent", "connect", "first", "name", "done"],
} as const satisfies Partial<Record<PairingMethod, readonly Step[]>>;
export type Way = keyof typeof WAYS;

export const COMMON_TYPES: readonly DeviceType[] = [
  "blood_pressure_cuff", "scale", "glucose_meter", "cgm", "pulse_oximeter", "thermometer", "smart_watch", "spirometer",
];

/** Made-up devices, and devices that the app would find by Bluetooth from a code: it does not yet (docs/companion.md). */
const IN_DEVELOPMENT: ReadonlySet<PairingMethod> = new Set(["simulated", "companion_app"]);

/** A model's ways in its own order, as far as they can be gone to the end here. */
export function waysOf(methods: readonly PairingMethod[], env: string): Way[] {
  return methods.filter((method): method is Way => method in WAYS && (env === "development" || !IN_DEVELOPMENT.has(method)));
}

export interface Wizard {
  step: Step;
  type?: DeviceType;
  model?: string;
  method?: Way;
  hub?: string;
  connection?: string;
  since?: number;
}

export type WizardEvent =
  | { type: "choseType"; deviceType: DeviceType }
  | { type: "choseModel"; model: string }
  | { type: "choseMethod"; method: Way }
  | { type: "choseHub"; hub: string }
  | { type: "created"; connection: string }
  | { type: "consented" }
  | { type: "isReady" }
  | { type: "completed"; connection: string; since: number }
  | { type: "readingCame" }
  | { type: "readingSkipped" }
  | { type: "named" }
  | { type: "consentMissing" }
  | { type: "notAnswering" }
  | { type: "back" }
  | { type: "restart" };

export function stepsOf(wizard: Wizard): readonly Step[] {
  return WAYS[wizard.method ?? "hub"];
}

function beside(wizard: Wizard, by: 1 | -1): Step {
  const steps = stepsOf(wizard);
  const at = steps.indexOf(wizard.step);
  return steps[Math.min(Math.max(at + by, 0), steps.length - 1)] ?? "type";
}

const isPast = (wizard: Wizard, step: Step) => STEPS.indexOf(wizard.step) > STEPS.indexOf(step);

/** Where an event leads. One that does not belong to a step changes nothing: late answers find the page elsewhere. */
export function next(wizard: Wizard, event: WizardEvent): Wizard {
  const { step } = wizard;
  switch (event.type) {
    case "choseType":
      return step === "type" ? { ...wizard, type: event.deviceType, model: event.deviceType === wizard.type ? wizard.model : undefined, step: "model" } : wizard;
    case "choseModel":
      return step === "model" ? { ...wizard, model: event.model, step: "method" } : wizard;
    case "choseMethod":
      // Without a step of its own the choice waits for `created`.
      // Also later: when signing in at the maker does not work, another way is chosen from there.
      if (step !== "method" && step !== "connect") return wizard;
      return { ...wizard, method: event.method, step: event.method === "hub" ? "hub" : step };
    case "choseHub":
      return step === "hub" ? { ...wizard, hub: event.hub } : wizard;
    case "created":
      if (step !== "method" && step !== "hub" && step !== "connect") return wizard;
      return { ...wizard, connection: event.connection, step: "consent" };
    case "consented":
      return step === "consent" ? { ...wizard, step: beside(wizard, 1) } : wizard;
    case "isReady":
      return step === "ready" ? { ...wizard, step: "connect" } : wizard;
    case "completed":
      return step === "connect" ? { ...wizard, connection: event.connection, since: event.since, step: beside(wizard, 1) } : wizard;
    case "readingCame":
    case "readingSkipped":
      return step === "first" ? { ...wizard, step: "name" } : wizard;
    case "named":
      return step === "name" ? { ...wizard, step: "done" } : wizard;
    case "consentMissing":
      return wizard.connection && isPast(wizard, "consent") ? { ...wizard, step: "consent" } : wizard;
    case "notAnswering":
      return step === "connect" || step === "first" ? { ...wizard, step: stepsOf(wizard).includes("ready") ? "ready" : "connect" } : wizard;
    case "back":
      // What is finished stays finished: from the first reading on, back leads no further than the reading.
      if (step === "first" || step === "done") return wizard;
      return { ...wizard, step: beside(wizard, -1) };
    case "restart":
      return { step: "type" };
  }
}

export function canGoBack(step: Step): boolean {
  return step !== "type" && step !== "first" && step !== "done";
}

/** The latest step that what is known allows: an address with something missing leads to where it can be given. */
export function settle(wizard: Wizard): Wizard {
  const at = STEPS.indexOf(wizard.step);
  if (at < 0) return { ...wizard, step: "type" };
  if (at >= STEPS.indexOf("consent") && !wizard.connection) return settle({ ...wizard, step: "method" });
  if (wizard.step === "hub" && wizard.method !== "hub") return settle({ ...wizard, step: "method" });
  // What its way lacks, such as getting an account ready, leads to where the way goes on.
  if (wizard.connection && !stepsOf(wizard).includes(wizard.step)) return { ...wizard, step: "connect" };
  if (at >= STEPS.indexOf("method") && !wizard.connection && !wizard.model) return settle({ ...wizard, step: "model" });
  if (wizard.step === "model" && !wizard.type) return { ...wizard, step: "type" };
  return wizard;
}
