-- Tenants and what they may do. Rows change in the access room.
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  suspended_at BIGINT
);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  digest {blob} NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, created_at);

-- Jobs, their rows and their chunks. intake adds them, jobs moves them.
CREATE TABLE jobs (
  seq {serial},
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  verb TEXT NOT NULL,
  dialect TEXT NOT NULL,
  state TEXT NOT NULL,
  total BIGINT NOT NULL,
  profile TEXT NOT NULL,
  wave BIGINT NOT NULL,
  turn BIGINT NOT NULL,
  idempotency_key TEXT,
  submission_digest TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  UNIQUE (tenant_id, idempotency_key)
);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, seq);
CREATE INDEX jobs_by_tenant_state ON jobs (tenant_id, state, seq);
CREATE INDEX jobs_running ON jobs (turn) WHERE state IN ('queued', 'processing');

CREATE TABLE rows (
  job_seq BIGINT NOT NULL REFERENCES jobs (seq),
  number BIGINT NOT NULL,
  cells TEXT NOT NULL,
  PRIMARY KEY (job_seq, number)
) {without_rowid};

CREATE TABLE chunks (
  id {serial},
  job_seq BIGINT NOT NULL REFERENCES jobs (seq),
  wave BIGINT NOT NULL,
  is_second_try BOOLEAN NOT NULL,
  first_row BIGINT NOT NULL,
  last_row BIGINT NOT NULL,
  size BIGINT NOT NULL,
  state TEXT NOT NULL,
  token BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  worker TEXT,
  leased_until BIGINT,
  ready_at BIGINT NOT NULL DEFAULT 0,
  succeeded BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX chunks_by_job ON chunks (job_seq, state, id);
CREATE INDEX chunks_second_tries ON chunks (job_seq, id)
  WHERE state = 'waiting' AND is_second_try = TRUE;
CREATE INDEX chunks_leased ON chunks (leased_until) WHERE state = 'leased';

-- A picture that rows of a job name, resolved once per job.
CREATE TABLE pictures (
  id {serial},
  job_seq BIGINT NOT NULL REFERENCES jobs (seq),
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  round BIGINT NOT NULL,
  claimed_by TEXT,
  claimed_until BIGINT,
  original_digest TEXT,
  digest TEXT,
  media_type TEXT,
  width BIGINT,
  height BIGINT,
  size BIGINT,
  crc32 BIGINT,
  thumbnail_digest TEXT,
  thumbnail_media_type TEXT,
  code TEXT,
  message TEXT,
  UNIQUE (job_seq, source)
);

-- What is about to be issued, written down before it is. issuance owns these.
CREATE TABLE drafts (
  chunk_id BIGINT PRIMARY KEY REFERENCES chunks (id),
  seed {blob} NOT NULL,
  issued_at BIGINT NOT NULL,
  digest {blob} NOT NULL
);

CREATE TABLE certificates (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  reference TEXT NOT NULL UNIQUE,
  chunk_id BIGINT NOT NULL,
  issued_at BIGINT NOT NULL,
  picture_id BIGINT REFERENCES pictures (id),
  PRIMARY KEY (job_seq, number),
  FOREIGN KEY (job_seq, number) REFERENCES rows (job_seq, number)
) {without_rowid};

CREATE TABLE vouchers (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (job_seq, number),
  FOREIGN KEY (job_seq, number) REFERENCES certificates (job_seq, number)
) {without_rowid};

-- Why a row failed. is_final is false while its automatic second try is open.
CREATE TABLE failures (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  wave BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  is_final BOOLEAN NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  failed_at BIGINT NOT NULL,
  PRIMARY KEY (job_seq, number),
  FOREIGN KEY (job_seq, number) REFERENCES rows (job_seq, number)
) {without_rowid};

-- What is billed: one line per chunk, written with its certificates.
CREATE TABLE usage (
  chunk_id BIGINT PRIMARY KEY REFERENCES chunks (id),
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  job_seq BIGINT NOT NULL REFERENCES jobs (seq),
  quantity BIGINT NOT NULL,
  price_version TEXT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX usage_by_tenant ON usage (tenant_id, used_at);
CREATE INDEX usage_by_job ON usage (job_seq, used_at);

-- A named set of certificates managed together.
CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  job_seq BIGINT NOT NULL UNIQUE REFERENCES jobs (seq),
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX batches_by_tenant ON batches (tenant_id, created_at);
