-- migrate:up
CREATE SCHEMA IF NOT EXISTS registry;

CREATE TABLE registry.vendors (
    vendor_id text PRIMARY KEY CHECK (vendor_id ~ '^[a-z0-9_]{2,40}$'),
    name text NOT NULL,
    docs_url text
);

CREATE TABLE registry.device_models (
    id uuid PRIMARY KEY,
    vendor text NOT NULL REFERENCES registry.vendors (vendor_id),
    model text NOT NULL,
    name text NOT NULL,
    device_type text NOT NULL,
    capabilities text[] NOT NULL CHECK (cardinality(capabilities) > 0),
    pairing_methods text[] NOT NULL CHECK (cardinality(pairing_methods) > 0),
    recommended_reason text NOT NULL DEFAULT '',
    native_required boolean NOT NULL DEFAULT false,
    native_reason text,
    ble_services text[] NOT NULL DEFAULT '{}',
    decoder text NOT NULL DEFAULT 'sig' CHECK (decoder IN ('sig', 'xiaomi-scale', 'none')),
    quirks jsonb NOT NULL DEFAULT '{}',
    docs_url text,
    in_catalogue boolean NOT NULL DEFAULT false,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX device_models_name ON registry.device_models (vendor, lower(model));
CREATE INDEX device_models_type ON registry.device_models (device_type, name);

CREATE TABLE registry.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE registry.idempotency (
    principal text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status int,
    body bytea,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, path, key)
);

GRANT USAGE ON SCHEMA registry TO dc_registry;
GRANT SELECT, INSERT, UPDATE ON registry.vendors, registry.device_models TO dc_registry;
GRANT SELECT, INSERT, UPDATE, DELETE ON registry.outbox, registry.idempotency TO dc_registry;

-- migrate:down
