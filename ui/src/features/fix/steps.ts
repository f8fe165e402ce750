// Three steps that get a device going, by how it is connected and what it is. A table; pure.
import type { DeviceType, PairingMethod } from "~/lib/api-types";
import { enFix } from "~/lib/messages/en-fix";

export type StepId = Extract<keyof typeof enFix, `fix.steps.${string}`>;
type Steps = readonly [StepId, StepId, StepId];

const MAKER: Steps = ["fix.steps.maker.app", "fix.steps.maker.there", "fix.steps.maker.here"];

function atHome(near: StepId, type: DeviceType): Steps {
  const own = `fix.steps.wake.${type}`;
  return ["fix.steps.power", near, own in enFix ? (own as StepId) : "fix.steps.wake.other"];
}

const BY_METHOD: Record<PairingMethod, (type: DeviceType) => Steps> = {
  hub: (type) => atHome("fix.steps.near.hub", type),
  web_bluetooth: (type) => atHome("fix.steps.near.web_bluetooth", type),
  companion_app: (type) => atHome("fix.steps.near.phone", type),
  healthkit: (type) => atHome("fix.steps.near.phone", type),
  health_connect: (type) => atHome("fix.steps.near.phone", type),
  vendor_oauth: () => MAKER,
  partner_webhook: () => MAKER,
  manual: () => ["fix.steps.manual.enter", "fix.steps.manual.type", "fix.steps.manual.look"],
  simulated: () => ["fix.steps.made.open", "fix.steps.made.take", "fix.steps.made.look"],
};

export function stepsOf(method: PairingMethod, type: DeviceType): Steps {
  return BY_METHOD[method](type);
}
