-- How certificates look. A template has versions; what a version is never changes,
-- and a job keeps the one that it was accepted with.
CREATE TABLE templates (
  id TEXT PRIMARY KEY,
  -- NULL: it comes with Testamur, and every tenant may use it.
  tenant_id TEXT REFERENCES tenants (id),
  name TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  -- Since when it is not offered any more. Its versions stay for who has them.
  archived_at BIGINT
);
CREATE INDEX templates_by_tenant ON templates (tenant_id, made_at, id);
CREATE UNIQUE INDEX templates_by_name ON templates (tenant_id, name)
  WHERE archived_at IS NULL;

CREATE TABLE template_versions (
  id {serial},
  template_id TEXT NOT NULL REFERENCES templates (id),
  number BIGINT NOT NULL,
  -- SHA-256 (hex) of the package; and of what was made of it for drawing in bulk,
  -- NULL until that is made.
  package_digest TEXT NOT NULL,
  prepared_digest TEXT,
  -- waiting (to be prepared), ready, or broken.
  state TEXT NOT NULL,
  code TEXT,
  message TEXT,
  -- What lists and jobs need to know of it (JSON).
  about TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  UNIQUE (template_id, number)
);
CREATE INDEX template_versions_waiting ON template_versions (id)
  WHERE state = 'waiting';

-- The file of a certificate, but for the beginning that all of its template have in
-- common. Made when it is first asked for; made again, it is the same.
CREATE TABLE prints (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  format TEXT NOT NULL,
  -- SHA-256 (hex) of the common beginning; NULL when there is none.
  prefix_digest TEXT,
  tail {blob} NOT NULL,
  -- Of the whole file.
  size BIGINT NOT NULL,
  crc32 BIGINT NOT NULL,
  digest {blob} NOT NULL,
  PRIMARY KEY (job_seq, number, format)
);
