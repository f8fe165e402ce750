-- migrate:up
-- Two replicas that want the same month at once: who waited for the other looks again, and must see what was made
-- meanwhile. Only the lock of a table makes a session hear of that; after an advisory lock it remembers its first look.
CREATE OR REPLACE FUNCTION normalizer.ensure_partition(at timestamptz) RETURNS void
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
    LOCK TABLE normalizer.device_data IN SHARE UPDATE EXCLUSIVE MODE;
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

-- migrate:down
