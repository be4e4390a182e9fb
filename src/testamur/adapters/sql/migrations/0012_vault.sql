-- Files that were uploaded for the vault: each upload is one, whatever its bytes. The
-- bytes, and the PDF that they are shown as, are under their digests.
CREATE TABLE vault_files (
  seq {serial},
  -- A UUID.
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  digest TEXT NOT NULL,
  pdf_digest TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  -- The PDF, and the size of its first page, as a row has them.
  document TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- When it goes if nothing has used it by then.
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX vault_files_by_digest ON vault_files (digest);
CREATE INDEX vault_files_by_pdf_digest ON vault_files (pdf_digest);
CREATE INDEX vault_files_expiring ON vault_files (expires_at) WHERE used_at IS NULL;

-- Who was issued something before: what follows is theirs without being written to.
CREATE TABLE vault_customers (
  id {serial},
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- As addresses are compared.
  address TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (tenant_id, address)
);

-- Certificates that were asked for in one call, and the job that issues them.
CREATE TABLE vault_batches (
  seq {serial},
  -- A UUID.
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  job_seq BIGINT NOT NULL UNIQUE REFERENCES jobs (seq),
  name TEXT NOT NULL,
  is_vault BOOLEAN NOT NULL,
  template_id TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX vault_batches_by_tenant ON vault_batches (tenant_id, is_vault, seq);

-- Each of them, and the row that it is issued by.
CREATE TABLE vault_certificates (
  id {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- NULL: it was asked for alone.
  batch_seq BIGINT REFERENCES vault_batches (seq),
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  reference TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  full_name TEXT NOT NULL,
  email TEXT NOT NULL,
  -- As addresses are compared.
  address TEXT NOT NULL,
  -- All that is searched, in small letters.
  sought TEXT NOT NULL,
  issue_date TEXT,
  details TEXT,
  is_vault BOOLEAN NOT NULL,
  file_id TEXT UNIQUE REFERENCES vault_files (id),
  customer_id BIGINT REFERENCES vault_customers (id),
  -- Since when it is a known recipient's. Others are written to, once.
  assigned_at BIGINT,
  mail_id TEXT,
  -- The PDF that says that it can be verified, once somebody asked for it.
  verified_digest TEXT,
  created_at BIGINT NOT NULL,
  UNIQUE (job_seq, number),
  FOREIGN KEY (job_seq, number) REFERENCES rows (job_seq, number)
);
CREATE INDEX vault_certificates_by_tenant
  ON vault_certificates (tenant_id, is_vault, id);
CREATE INDEX vault_certificates_by_batch ON vault_certificates (batch_seq, id);
CREATE INDEX vault_certificates_by_address ON vault_certificates (tenant_id, address);
CREATE INDEX vault_certificates_by_customer ON vault_certificates (customer_id);
CREATE INDEX vault_certificates_by_verified ON vault_certificates (verified_digest)
  WHERE verified_digest IS NOT NULL;
CREATE INDEX vault_certificates_untold ON vault_certificates (id)
  WHERE mail_id IS NULL AND assigned_at IS NULL;
