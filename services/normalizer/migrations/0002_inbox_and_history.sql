-- migrate:up
-- The inbox of readings of an unknown person, and "as known then": both few among many.
CREATE INDEX device_data_suspect ON normalizer.device_data (device_connection_id, ts) WHERE suspect;
CREATE INDEX superseded_connection ON normalizer.superseded (device_connection_id, ts);

-- PHI: hours in which several of a patient's connections told of one kind, each measurement counted once. Derived, made
-- when first asked for. `stamp` says of which versions of the rollups around it an hour was made; another: made anew.
-- A set is some connections in the order in which they are believed: a reader sees one patient by one set.
CREATE TABLE normalizer.merged_sets (
    id uuid PRIMARY KEY,
    connections uuid[] NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX merged_sets_connections ON normalizer.merged_sets USING gin (connections);
CREATE TABLE normalizer.merged_hours (
    set_id uuid NOT NULL REFERENCES normalizer.merged_sets ON DELETE CASCADE,
    metric smallint NOT NULL,
    t timestamptz NOT NULL,
    stamp bigint NOT NULL,
    min double precision,
    max double precision,
    sum double precision,
    n int NOT NULL,
    low int NOT NULL,
    high int NOT NULL,
    PRIMARY KEY (set_id, metric, t)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON normalizer.merged_sets, normalizer.merged_hours TO dc_normalizer;

-- migrate:down
