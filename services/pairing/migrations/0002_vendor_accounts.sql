-- migrate:up
-- What was last heard of the accounts at vendors, which the service `sync` owns: enough to tell news from echoes.
CREATE TABLE pairing.vendor_accounts (
    account_id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    vendor text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON pairing.vendor_accounts TO dc_pairing;

-- migrate:down
