-- migrate:up

-- An account that has ended keeps its tokens until its vendor was told; until then it is due like one that is looked at.
DROP INDEX sync.vendor_accounts_due;
CREATE INDEX vendor_accounts_due ON sync.vendor_accounts (next_due_at)
    WHERE (state = 'active' OR state = 'revoked' AND oauth_tokens_encrypted IS NOT NULL);

-- migrate:down
DROP INDEX sync.vendor_accounts_due;
UPDATE sync.vendor_accounts SET oauth_tokens_encrypted = NULL WHERE state = 'revoked';
CREATE INDEX vendor_accounts_due ON sync.vendor_accounts (next_due_at) WHERE state = 'active';
