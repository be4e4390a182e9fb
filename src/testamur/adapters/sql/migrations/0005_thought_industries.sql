-- What clients of Thought Industries' API name by UUIDs: certificate templates, the
-- background jobs that prepare them, learners, and who was certified for what.
CREATE TABLE ti_jobs (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  type TEXT NOT NULL,
  description TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  -- How many templates it prepares, when the first of them was taken up, and how many
  -- could not be prepared. How many still wait is counted in the templates.
  total BIGINT NOT NULL,
  started_at BIGINT,
  broken BIGINT NOT NULL
);

CREATE TABLE ti_templates (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  title TEXT NOT NULL,
  -- All that was said of it: JSON.
  fields TEXT NOT NULL,
  -- Grows with every change of its look: what was made of an older one shows.
  revision BIGINT NOT NULL,
  -- waiting (to be prepared), ready, or broken.
  state TEXT NOT NULL,
  -- Whether something has to be fetched for it: others need not wait for that.
  has_asset BOOLEAN NOT NULL,
  claimed_until BIGINT,
  -- What it became: a template, and one of its versions.
  template_id TEXT,
  version BIGINT,
  code TEXT,
  message TEXT,
  -- The background job that its preparation belongs to.
  job_id TEXT REFERENCES ti_jobs (id),
  made_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX ti_templates_by_resource
  ON ti_templates (tenant_id, resource_type, resource_id, title);
CREATE INDEX ti_templates_waiting ON ti_templates (has_asset, changed_at, id)
  WHERE state = 'waiting';
CREATE INDEX ti_templates_by_job ON ti_templates (job_id) WHERE state = 'waiting';

-- Learners. Clients bring ids of their own, so two tenants may know the same one.
CREATE TABLE ti_users (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  id TEXT NOT NULL,
  email TEXT NOT NULL,
  -- As addresses are compared.
  address TEXT NOT NULL,
  external_id TEXT,
  -- Names and whatever else a certificate may say of them: JSON.
  fields TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ti_users_by_address ON ti_users (tenant_id, address);
CREATE INDEX ti_users_by_external_id ON ti_users (tenant_id, external_id)
  WHERE external_id IS NOT NULL;

-- Who was certified for what: the row of a job that a request became.
CREATE TABLE ti_certifications (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  user_id TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  -- Of what was asked for, and how often it was asked anew because it had failed, or
  -- its certificate is not valid any more.
  digest TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  -- What the template prints as the certificate's identifier, if it does.
  identifier TEXT,
  -- NULL until the job was accepted.
  job_id TEXT,
  number BIGINT,
  -- Since when the user has to be certified again.
  ended_at BIGINT,
  made_at BIGINT NOT NULL,
  UNIQUE (tenant_id, digest, attempt)
);
CREATE UNIQUE INDEX ti_certifications_by_identifier
  ON ti_certifications (tenant_id, identifier) WHERE identifier IS NOT NULL;
CREATE INDEX ti_certifications_by_user
  ON ti_certifications (tenant_id, user_id, resource_type, resource_id);

-- Templates that look alike are prepared once.
CREATE INDEX template_versions_by_package ON template_versions (package_digest)
  WHERE prepared_digest IS NOT NULL;
