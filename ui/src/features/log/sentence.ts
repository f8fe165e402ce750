// One row in words: which text, with what in it. A table; pure.
import type { AuditAction, AuditEvent, Kind } from "~/lib/api-types";
import type { MessageId } from "~/lib/text";

/** More kinds than these in one sentence are "many". */
const MANY = 4;

export interface Sentence {
  id: MessageId;
  /** Null: the sentence does not name any. */
  kinds: Kind[] | "many" | "any" | null;
  deviceId: string | null;
  other: string | null;
}

const PLAIN: Record<AuditAction, MessageId> = {
  "data.read": "log.look.kinds",
  "data.export": "log.export",
  "data.ingest": "log.ingest",
  "live.subscribe": "log.live",
  "connection.create": "log.connection.create",
  "connection.revoke": "log.connection.revoke",
  "pairing.start": "log.pairing.start",
  "pairing.complete": "log.pairing.complete",
  "consent.give": "log.consent.give",
  "consent.revoke": "log.consent.revoke",
  "permission.grant": "log.permission.grant",
  "permission.revoke": "log.permission.revoke",
  "hub.create": "log.hub.create",
  "hub.rotate": "log.hub.rotate",
  "hub.sign_in": "log.hub.sign_in",
  "upload.create": "log.upload.create",
  "upload.read": "log.upload.read",
  "session.sign_in": "log.session.sign_in",
  "session.sign_out": "log.session.sign_out",
  "profile.change": "log.profile.change",
  "vendor.connect": "log.vendor.connect",
  "vendor.disconnect": "log.vendor.disconnect",
  "alert.acknowledge": "log.alert.acknowledge",
  break_glass: "log.break_glass",
};

const LOOKS = new Set<AuditAction>(["data.read", "data.export", "live.subscribe", "upload.read"]);
const SENDS = new Set<AuditAction>(["data.ingest", "upload.create"]);

function idOf({ action, outcome, object_type, device_connection_id, data_kinds }: AuditEvent): MessageId {
  if (outcome !== "allowed") return LOOKS.has(action) ? "log.denied.look" : SENDS.has(action) ? "log.denied.send" : "log.denied.change";
  if (action === "session.sign_in" && object_type === "profile") return "log.session.profile";
  if (action !== "data.read") return PLAIN[action] ?? "log.other";
  if (object_type === "audit_log") return "log.look.log";
  if (device_connection_id === null) return "log.look.kinds";
  return data_kinds.length > 0 ? "log.look.kindsOf" : "log.look.device";
}

export function sentenceOf(event: AuditEvent): Sentence {
  const { data_kinds: kinds } = event;
  return {
    id: idOf(event),
    kinds: kinds.length === 0 ? "any" : kinds.length > MANY ? "many" : kinds,
    deviceId: event.device_connection_id,
    other: event.other,
  };
}

export const isEmergency = ({ action }: AuditEvent) => action === "break_glass";
