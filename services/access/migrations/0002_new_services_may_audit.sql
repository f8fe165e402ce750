-- migrate:up
-- Roles that came after the first migration: every service appends to the audit log.
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

-- migrate:down
