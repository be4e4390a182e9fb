-- Addresses of other systems that are told of events.
CREATE TABLE webhooks (
  seq {serial},
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  url TEXT NOT NULL,
  -- JSON: names of events, or one "*".
  events TEXT NOT NULL,
  description TEXT NOT NULL,
  -- What is sent beside the standard's headers.
  style TEXT NOT NULL,
  -- The secret, sealed; and the one before it, which still signs until then.
  sealed {blob} NOT NULL,
  sealed_before {blob},
  before_until BIGINT,
  -- Null while it is told; else why it is not: removed, gone, failing, paused.
  ended TEXT,
  -- Events up to this one have become deliveries, or never will.
  told_up_to BIGINT NOT NULL,
  failing_since BIGINT,
  last_error TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id, seq);

-- One event for one webhook.
CREATE TABLE webhook_deliveries (
  seq {serial},
  -- The same over all attempts.
  id TEXT NOT NULL UNIQUE,
  webhook_seq BIGINT NOT NULL REFERENCES webhooks (seq),
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  -- queued, delivered, parked, dropped.
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  leased_until BIGINT,
  token BIGINT NOT NULL,
  last_error TEXT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_seq, next_at)
  WHERE state = 'queued';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_seq, seq);

-- What came of each attempt.
CREATE TABLE webhook_attempts (
  delivery_seq BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  at BIGINT NOT NULL,
  milliseconds BIGINT NOT NULL,
  status BIGINT,
  error TEXT,
  answer TEXT,
  PRIMARY KEY (delivery_seq, attempt)
);
