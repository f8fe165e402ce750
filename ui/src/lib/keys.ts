// The names of what the query cache holds. Everything about a person begins with that person's id, so that one
// `removeQueries` empties a view and one person's values can never appear under another. What one feature alone asks is named there.

export const RANGE_IDS = ["24h", "7d", "30d", "90d"] as const;
export type RangeId = (typeof RANGE_IDS)[number];

export const keys = {
  me: ["me"] as const,
  models: (deviceType?: string) => ["models", deviceType ?? "all"] as const,
  model: (id: string) => ["models", "one", id] as const,
  consentText: (locale: string) => ["consent-text", locale] as const,
  hubs: ["hubs"] as const,
  pairing: (connectionId: string) => ["pairing", connectionId, "progress"] as const,
  patient: (patientId: string) => ["patient", patientId] as const,
  permissions: (patientId: string) => ["patient", patientId, "permissions"] as const,
  /** What others share with a reader. */
  received: (reader: string) => ["patient", reader, "received"] as const,
  consents: (patientId: string) => ["patient", patientId, "consents"] as const,
  /** Who took back what while this page was open. Not below a person: it outlives what was theirs. */
  stopped: ["stopped"] as const,
  /** Connections a reader sees; for a patient `reader` is the patient. */
  connections: (reader: string) => ["patient", reader, "connections"] as const,
  /** How all of them are. */
  healths: (reader: string) => ["patient", reader, "healths"] as const,
  /** The makers' accounts of a reader. */
  integrations: (reader: string) => ["patient", reader, "integrations"] as const,
  device: (patientId: string, id: string) => ["patient", patientId, "device", id] as const,
  newest: (patientId: string, id: string) => ["patient", patientId, "device", id, "newest"] as const,
  latest: (patientId: string, id: string) => ["patient", patientId, "device", id, "latest"] as const,
  series: (patientId: string, id: string, kind: string, range: RangeId) =>
    ["patient", patientId, "device", id, "series", kind, range] as const,
  health: (patientId: string, id: string) => ["patient", patientId, "device", id, "health"] as const,
  events: (patientId: string, id: string) => ["patient", patientId, "device", id, "events"] as const,
};
