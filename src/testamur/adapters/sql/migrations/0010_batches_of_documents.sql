-- Rows of jobs that issue nothing (they sign documents, or remind signatories), once
-- what was asked for them is done. Such a row has no certificate.
CREATE TABLE done_rows (
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  done_at BIGINT NOT NULL,
  -- What came of it: JSON.
  detail TEXT NOT NULL,
  PRIMARY KEY (job_seq, number),
  FOREIGN KEY (job_seq, number) REFERENCES rows (job_seq, number)
) {without_rowid};

-- Jobs that sign, and until when somebody who was told the PIN is at work on them.
CREATE TABLE sign_sessions (
  job_seq BIGINT PRIMARY KEY REFERENCES jobs (seq),
  keeper TEXT NOT NULL,
  alive_until BIGINT NOT NULL
);

-- Institutional signatures on documents: each signer signs a document once.
CREATE TABLE document_seals (
  document_id BIGINT NOT NULL REFERENCES documents (id),
  version BIGINT NOT NULL,
  signer_id BIGINT NOT NULL REFERENCES signers (id),
  -- The row of the job that it was signed by.
  job_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  level TEXT NOT NULL,
  sealed_at BIGINT NOT NULL,
  PRIMARY KEY (document_id, signer_id),
  UNIQUE (document_id, version),
  FOREIGN KEY (document_id, version) REFERENCES document_files (document_id, version),
  FOREIGN KEY (job_seq, number) REFERENCES rows (job_seq, number)
);
