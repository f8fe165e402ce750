-- migrate:up

-- Stretches of time that a vendor says records were deleted in, by metric: compared with what it still has at the next
-- look. A metric has one stretch, which grows: comparing more than was named is right too.
ALTER TABLE sync.vendor_accounts ADD COLUMN emptied text NOT NULL DEFAULT '{}';

-- migrate:down
ALTER TABLE sync.vendor_accounts DROP COLUMN emptied;
