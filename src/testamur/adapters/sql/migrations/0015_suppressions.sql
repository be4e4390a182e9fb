-- Addresses that a tenant's mails do not go to, one row for each reason.
CREATE TABLE suppressions (
  seq {serial},
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- HMAC-SHA256 of tenant and address, hexadecimal, under a key of the operator's.
  digest TEXT NOT NULL,
  -- Null once its person was erased.
  address TEXT,
  -- unsubscribed, bounced, complained, manual.
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (digest, reason)
);
CREATE INDEX suppressions_by_tenant ON suppressions (tenant_id, seq);
CREATE INDEX suppressions_by_address ON suppressions (tenant_id, address)
