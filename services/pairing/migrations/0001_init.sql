-- migrate:up
CREATE SCHEMA IF NOT EXISTS pairing;

CREATE TABLE pairing.hubs (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{7,63}$'),
    patient_id uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'offline' CHECK (state IN ('online', 'offline')),
    state_at timestamptz,
    last_seen timestamptz,
    firmware text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    -- From this moment on no live session of the hub may go on; null when that is so already.
    evict_at timestamptz
);
CREATE INDEX hubs_of_patient ON pairing.hubs (patient_id, id) WHERE deleted_at IS NULL;
CREATE INDEX hubs_offline ON pairing.hubs (state_at) WHERE state = 'offline' AND deleted_at IS NULL;
CREATE INDEX hubs_to_evict ON pairing.hubs (evict_at) WHERE evict_at IS NOT NULL;

-- Only digests: a secret is shown once, when it is made.
CREATE TABLE pairing.hub_secrets (
    hub_id text NOT NULL REFERENCES pairing.hubs (id),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz NOT NULL,
    until timestamptz,
    PRIMARY KEY (hub_id, sha256)
);

CREATE TABLE pairing.device_connections (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    device_model_id uuid NOT NULL,
    name text NOT NULL,
    device_type text NOT NULL,
    pairing_method text NOT NULL,
    hub_id text REFERENCES pairing.hubs (id),
    device_id text,
    status text NOT NULL CHECK (status IN ('pairing', 'connected', 'disconnected', 'failed', 'revoked')),
    status_reason text,
    credentials_encrypted bytea,
    token_sha256 text CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
    firmware text,
    battery_pct double precision,
    last_reading_at timestamptz,
    last_sync_at timestamptz,
    health_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    pairing_since timestamptz NOT NULL,
    revoked_at timestamptz,
    erased_at timestamptz,
    CHECK ((status = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE INDEX connections_of_patient ON pairing.device_connections (patient_id, id);
CREATE INDEX connections_of_hub ON pairing.device_connections (hub_id) WHERE hub_id IS NOT NULL AND status <> 'revoked';
CREATE INDEX connections_unfinished ON pairing.device_connections (pairing_since) WHERE status = 'pairing';
-- One owner a physical device: the device's own identity, whatever its case.
CREATE UNIQUE INDEX connections_owner ON pairing.device_connections (device_model_id, lower(device_id))
    WHERE device_id IS NOT NULL AND status <> 'revoked';
CREATE INDEX connections_device ON pairing.device_connections (device_model_id, lower(device_id))
    WHERE device_id IS NOT NULL;

CREATE TABLE pairing.pairing_sessions (
    id uuid PRIMARY KEY,
    device_connection_id uuid NOT NULL REFERENCES pairing.device_connections (id) ON DELETE CASCADE,
    patient_id uuid NOT NULL,
    method text NOT NULL,
    token_sha256 text NOT NULL UNIQUE CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
    state text NOT NULL
        CHECK (state IN ('waiting', 'scanning', 'found', 'pairing', 'done', 'expired', 'failed')),
    -- JSON as text: names of Bluetooth devices may hold what jsonb does not take.
    found text NOT NULL DEFAULT '[]',
    error text,
    failed_tries int NOT NULL DEFAULT 0,
    scan_command_id uuid,
    pair_command_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    completed_at timestamptz
);
CREATE UNIQUE INDEX sessions_live ON pairing.pairing_sessions (device_connection_id)
    WHERE state IN ('waiting', 'scanning', 'found', 'pairing');
CREATE INDEX sessions_of_connection ON pairing.pairing_sessions (device_connection_id, created_at DESC);
CREATE INDEX sessions_open ON pairing.pairing_sessions (expires_at) WHERE state IN ('waiting', 'scanning', 'found');
CREATE INDEX sessions_unanswered ON pairing.pairing_sessions (completed_at) WHERE state = 'pairing';
CREATE INDEX sessions_scan ON pairing.pairing_sessions (scan_command_id) WHERE scan_command_id IS NOT NULL;
CREATE INDEX sessions_pair ON pairing.pairing_sessions (pair_command_id) WHERE pair_command_id IS NOT NULL;

-- Appended, never edited but for the moment of revocation.
CREATE TABLE pairing.consents (
    id uuid PRIMARY KEY,
    device_connection_id uuid NOT NULL REFERENCES pairing.device_connections (id),
    patient_id uuid NOT NULL,
    version text NOT NULL,
    text_sha256 text NOT NULL CHECK (text_sha256 ~ '^[0-9a-f]{64}$'),
    locale text NOT NULL,
    data_kinds text[] NOT NULL CHECK (cardinality(data_kinds) > 0),
    purpose text NOT NULL DEFAULT 'care',
    actor_id uuid NOT NULL,
    given_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX consents_active ON pairing.consents (device_connection_id) WHERE revoked_at IS NULL;
CREATE INDEX consents_of_connection ON pairing.consents (device_connection_id);
CREATE INDEX consents_of_patient ON pairing.consents (patient_id, id);

CREATE TABLE pairing.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE pairing.idempotency (
    principal text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status int,
    body bytea,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, path, key)
);
CREATE INDEX idempotency_age ON pairing.idempotency (at);

GRANT USAGE ON SCHEMA pairing TO dc_pairing;
GRANT SELECT, INSERT, UPDATE ON pairing.hubs, pairing.consents TO dc_pairing;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    pairing.hub_secrets, pairing.device_connections, pairing.pairing_sessions, pairing.outbox, pairing.idempotency
    TO dc_pairing;

-- migrate:down
