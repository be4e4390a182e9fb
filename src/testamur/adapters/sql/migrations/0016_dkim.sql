-- Keys that mails are signed with, for the domains they are from (RFC 6376).
CREATE TABLE dkim_keys (
  id TEXT PRIMARY KEY,
  domain TEXT NOT NULL,
  selector TEXT NOT NULL,
  -- rsa-sha256, ed25519-sha256.
  algorithm TEXT NOT NULL,
  public {blob} NOT NULL,
  -- The private half, under the operator secret.
  sealed {blob} NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (domain, selector)
)
