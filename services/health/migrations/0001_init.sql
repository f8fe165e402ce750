-- migrate:up
CREATE SCHEMA IF NOT EXISTS health;

CREATE TABLE health.device_health (
    device_connection_id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    device_type text NOT NULL,
    hub_id text,
    status text NOT NULL DEFAULT 'unknown' CHECK (status IN ('ok', 'stale', 'failed', 'unknown')),
    flags text[] NOT NULL DEFAULT '{}',
    battery_pct double precision CHECK (battery_pct BETWEEN 0 AND 100),
    rssi double precision CHECK (rssi BETWEEN -127 AND 20),
    firmware text,
    last_seen timestamptz,
    last_reading_at timestamptz,
    hub_offline boolean NOT NULL DEFAULT false,
    ended boolean NOT NULL DEFAULT false,
    said_at timestamptz,
    dirty boolean NOT NULL DEFAULT false,
    notes text NOT NULL DEFAULT '[]'
);
CREATE INDEX device_health_patient ON health.device_health (patient_id);
CREATE INDEX device_health_silent ON health.device_health (last_seen) WHERE NOT ended;
CREATE INDEX device_health_dirty ON health.device_health (device_connection_id) WHERE dirty;
CREATE INDEX device_health_hub ON health.device_health (hub_id) WHERE hub_id IS NOT NULL;

-- One point an hour at most, and one at each change of status.
CREATE TABLE health.history (
    device_connection_id uuid NOT NULL,
    at timestamptz NOT NULL,
    battery_pct double precision,
    rssi double precision,
    status text NOT NULL,
    PRIMARY KEY (device_connection_id, at)
);

CREATE TABLE health.health_events (
    id uuid PRIMARY KEY,
    device_connection_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    field text
);
CREATE INDEX health_events_connection ON health.health_events (device_connection_id, at DESC, id DESC);

CREATE TABLE health.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT USAGE ON SCHEMA health TO dc_health;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    health.device_health, health.history, health.health_events, health.outbox TO dc_health;

-- migrate:down
