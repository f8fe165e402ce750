// The API's shapes until the OpenAPI document is generated. Shaped as openapi-typescript would write them.

export type DeviceType =
  | "blood_pressure_cuff" | "scale" | "cgm" | "glucose_meter" | "pulse_oximeter" | "thermometer" | "stethoscope"
  | "activity_tracker" | "smart_watch" | "heart_rate_monitor" | "ecg" | "spirometer" | "inhaler";
export type PairingMethod =
  | "vendor_oauth" | "web_bluetooth" | "hub" | "companion_app" | "healthkit" | "health_connect" | "partner_webhook"
  | "manual" | "simulated";
export type Kind =
  | "blood_pressure" | "weight" | "body_composition" | "glucose" | "spo2" | "heart_rate" | "activity" | "sleep" | "ecg"
  | "cardio_fitness" | "spirometry" | "inhaler" | "respiratory_rate" | "temperature" | "stethoscope";
export type ConnectionStatus = "pairing" | "connected" | "disconnected" | "failed" | "revoked";
export type PairingState = "waiting" | "scanning" | "found" | "pairing" | "done" | "expired" | "failed";
export type HealthStatus = "ok" | "stale" | "failed" | "unknown";
export type Role = "patient" | "caregiver" | "clinician" | "admin";
export type Resolution = "raw" | "1m" | "1h" | "1d";

export interface Page<T> { items: T[]; next_cursor: string | null }
export interface Me {
  user_id: string; patient_id: string | null; display_name: string; roles: Role[]; env: string; timezone: string;
  units: Record<string, string>; locale: string;
}
export interface MePatch {
  timezone?: string; locale?: string;
  units?: { glucose?: "mg/dL" | "mmol/L"; weight?: "kg" | "lb"; temperature?: "C" | "F" };
}
export interface DeviceModel {
  id: string; vendor_id: string; vendor_name: string; model: string; name: string; device_type: DeviceType;
  capabilities: Kind[]; pairing_methods: PairingMethod[]; recommended_reason: string; native_required: boolean;
  native_reason: string | null; ble_services: string[]; docs_url: string | null;
}
export interface ConsentSummary { id: string; version: string; data_kinds: Kind[] }
export interface Connection {
  id: string; patient_id: string; device_model_id: string; name: string; device_type: DeviceType;
  pairing_method: PairingMethod; hub_id: string | null; status: ConnectionStatus; status_reason: string | null;
  last_sync_at: string | null; last_reading_at: string | null; battery_pct: number | null;
  consent: ConsentSummary | null; created_at: string; revoked_at: string | null;
}
export interface ConnectionCreate { device_model_id: string; pairing_method: PairingMethod; patient_id?: string; hub_id?: string }
export interface PairStarted {
  pairing_token: string; expires_at: string; method: PairingMethod; steps: { id: string; text: string }[];
  hub?: { hub_id: string; state: string; scan_command_id: string } | null;
}
export interface PairComplete {
  pairing_token: string; device_id: string; firmware?: string;
  consent?: { version: string; data_kinds: Kind[]; locale?: string };
}
export interface PairCompleted { connection: Connection; ingest_token: string }
export interface FoundDevice { address: string; name?: string | null; services?: string[]; rssi?: number | null }
export interface PairingProgress { state: PairingState; found: FoundDevice[]; expires_at: string | null; error?: string | null }
export interface Hub { hub_id: string; name: string; state: "online" | "offline"; last_seen: string | null; firmware: string | null }
export interface HubCreated { hub_id: string; secret: string; mqtt: { host: string; port: number; tls: boolean } }
export interface ConsentText { version: string; locale: string; text: string; sha256: string }
export interface ConsentCreate { device_connection_id: string; version: string; data_kinds: Kind[]; locale: string }
export interface Consent {
  id: string; device_connection_id: string; version: string; text_sha256: string; data_kinds: Kind[]; locale: string;
  given_at: string; revoked_at: string | null;
}
export interface ReadingItem {
  id: string; device_connection_id: string; timestamp: string; received_at: string;
  readings: Record<string, unknown>; meta: Record<string, unknown>;
}
export interface RollupPoint {
  t: string; min: number | null; max: number | null; mean: number | null; count: number; low?: number; high?: number;
}
export interface DataAnswer { resolution: Resolution; items?: ReadingItem[]; next_cursor?: string | null; points?: RollupPoint[] }
export interface LatestValue { value: unknown; timestamp: string; id: string; device_connection_id: string }
export interface Latest { latest: Record<string, LatestValue> }
export interface Permission {
  id: string; patient_id: string; grantee: string; display_name: string; data_kinds: Kind[]; until: string | null; created_at: string;
}
export interface Problem {
  type: string; title: string; status: number; detail: string; code: string; errors?: { field?: string; code: string }[]; request_id?: string;
}

