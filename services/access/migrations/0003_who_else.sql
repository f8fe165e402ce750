-- migrate:up
SET LOCAL lock_timeout = '5s';
-- "Who saw my data" is about other people; the devices' own rows are a hundred times as many.
CREATE INDEX audit_logs_others ON access.audit_logs (patient_id, ts DESC, id DESC)
    WHERE actor_role IN ('patient', 'caregiver', 'clinician', 'admin') AND actor_id <> patient_id::text;

-- migrate:down
DROP INDEX access.audit_logs_others;
