-- Messages that leave the house, committed with the facts that they tell of.
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  -- email.
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  -- What it says, by reference: JSON. It is written out when it is sent.
  message TEXT NOT NULL,
  -- The same at every attempt, so that a mailbox can tell a repetition.
  message_id TEXT NOT NULL,
  -- queued, sent, failed (for ever, or not wanted any more) or parked (out of
  -- attempts; waits for a person).
  state TEXT NOT NULL,
  -- Counted before each: what kills its sender is parked, and not looped.
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  last_error TEXT,
  leased_until BIGINT,
  token BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at BIGINT
);
CREATE INDEX outbox_queued ON outbox (next_at, id) WHERE state = 'queued';
CREATE INDEX outbox_by_tenant ON outbox (tenant_id, created_at);

-- What kinds of documents there are, and what has to be said of each (JSON).
CREATE TABLE document_types (
  id {serial},
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  description TEXT NOT NULL,
  signed_by_third BOOLEAN NOT NULL,
  multiples_third_signers BOOLEAN NOT NULL,
  indexers TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX document_types_by_tenant ON document_types (tenant_id, id);

-- PDFs to be signed.
CREATE TABLE documents (
  id {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  document_type_id BIGINT NOT NULL REFERENCES document_types (id),
  description TEXT NOT NULL,
  module_uuid TEXT,
  file_uuid TEXT NOT NULL,
  -- What was said of it: JSON.
  indexers TEXT NOT NULL,
  -- draft, pending, signed or refused.
  status TEXT NOT NULL,
  -- Whether signatories are asked one after the other.
  in_order BOOLEAN NOT NULL,
  sent_at BIGINT,
  signed_at BIGINT,
  refused_at BIGINT,
  institution_signed_at BIGINT,
  -- The signature record as a file of its own; NULL until it is made.
  record_digest TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX documents_by_tenant ON documents (tenant_id, id);
CREATE INDEX documents_by_type ON documents (document_type_id);
CREATE INDEX documents_unrecorded ON documents (id)
  WHERE status = 'signed' AND record_digest IS NULL;

-- Its versions. None of them ever changes.
CREATE TABLE document_files (
  document_id BIGINT NOT NULL REFERENCES documents (id),
  version BIGINT NOT NULL,
  -- original, recorded (the signature record is its last page) or sealed (signed by
  -- the institution).
  kind TEXT NOT NULL,
  digest TEXT NOT NULL,
  size BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (document_id, version)
);

-- People who are asked to sign.
CREATE TABLE signatories (
  id {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  -- As addresses are compared.
  address TEXT NOT NULL,
  document_number TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (tenant_id, address)
);
CREATE INDEX signatories_by_tenant ON signatories (tenant_id, id);

-- Asking one signatory to sign one document, and what came of it.
CREATE TABLE signature_requests (
  id {serial},
  uuid TEXT NOT NULL UNIQUE,
  document_id BIGINT NOT NULL REFERENCES documents (id),
  signatory_id BIGINT NOT NULL REFERENCES signatories (id),
  place BIGINT NOT NULL,
  -- SHA-256 of what the link has in it, which is nowhere.
  token_digest {blob} NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  -- When a mail was last put into the outbox, and which.
  asked_at BIGINT,
  mail_id TEXT,
  -- When a mail before that one was taken by the mail server.
  mailed_at BIGINT,
  expires_at BIGINT,
  viewed_at BIGINT,
  -- One of both at most, once and for all; with all that is known of it.
  signed_at BIGINT,
  refused_at BIGINT,
  reason TEXT,
  name TEXT,
  email TEXT,
  typed_name TEXT,
  client TEXT,
  user_agent TEXT,
  -- SHA-256 (hex) of the file that they were shown.
  seen_digest TEXT,
  UNIQUE (document_id, signatory_id)
);
CREATE INDEX signature_requests_by_signatory ON signature_requests (signatory_id);
