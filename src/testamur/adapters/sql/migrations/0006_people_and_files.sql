-- People who log in. Two tenants may know the same person, so an address is taken once
-- per tenant. access owns these.
CREATE TABLE users (
  -- What older clients know a person by.
  number {serial},
  -- A UUID: what the others do.
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  -- As addresses are compared.
  address TEXT NOT NULL,
  -- Argon2id, of what the operator secret makes of the password.
  hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  disabled_at BIGINT,
  UNIQUE (tenant_id, address)
);
CREATE INDEX users_by_address ON users (address);

-- How often somebody was wrong lately, by a digest of the address that was tried,
-- whether or not anybody has it.
CREATE TABLE login_tries (
  who {blob} PRIMARY KEY,
  count BIGINT NOT NULL,
  last_at BIGINT NOT NULL
) {without_rowid};
CREATE INDEX login_tries_by_age ON login_tries (last_at);

-- Whose a token is, or of which key it came: with them it ends. Tokens of one family
-- descend from one login.
ALTER TABLE tokens ADD COLUMN user_id TEXT REFERENCES users (id);
ALTER TABLE tokens ADD COLUMN key_id TEXT REFERENCES api_keys (id);
ALTER TABLE tokens ADD COLUMN family TEXT;
CREATE INDEX tokens_by_user ON tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_by_key ON tokens (key_id) WHERE key_id IS NOT NULL;
CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;

-- What a new token is had for, once.
CREATE TABLE refresh_tokens (
  digest {blob} PRIMARY KEY,
  family TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  scopes TEXT NOT NULL,
  -- How long the tokens live that are had for it.
  ttl BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  spent_at BIGINT
) {without_rowid};
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_age ON refresh_tokens (tenant_id, expires_at);

-- Files that were uploaded before it is said what for. The bytes are under their
-- digest; a tenant has the same bytes once.
CREATE TABLE uploaded_files (
  -- In the order in which they were uploaded.
  seq {serial},
  -- A UUID of 122 random bits: whoever knows it may download the file.
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  digest TEXT NOT NULL,
  original_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  extension TEXT NOT NULL,
  size BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  -- Since when it is spent, and on what.
  used_at BIGINT,
  used_for TEXT,
  -- When it goes if nothing has used it by then; NULL: it stays.
  expires_at BIGINT,
  UNIQUE (tenant_id, digest)
);
CREATE INDEX uploaded_files_by_tenant ON uploaded_files (tenant_id, seq);
CREATE INDEX uploaded_files_unused ON uploaded_files (tenant_id, seq)
  WHERE used_at IS NULL;
CREATE INDEX uploaded_files_by_digest ON uploaded_files (digest);
CREATE INDEX uploaded_files_expiring ON uploaded_files (expires_at)
  WHERE expires_at IS NOT NULL;
