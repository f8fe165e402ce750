-- migrate:up
CREATE SCHEMA IF NOT EXISTS access;

-- PHI: who is who. `patient_id` is set when there is a body behind the account, and equals `user_id` then.
CREATE TABLE access.profiles (
    user_id uuid PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    sign_in_name text NOT NULL UNIQUE,
    display_name text NOT NULL,
    roles text[] NOT NULL,
    patient_id uuid UNIQUE CHECK (patient_id = user_id),
    timezone text NOT NULL DEFAULT 'UTC',
    units jsonb NOT NULL DEFAULT '{}',
    locale text NOT NULL DEFAULT 'en',
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);

CREATE TABLE access.permissions (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES access.profiles (user_id),
    grantee_id uuid NOT NULL REFERENCES access.profiles (user_id),
    data_kinds text[] NOT NULL CHECK (cardinality(data_kinds) > 0),
    until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    version int NOT NULL DEFAULT 1
);
CREATE INDEX permissions_patient ON access.permissions (patient_id, created_at DESC) WHERE revoked_at IS NULL;
CREATE INDEX permissions_grantee ON access.permissions (grantee_id, created_at DESC) WHERE revoked_at IS NULL;

-- Who did what, in 16 chains of hashes. Insert only, by `audit_append`. No measured values.
CREATE TABLE access.audit_logs (
    id uuid NOT NULL,
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    actor_id text NOT NULL,
    actor_role text NOT NULL,
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    patient_id uuid,
    purpose text NOT NULL,
    outcome text NOT NULL,
    details jsonb NOT NULL,
    ts timestamptz NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (shard, seq)
);
CREATE INDEX audit_logs_patient ON access.audit_logs (patient_id, ts DESC, id DESC);
CREATE INDEX audit_logs_ts ON access.audit_logs (ts DESC, id DESC);

CREATE TABLE access.audit_heads (
    shard smallint PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO access.audit_heads SELECT shard, 0, '\x00'::bytea FROM generate_series(0, 15) AS shard;

-- Where the heads were at a time, signed with a key that the database does not have.
CREATE TABLE access.audit_checkpoints (
    at timestamptz NOT NULL,
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (shard, seq)
);

CREATE TABLE access.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE access.idempotency (
    principal text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status int,
    body bytea,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, path, key)
);

CREATE FUNCTION access.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are never changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_logs_keep BEFORE UPDATE OR DELETE ON access.audit_logs
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change();
CREATE TRIGGER audit_logs_keep_all BEFORE TRUNCATE ON access.audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change();
CREATE TRIGGER audit_checkpoints_keep BEFORE UPDATE OR DELETE ON access.audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change();
CREATE TRIGGER audit_checkpoints_keep_all BEFORE TRUNCATE ON access.audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change();

-- Appends a JSON array of records. Chains are taken in ascending order, so two callers cannot deadlock.
CREATE FUNCTION access.audit_append(events jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event record;
    current_shard smallint := -1;
    next_seq bigint;
    chain bytea;
    row_hash bytea;
BEGIN
    FOR event IN
        SELECT (('x' || substr(md5(coalesce(e->>'patient_id', e->>'actor_id')), 1, 1))::bit(4)::int)::smallint AS shard,
            (e->>'id')::uuid AS id, e->>'actor_id' AS actor_id, e->>'actor_role' AS actor_role, e->>'action' AS action,
            e->>'object_type' AS object_type, e->>'object_id' AS object_id, (e->>'patient_id')::uuid AS patient_id,
            coalesce((e->>'patient_id')::uuid::text, '') AS patient,
            e->>'purpose' AS purpose, e->>'outcome' AS outcome, coalesce(e->'details', '{}'::jsonb) AS details,
            (e->>'ts')::timestamptz AS ts
        FROM jsonb_array_elements(events) WITH ORDINALITY AS t(e, n)
        ORDER BY 1, n
    LOOP
        IF event.shard <> current_shard THEN
            IF current_shard >= 0 THEN
                UPDATE access.audit_heads SET seq = next_seq, hash = chain WHERE shard = current_shard;
            END IF;
            current_shard := event.shard;
            SELECT seq, hash INTO next_seq, chain FROM access.audit_heads WHERE shard = current_shard FOR UPDATE;
        END IF;
        next_seq := next_seq + 1;
        -- Every column, in this order, length-prefixed so that nothing can slide from one into the next.
        row_hash := sha256(chain || convert_to(concat_ws('|', current_shard, next_seq,
            '36:' || event.id, length(event.actor_id) || ':' || event.actor_id,
            length(event.actor_role) || ':' || event.actor_role, length(event.action) || ':' || event.action,
            length(event.object_type) || ':' || event.object_type, length(event.object_id) || ':' || event.object_id,
            length(event.patient) || ':' || event.patient, length(event.purpose) || ':' || event.purpose,
            length(event.outcome) || ':' || event.outcome, length(event.details::text) || ':' || event.details::text,
            '27:' || to_char(event.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), 'UTF8'));
        INSERT INTO access.audit_logs VALUES (event.id, current_shard, next_seq, event.actor_id, event.actor_role,
            event.action, event.object_type, event.object_id, event.patient_id, event.purpose, event.outcome,
            event.details, event.ts, chain, row_hash);
        chain := row_hash;
    END LOOP;
    IF current_shard >= 0 THEN
        UPDATE access.audit_heads SET seq = next_seq, hash = chain WHERE shard = current_shard;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION access.audit_append(jsonb) FROM PUBLIC;

DO $$
DECLARE
    service text;
BEGIN
    FOR service IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'dc\_%' AND rolname <> 'dc_owner' LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA access TO %I', service);
        EXECUTE format('GRANT EXECUTE ON FUNCTION access.audit_append(jsonb) TO %I', service);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON access.profiles, access.permissions TO dc_access;
GRANT SELECT ON access.audit_logs, access.audit_heads TO dc_access;
GRANT SELECT, INSERT ON access.audit_checkpoints TO dc_access;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.outbox, access.idempotency TO dc_access;

-- migrate:down
