// Answers as the platform gives them. Invented devices, no invented people.
import type { AuditEvent, Connection, Consent, ConsentText, DeviceHealth, DeviceModel, Hub, Integration, Me, Permission, ReadingItem, SyncJob } from "~/lib/api-types";

export const PATIENT = "0190f3a0-0000-7000-8000-000000000001";

export const me = (change: Partial<Me> = {}): Me => ({
  user_id: PATIENT,
  patient_id: PATIENT,
  display_name: "patient-1",
  roles: ["patient"],
  env: "development",
  timezone: "Europe/Berlin",
  units: { glucose: "mg/dL", weight: "kg", temperature: "C" },
  locale: "en-GB",
  ...change,
});

export const model = (change: Partial<DeviceModel> = {}): DeviceModel => ({
  id: "0190f3a0-0000-7000-8000-0000000000a1",
  vendor_id: "a_and_d",
  vendor_name: "A&D",
  model: "ua_651ble",
  name: "UA-651BLE",
  device_type: "blood_pressure_cuff",
  capabilities: ["blood_pressure"],
  pairing_methods: ["hub", "simulated"],
  recommended_reason: "A hub takes every reading without a phone.",
  native_required: false,
  native_reason: null,
  ble_services: ["1810"],
  docs_url: null,
  ...change,
});

export const connection = (change: Partial<Connection> = {}): Connection => ({
  id: "0190f3a0-0000-7000-8000-0000000000c1",
  patient_id: PATIENT,
  device_model_id: model().id,
  name: "Kitchen cuff",
  device_type: "blood_pressure_cuff",
  pairing_method: "hub",
  hub_id: "hub-kitchen",
  status: "connected",
  status_reason: null,
  last_sync_at: null,
  last_reading_at: null,
  battery_pct: 76,
  consent: { id: "0190f3a0-0000-7000-8000-0000000000d1", version: "2026-01", data_kinds: ["blood_pressure"] },
  created_at: "2026-05-01T06:00:00Z",
  revoked_at: null,
  ...change,
});

export const reading = (id: string, at: string, change: Partial<ReadingItem> = {}): ReadingItem => ({
  id,
  device_connection_id: connection().id,
  timestamp: at,
  received_at: at,
  readings: { blood_pressure: { systolic: 128, diastolic: 84, hr: 72 } },
  meta: { battery_pct: 74 },
  ...change,
});

export const health = (change: Partial<DeviceHealth> = {}): DeviceHealth => ({
  device_connection_id: connection().id,
  status: "ok",
  flags: [],
  battery_pct: 80,
  rssi: -60,
  firmware: null,
  last_seen: "2026-05-01T06:00:00Z",
  last_sync_at: null,
  expected_every_s: 86_400,
  notes: [],
  history: [],
  ...change,
});

export const hub = (change: Partial<Hub> = {}): Hub => ({
  hub_id: "hub-kitchen",
  name: "Kitchen",
  state: "online",
  last_seen: null,
  firmware: null,
  ...change,
});

export const integration = (change: Partial<Integration> = {}): Integration => ({
  vendor: "withings",
  name: "Withings",
  state: null,
  state_reason: null,
  needs_credentials: false,
  status: "self_serve",
  notice: null,
  successor: null,
  pairing_method: "vendor_oauth",
  data_kinds: ["blood_pressure", "weight"],
  consented_kinds: [],
  missing_kinds: [],
  last_sync_at: null,
  device_connection_ids: [],
  job: null,
  ...change,
});

/** The same, signed in and feeding the connection above. */
export const connectedIntegration = (change: Partial<Integration> = {}): Integration =>
  integration({
    state: "active",
    consented_kinds: ["blood_pressure"],
    last_sync_at: new Date(Date.now() - 5.5 * 60_000).toISOString(),
    device_connection_ids: [connection().id],
    ...change,
  });

export const job = (change: Partial<SyncJob> = {}): SyncJob => ({
  job_id: "0190f3a0-0000-7000-8000-0000000000e1",
  device_connection_id: connection().id,
  state: "running",
  done: 1,
  total: 4,
  accepted: 12,
  duplicates: 0,
  rejected: 0,
  errors: [],
  ...change,
});

export const consentText: ConsentText = {
  version: "2026-01",
  locale: "en",
  text: "You agree that this device sends what you choose.\n\nYou can stop at any time.",
  sha256: "0".repeat(64),
};

export const permission = (change: Partial<Permission> = {}): Permission => ({
  id: "0190f3a0-0000-7000-8000-0000000000f1",
  patient_id: PATIENT,
  grantee: "0190f3a0-0000-7000-8000-000000000002",
  display_name: "caregiver-1",
  role: "caregiver",
  timezone: null,
  data_kinds: ["blood_pressure"],
  until: null,
  created_at: "2026-05-01T06:00:00Z",
  ...change,
});

export const consent = (change: Partial<Consent> = {}): Consent => ({
  id: "0190f3a0-0000-7000-8000-0000000000d1",
  device_connection_id: connection().id,
  version: "2026-01",
  text_sha256: "0".repeat(64),
  data_kinds: ["blood_pressure"],
  locale: "en",
  given_at: "2026-05-01T06:00:00Z",
  revoked_at: null,
  ...change,
});

export const auditEvent = (change: Partial<AuditEvent> = {}): AuditEvent => ({
  id: "0190f3a0-0000-7000-8000-0000000000b1",
  at: "2026-05-01T12:05:00Z",
  actor: { id: "0190f3a0-0000-7000-8000-000000000002", name: "caregiver-1", role: "caregiver" },
  action: "data.read",
  object_type: "device_connection",
  object_id: connection().id,
  patient_id: PATIENT,
  purpose: "care",
  outcome: "allowed",
  device_connection_id: connection().id,
  data_kinds: ["blood_pressure"],
  other: null,
  reason: null,
  ...change,
});
