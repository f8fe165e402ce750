-- migrate:up
CREATE SCHEMA IF NOT EXISTS sync;

-- One person's account at one vendor. PHI: that it exists says something about its owner; the tokens open the data.
CREATE TABLE sync.vendor_accounts (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    user_id uuid NOT NULL,
    vendor text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'needs_reauth', 'paused', 'revoked', 'retired')),
    state_reason text,
    vendor_user_index text NOT NULL,           -- keyed digest of the vendor's name for the person
    oauth_tokens_encrypted bytea,              -- null once the grant has ended
    token_generation integer NOT NULL DEFAULT 1,
    scopes text[] NOT NULL DEFAULT '{}',
    data_kinds text[] NOT NULL DEFAULT '{}',
    consent_version text,
    connection_id uuid,                        -- the pairing that it was begun for
    look_cursor text,                          -- the vendor's own, of the last complete look
    looked_until timestamptz,                  -- how far the last complete look went
    hint_since timestamptz,                    -- the oldest time that notifications named since then
    next_due_at timestamptz NOT NULL,
    wanted bigint NOT NULL DEFAULT 1,          -- how often a look was asked for
    taken bigint NOT NULL DEFAULT 0,           -- `wanted` as the last look found it
    lease_until timestamptz,
    leased_at timestamptz,                     -- when the look began that holds the lease
    fence bigint NOT NULL DEFAULT 0,           -- grows with every lease; writes of an older one change nothing
    failures integer NOT NULL DEFAULT 0,
    last_fault text,
    subscribed_at timestamptz,                 -- when subscriptions were last compared
    notified_at timestamptz,
    committed_at timestamptz,                  -- when readings of it were last stored
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX vendor_accounts_of_patient ON sync.vendor_accounts (patient_id, vendor) WHERE state <> 'revoked';
CREATE UNIQUE INDEX vendor_accounts_user ON sync.vendor_accounts (vendor, vendor_user_index) WHERE state <> 'revoked';
CREATE INDEX vendor_accounts_due ON sync.vendor_accounts (next_due_at) WHERE state = 'active';

-- A sign-in at a vendor that is under way. The state itself is not kept, only its digest.
CREATE TABLE sync.authorizations (
    state_sha256 text PRIMARY KEY,
    user_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    vendor text NOT NULL,
    verifier_sealed bytea NOT NULL,
    data_kinds text[] NOT NULL,
    consent_version text NOT NULL,
    connection_id uuid,
    return_to text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX authorizations_expiry ON sync.authorizations (expires_at);

CREATE TABLE sync.sync_jobs (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES sync.vendor_accounts (id),
    patient_id uuid NOT NULL,
    device_connection_id uuid NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    position timestamptz NOT NULL,             -- everything from it to `until` is in the stream
    window_days integer NOT NULL,
    published integer NOT NULL DEFAULT 0,
    stored integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    settled integer NOT NULL DEFAULT 0,        -- of those published, how many the normalizer has told of
    errors text NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX sync_jobs_open ON sync.sync_jobs (account_id, created_at) WHERE state IN ('queued', 'running');
CREATE INDEX sync_jobs_connection ON sync.sync_jobs (device_connection_id, created_at DESC);

-- What vendors pushed and what the normalizer told, so that hearing it twice counts once.
CREATE TABLE sync.webhook_events (
    vendor text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (vendor, event_id)
);
CREATE INDEX webhook_events_age ON sync.webhook_events (received_at);

-- Notifications that a vendor is asked for once for the whole application.
CREATE TABLE sync.vendor_subscriptions (
    vendor text PRIMARY KEY,
    compared_at timestamptz NOT NULL
);

CREATE TABLE sync.idempotency (
    principal text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 text NOT NULL,
    status integer,
    body bytea,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, path, key)
);
CREATE TABLE sync.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers text NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT USAGE ON SCHEMA sync TO dc_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sync TO dc_sync;

-- migrate:down
DROP SCHEMA sync CASCADE;
