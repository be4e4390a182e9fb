-- What every institutional signature on a document has: B-B, B-T or B-LTA.
ALTER TABLE documents ADD COLUMN signature_level TEXT;
UPDATE documents SET signature_level = (SELECT min(s.level) FROM document_seals s
  WHERE s.document_id = documents.id);

-- Documents that are signed and to be made to last: fetched for, and stamped, one by
-- one. A document that is signed again begins anew.
CREATE TABLE lasting (
  document_id BIGINT PRIMARY KEY REFERENCES documents (id),
  -- The signed file that is to last.
  version BIGINT NOT NULL,
  -- waiting, done or given_up.
  state TEXT NOT NULL,
  -- Counted before each: what kills its maker is given up, and not looped.
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  leased_until BIGINT,
  token BIGINT NOT NULL,
  -- Why it is not done: a code.
  last_error TEXT,
  FOREIGN KEY (document_id, version) REFERENCES document_files (document_id, version)
);
CREATE INDEX lasting_waiting ON lasting (next_at, document_id) WHERE state = 'waiting';
