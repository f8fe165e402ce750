// The one door to the API's types. They are made from the OpenAPI document; here they only get shorter names.
import type { components, paths as generated } from "~/generated/api";

type Schemas = components["schemas"];

export type paths = generated;

export type Me = Schemas["Me"];
export type MePatch = Schemas["MePatch"];
export type DeviceModel = Schemas["DeviceModel"];
export type Connection = Schemas["Connection"];
export type ConnectionCreate = Schemas["ConnectionCreate"];
export type PairStarted = Schemas["PairStarted"];
export type PairingProgress = Schemas["PairingProgress"];
export type FoundDevice = Schemas["FoundDevice"];
export type Hub = Schemas["Hub"];
export type HubCreated = Schemas["HubCreated"];
export type ConsentText = Schemas["ConsentText"];
export type ConsentCreate = Schemas["ConsentCreate"];
export type ReadingItem = Schemas["ReadingItem"];
export type RollupPoint = Schemas["RollupPoint"];
export type GlucoseRanges = Schemas["GlucoseRanges"];
export type GlucosePattern = Schemas["GlucosePattern"];
export type WeightTrend = Schemas["WeightTrend"];
export type LatestValue = Schemas["LatestValue"];
export type Integration = Schemas["Integration"];
export type SyncJob = Schemas["SyncJob"];
export type GattMessage = Schemas["GattMessage"];
export type DeviceHealth = Schemas["DeviceHealth"];
export type ConnectionEvent = Schemas["ConnectionEvent"];
export type Permission = Schemas["Permission"];
export type PermissionGrant = Schemas["PermissionGrant"];
export type PermissionPatch = Schemas["PermissionPatch"];
export type Grantee = Schemas["Grantee"];
export type Consent = Schemas["Consent"];
export type AuditEvent = Schemas["AuditEvent"];
export type AuditSummary = Schemas["AuditSummary"];
export type AuditAction = AuditEvent["action"];
export type Problem = Schemas["Problem"];

export type DeviceType = Connection["device_type"];
export type PairingMethod = Connection["pairing_method"];
export type ConnectionStatus = Connection["status"];
export type Kind = DeviceModel["capabilities"][number];
export type Resolution = Schemas["DataAnswer"]["resolution"];
