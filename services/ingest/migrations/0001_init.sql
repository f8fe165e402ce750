-- migrate:up
CREATE SCHEMA IF NOT EXISTS ingest;

CREATE TABLE ingest.uploads (
    id uuid PRIMARY KEY,
    device_connection_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('stethoscope_audio', 'ecg_waveform', 'apple_export')),
    content_type text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    object_url text NOT NULL UNIQUE,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'verified', 'refused')),
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    verified_at timestamptz
);
CREATE INDEX uploads_unfinished ON ingest.uploads (expires_at) WHERE status = 'waiting';

CREATE TABLE ingest.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ingest.idempotency (
    principal text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status int,
    body bytea,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, path, key)
);

GRANT USAGE ON SCHEMA ingest TO dc_ingest;
GRANT SELECT, INSERT, UPDATE ON ingest.uploads TO dc_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.outbox, ingest.idempotency TO dc_ingest;

-- migrate:down
