-- migrate:up

-- Files of readings that a person uploaded: claimed and read like an account is looked at.
CREATE TABLE sync.imports (
    upload_id uuid PRIMARY KEY,
    device_connection_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    vendor text NOT NULL,                      -- whose file it is
    object_url text,                           -- null once the file is deleted; until then there is something to do
    size bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    done bigint NOT NULL DEFAULT 0,            -- bytes read
    is_read boolean NOT NULL DEFAULT false,    -- everything of it is in the stream
    published integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,        -- what never came into the stream
    stored integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    settled integer NOT NULL DEFAULT 0,        -- of those published, how many the normalizer has told of
    errors text NOT NULL DEFAULT '[]',
    lease_until timestamptz,
    tries integer NOT NULL DEFAULT 0,          -- leases in a row that ended without a word
    fence bigint NOT NULL DEFAULT 0,           -- grows with every lease; writes of an older one change nothing
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX imports_open ON sync.imports (created_at) WHERE object_url IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.imports TO dc_sync;

-- migrate:down
DROP TABLE sync.imports;