type Json<T> = { headers: Record<string, unknown>; content: { "application/json": T } };
type Op<Status extends number, Answer, Body = never, Query = never, Path = never> = {
  parameters: {
    query?: [Query] extends [never] ? never : Query;
    header?: { "Idempotency-Key"?: string };
    path: [Path] extends [never] ? never : Path;
    cookie?: never;
  };
  responses: { [S in Status]: [Answer] extends [never] ? { headers: Record<string, unknown>; content?: never } : Json<Answer> };
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: { content: { "application/json": Body } } });
type NoPath<Status extends number, Answer, Body = never, Query = never> = Omit<Op<Status, Answer, Body, Query>, "parameters"> & {
  parameters: { query?: [Query] extends [never] ? never : Query; header?: { "Idempotency-Key"?: string }; path?: never; cookie?: never };
};
interface ById { id: string }
interface DataQuery { metric?: string; from?: string; to?: string; resolution?: "auto" | Resolution; limit?: number; cursor?: string }

export interface paths {
  "/api/v1/me": { get: NoPath<200, Me>; patch: NoPath<200, Me, MePatch> };
  "/auth/logout": { post: NoPath<200, { redirect: string }> };
  "/api/v1/devices": { get: NoPath<200, Page<DeviceModel>, never, { device_type?: DeviceType; q?: string; limit?: number }> };
  "/api/v1/devices/{id}": { get: Op<200, DeviceModel, never, never, ById> };
  "/api/v1/device-connections": { get: NoPath<200, Page<Connection>, never, { patient_id?: string; limit?: number }> };
  "/api/v1/device-connections/create": { post: NoPath<201, Connection, ConnectionCreate> };
  "/api/v1/device-connections/pair/start": { post: NoPath<200, PairStarted, { device_connection_id: string }> };
  "/api/v1/device-connections/pair/complete": { post: NoPath<200, PairCompleted, PairComplete> };
  "/api/v1/device-connections/{id}": {
    get: Op<200, Connection, never, never, ById>;
    patch: Op<200, Connection, { name: string }, never, ById>;
    delete: Op<204, never, never, never, ById>;
  };
  "/api/v1/device-connections/{id}/pairing": { get: Op<200, PairingProgress, never, never, ById> };
  "/api/v1/hubs": { get: NoPath<200, Page<Hub>>; post: NoPath<201, HubCreated, { name: string }> };
  "/api/v1/hubs/{hub_id}/rotate": { post: Op<200, HubCreated, never, never, { hub_id: string }> };
  "/api/v1/consents": { post: NoPath<201, Consent, ConsentCreate> };
  "/api/v1/consent-texts/current": { get: NoPath<200, ConsentText, never, { locale?: string }> };
  "/api/v1/permissions": { get: NoPath<200, Page<Permission>> };
  "/api/v1/device-data/{id}": { get: Op<200, DataAnswer, never, DataQuery, ById> };
  "/api/v1/device-data/{id}/latest": { get: Op<200, Latest, never, never, ById> };
  "/api/v1/device/simulate": { post: NoPath<202, { accepted: number }, { device_connection_id: string; count?: number; scenario?: string }> };
  "/api/v1/live/ticket": { post: NoPath<200, { ticket: string }> };
}
