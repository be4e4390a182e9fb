-- What every process must know of the whole installation: its id, and whether
-- issuing is halted.
CREATE TABLE house (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- Keys that issuers sign with. Public halves are kept for ever.
CREATE TABLE issuer_keys (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  algorithm TEXT NOT NULL,
  public {blob} NOT NULL,
  sealed {blob} NOT NULL,
  made_at BIGINT NOT NULL,
  retired_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX issuer_keys_by_tenant ON issuer_keys (tenant_id, made_at);

-- Whether credentials of the tenant name recipients by their address itself.
ALTER TABLE tenants ADD COLUMN shows_addresses BOOLEAN NOT NULL DEFAULT FALSE;

-- Credential structures with holes, for ever; named by what was engraved.
CREATE TABLE dies (
  id {serial},
  shape TEXT NOT NULL UNIQUE,
  digest TEXT NOT NULL,
  body {blob} NOT NULL
);

-- Bitstring status lists. The n-th place handed out is found from the seed. The
-- version grows, and changed_at is set, with every act that changes its bits.
CREATE TABLE status_lists (
  id {serial},
  name TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- The address that its certificates name it by, whatever the address is later.
  public_url TEXT NOT NULL,
  seed {blob} NOT NULL,
  size BIGINT NOT NULL,
  used BIGINT NOT NULL CHECK (used <= size),
  version BIGINT NOT NULL,
  changed_at BIGINT
);
CREATE INDEX status_lists_by_tenant ON status_lists (tenant_id, id);

-- What is to be signed is fixed before it is signed, places in lists included.
ALTER TABLE drafts ADD COLUMN key_id TEXT REFERENCES issuer_keys (id);
ALTER TABLE drafts ADD COLUMN status_list_id BIGINT REFERENCES status_lists (id);
ALTER TABLE drafts ADD COLUMN first_place BIGINT;

-- What the certificates of a chunk have in common.
CREATE TABLE signings (
  chunk_id BIGINT PRIMARY KEY REFERENCES chunks (id),
  key_id TEXT NOT NULL REFERENCES issuer_keys (id),
  status_list_id BIGINT NOT NULL REFERENCES status_lists (id)
);

-- NULL in certificates that an earlier release issued, without signing them.
ALTER TABLE certificates ADD COLUMN die_id BIGINT REFERENCES dies (id);
ALTER TABLE certificates ADD COLUMN status_index BIGINT;
ALTER TABLE certificates ADD COLUMN signature {blob};

-- What was done to certificates after they were issued. An act is one call,
-- however many certificates it names.
CREATE TABLE acts (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  verb TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  done_at BIGINT NOT NULL,
  count BIGINT NOT NULL
);
CREATE INDEX acts_by_tenant ON acts (tenant_id, done_at);

-- Certificates that are revoked or suspended now. One without a line is in force.
CREATE TABLE standings (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('revoked', 'suspended')),
  since BIGINT NOT NULL,
  act_id TEXT NOT NULL REFERENCES acts (id),
  status_list_id BIGINT REFERENCES status_lists (id),
  status_index BIGINT,
  PRIMARY KEY (job_seq, number)
) {without_rowid};
CREATE UNIQUE INDEX standings_by_list ON standings (status_list_id, status_index);

-- A corrected certificate, and the one that stands in its place.
CREATE TABLE corrections (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  replaced_by TEXT NOT NULL UNIQUE,
  act_id TEXT NOT NULL REFERENCES acts (id),
  PRIMARY KEY (job_seq, number)
) {without_rowid};

-- Rows whose person was erased, issued or not. Their leaves stay.
CREATE TABLE erasures (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  act_id TEXT NOT NULL REFERENCES acts (id),
  PRIMARY KEY (job_seq, number)
) {without_rowid};

-- Files that nothing refers to since, and that are yet to be removed.
CREATE TABLE erased_files (
  digest TEXT PRIMARY KEY
);

-- Who did what, each entry bound to the one before it. Nothing here changes.
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  tenant_id TEXT,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash {blob} NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant_id, seq);

-- Credentials that callers wrote themselves and had secured. What they say is not
-- kept; their leaves are found by the same id.
CREATE TABLE secured (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- SHA-256 of the credential's own id; NULL: it has none.
  name_digest TEXT,
  key_id TEXT NOT NULL REFERENCES issuer_keys (id),
  secured_at BIGINT NOT NULL,
  status_list_id BIGINT REFERENCES status_lists (id),
  status_index BIGINT
);
CREATE INDEX secured_by_name ON secured (tenant_id, name_digest);
CREATE UNIQUE INDEX secured_by_place ON secured (status_list_id, status_index);

-- Those of them that are revoked or suspended now.
CREATE TABLE secured_standings (
  status_list_id BIGINT NOT NULL REFERENCES status_lists (id),
  status_index BIGINT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('revoked', 'suspended')),
  since BIGINT NOT NULL,
  act_id TEXT NOT NULL REFERENCES acts (id),
  PRIMARY KEY (status_list_id, status_index)
) {without_rowid};

-- Certificates in formats that somebody asked for: with the facts and the key, the
-- signature is all there is to know. Their leaves are named `certificate/format`.
CREATE TABLE renditions (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  format TEXT NOT NULL,
  key_id TEXT NOT NULL REFERENCES issuer_keys (id),
  signature {blob} NOT NULL,
  PRIMARY KEY (job_seq, number, format)
) {without_rowid};
