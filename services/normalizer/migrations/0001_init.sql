-- migrate:up
CREATE SCHEMA IF NOT EXISTS normalizer;

-- Identity. A month-partitioned table cannot hold a unique key without its time, so "the same reading" is a table of
-- its own. Only identities that a sender gave, and GATT identities, need a row here.
CREATE TABLE normalizer.record_keys (
    device_connection_id uuid NOT NULL,
    record_key uuid NOT NULL,
    id uuid NOT NULL,
    ts timestamptz NOT NULL,
    content uuid NOT NULL,
    revision bigint,
    PRIMARY KEY (device_connection_id, record_key)
) PARTITION BY HASH (device_connection_id);
DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE normalizer.record_keys_%s PARTITION OF normalizer.record_keys'
            ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END
$$;

-- PHI: the record itself. `suspect`: kept and listed, but left out of latest values, rollups and alerts
-- (an impossible clock, or possibly another person).
CREATE TABLE normalizer.device_data (
    id uuid NOT NULL,
    device_connection_id uuid NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    record_key uuid NOT NULL,
    content uuid NOT NULL,
    revision bigint,
    version int NOT NULL DEFAULT 1,
    suspect boolean NOT NULL DEFAULT false,
    readings jsonb NOT NULL,
    meta jsonb NOT NULL,
    UNIQUE (device_connection_id, ts, record_key)
) PARTITION BY RANGE (ts);
CREATE TABLE normalizer.device_data_default PARTITION OF normalizer.device_data DEFAULT;

-- PHI: earlier versions of amended readings, and readings that were taken back, dated: "as known then".
CREATE TABLE normalizer.superseded (
    id uuid NOT NULL,
    device_connection_id uuid NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    record_key uuid NOT NULL,
    content uuid NOT NULL,
    revision bigint,
    version int NOT NULL,
    suspect boolean NOT NULL,
    readings jsonb NOT NULL,
    meta jsonb NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    PRIMARY KEY (id, version)
);

-- PHI: hourly minimum, maximum, sum and count of each metric (ids of proto/metrics.py). Metrics without a number have
-- a count only: it says when there was a value. `low`, `high`: LOW and HIGH markers, which are no measurements.
CREATE TABLE normalizer.data_rollups (
    device_connection_id uuid NOT NULL,
    metric smallint NOT NULL,
    t timestamptz NOT NULL,
    min double precision CHECK (min > '-Infinity' AND min < 'Infinity'),
    max double precision CHECK (max > '-Infinity' AND max < 'Infinity'),
    sum double precision CHECK (sum > '-Infinity' AND sum < 'Infinity'),
    n int NOT NULL CHECK (n >= 0),
    low int NOT NULL DEFAULT 0,
    high int NOT NULL DEFAULT 0,
    PRIMARY KEY (device_connection_id, metric, t)
) WITH (fillfactor = 80);

-- PHI: what was given up. The payload is sealed.
CREATE TABLE normalizer.dead_letters (
    id uuid PRIMARY KEY,
    consumer text NOT NULL,
    stream text NOT NULL,
    sequence bigint NOT NULL,
    device_connection_id uuid,
    patient_id uuid,
    code text NOT NULL,
    field text,
    payload_sealed bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);
CREATE INDEX dead_letters_connection ON normalizer.dead_letters (device_connection_id, at DESC);
CREATE INDEX dead_letters_at ON normalizer.dead_letters (at);

-- When the session of a continuous glucose monitor began: its records count minutes from there.
CREATE TABLE normalizer.cgm_sessions (
    device_connection_id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL
);

CREATE TABLE normalizer.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The runtime role may not run DDL: the owner's function makes the partition of a month (of a year before 2026).
-- Rows with an impossible clock that wait in the default partition move into it.
CREATE FUNCTION normalizer.ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live CONSTANT timestamptz := '2026-01-01T00:00:00Z';
    utc timestamp := at AT TIME ZONE 'UTC';
    since timestamptz;
    until timestamptz;
    part text;
BEGIN
    IF at < '2010-01-01T00:00:00Z' OR at > now() + interval '1 year' THEN
        RETURN;  -- an impossible clock: the default partition
    END IF;
    IF at < live THEN
        since := date_trunc('year', utc) AT TIME ZONE 'UTC';
        until := (date_trunc('year', utc) + interval '1 year') AT TIME ZONE 'UTC';
        part := 'device_data_' || to_char(utc, 'YYYY');
    ELSE
        since := date_trunc('month', utc) AT TIME ZONE 'UTC';
        until := (date_trunc('month', utc) + interval '1 month') AT TIME ZONE 'UTC';
        part := 'device_data_' || to_char(utc, 'YYYY_MM');
    END IF;
    IF to_regclass('normalizer.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('normalizer.ensure_partition'));
    IF to_regclass('normalizer.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE normalizer.%I (LIKE normalizer.device_data INCLUDING DEFAULTS)', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM normalizer.device_data_default WHERE ts >= %L AND ts < %L RETURNING *)'
        ' INSERT INTO normalizer.%I SELECT * FROM moved', since, until, part);
    EXECUTE format(
        'ALTER TABLE normalizer.device_data ATTACH PARTITION normalizer.%I FOR VALUES FROM (%L) TO (%L)',
        part, since, until);
END
$$;
REVOKE ALL ON FUNCTION normalizer.ensure_partition(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION normalizer.ensure_partition(timestamptz) TO dc_normalizer;

SELECT normalizer.ensure_partition(make_timestamptz(year, 6, 1, 0, 0, 0, 'UTC')) FROM generate_series(2010, 2025) AS year;
SELECT normalizer.ensure_partition(date_trunc('month', now()) + make_interval(months => month))
FROM generate_series(-1, 3) AS month;

GRANT USAGE ON SCHEMA normalizer TO dc_normalizer;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    normalizer.record_keys, normalizer.device_data, normalizer.data_rollups, normalizer.outbox,
    normalizer.cgm_sessions TO dc_normalizer;
GRANT SELECT, INSERT, DELETE ON normalizer.superseded TO dc_normalizer;
GRANT SELECT, INSERT, UPDATE, DELETE ON normalizer.dead_letters TO dc_normalizer;

-- migrate:down
