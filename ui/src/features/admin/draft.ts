// A device model as it is being written down, and how a maker stands here. Pure.
import type { DeviceModel, DeviceType, Integration, Kind, PairingMethod } from "~/lib/api-types";
import { PRIMARY_KIND } from "~/lib/kinds";
import { ApiProblem } from "~/lib/problem";

/** In the order in which they are offered. Made-up devices are no way of a real model: development offers them anyway. */
export const WAYS = ["hub", "web_bluetooth", "companion_app", "vendor_oauth", "healthkit", "health_connect", "partner_webhook", "manual"] as const satisfies readonly PairingMethod[];

export interface Draft {
  vendor_id: string;
  model: string;
  name: string;
  device_type: DeviceType;
  capabilities: Kind[];
  /** First = recommended. */
  pairing_methods: PairingMethod[];
  docs_url: string;
}

export function draftOf(model: DeviceModel | null): Draft {
  if (!model) {
    return {
      vendor_id: "", model: "", name: "", device_type: "blood_pressure_cuff", capabilities: [PRIMARY_KIND.blood_pressure_cuff],
      pairing_methods: ["hub"], docs_url: "",
    };
  }
  const { vendor_id, model: slug, name, device_type, capabilities, docs_url } = model;
  const pairing_methods = model.pairing_methods.filter((way) => way !== "simulated");
  return { vendor_id, model: slug, name, device_type, capabilities, pairing_methods, docs_url: docs_url ?? "" };
}

/** Another type measures something else; what was chosen by hand stays beside it. */
export function withType(draft: Draft, type: DeviceType): Draft {
  const others = draft.capabilities.filter((kind) => kind !== PRIMARY_KIND[draft.device_type]);
  return { ...draft, device_type: type, capabilities: [...new Set([PRIMARY_KIND[type], ...others])] };
}

/** The recommended one stays first, as long as it is among them. */
export function withWays(draft: Draft, ways: readonly PairingMethod[]): Draft {
  const kept = draft.pairing_methods.filter((way) => ways.includes(way));
  return { ...draft, pairing_methods: [...kept, ...ways.filter((way) => !kept.includes(way))] };
}

export function withRecommended(draft: Draft, way: PairingMethod): Draft {
  return { ...draft, pairing_methods: [way, ...draft.pairing_methods.filter((one) => one !== way)] };
}

export const FAULTS = ["missing", "slug", "address", "ways", "wrong", "duplicate"] as const;
export type Fault = (typeof FAULTS)[number];
export type Faults = Partial<Record<keyof Draft, Fault>>;

const SLUG = /^[a-z0-9_]{2,40}$/;

/** What can be said before the server is asked. */
export function faultsOf(draft: Draft): Faults {
  const faults: Faults = {};
  if (!SLUG.test(draft.vendor_id)) faults.vendor_id = draft.vendor_id ? "slug" : "missing";
  if (!draft.model.trim()) faults.model = "missing";
  if (!draft.name.trim()) faults.name = "missing";
  if (draft.capabilities.length === 0) faults.capabilities = "missing";
  if (draft.pairing_methods.length === 0) faults.pairing_methods = "missing";
  if (draft.docs_url && !draft.docs_url.startsWith("https://")) faults.docs_url = "address";
  return faults;
}

/** What the server says of the fields; of the ways only it knows which can work. */
export function serverFaults(error: unknown): Faults {
  if (!(error instanceof ApiProblem)) return {};
  return Object.fromEntries(
    error.fields.map(({ field, code }) => [field, code === "duplicate" ? "duplicate" : field === "pairing_methods" ? "ways" : "wrong"]),
  );
}

/** In the order in which an administrator looks: what lacks something first. */
export const STANDINGS = ["missing", "ready", "phone", "partner", "closing"] as const;
export type Standing = (typeof STANDINGS)[number];

export function standingOf({ status, missing_credentials: missing }: Integration): Standing {
  if (status === "retired" || status === "legacy") return "closing";
  if (status === "on_device") return "phone";
  if ((missing ?? []).length > 0) return "missing";
  return status === "partner_access" ? "partner" : "ready";
}

export function byStanding(a: Integration, b: Integration): number {
  return STANDINGS.indexOf(standingOf(a)) - STANDINGS.indexOf(standingOf(b)) || a.name.localeCompare(b.name);
}

/** Where sync looks for a credential. */
export const credentialPath = (vendor: string, file: string) => `$DC_SECRETS_DIR/vendors/${vendor}/${file}`;
