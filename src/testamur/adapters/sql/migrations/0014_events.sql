-- What happened, as it is told to systems outside: in order, and without persons.
CREATE TABLE events (
  seq {serial},
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- job.completed and the like.
  type TEXT NOT NULL,
  -- The id of what it happened to.
  subject TEXT NOT NULL,
  -- JSON.
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX events_by_tenant ON events (tenant_id, seq);

-- Chunks whose certificates are kept, and of which nobody was told yet.
CREATE TABLE tellings (
  chunk_id BIGINT PRIMARY KEY,
  job_seq BIGINT NOT NULL
);

-- Where a message goes, by which it is paced: a domain that takes mails, or a host.
ALTER TABLE outbox ADD COLUMN destination TEXT NOT NULL DEFAULT '';
-- The row whose certificate it tells of, if it does.
ALTER TABLE outbox ADD COLUMN job_seq BIGINT;
ALTER TABLE outbox ADD COLUMN number BIGINT;
CREATE INDEX outbox_by_row ON outbox (job_seq, number)
