-- The transparency log. Whoever signs something adds a batch of leaves in the same
-- transaction; tlog alone gives it a place, and owns the other tables.
CREATE TABLE leaf_batches (
  id {serial},
  chunk_id BIGINT UNIQUE REFERENCES chunks (id),
  act TEXT UNIQUE,
  count BIGINT NOT NULL CHECK (count > 0),
  first_index BIGINT UNIQUE,
  -- Last, so that reading the others does not read it: 32 bytes per leaf.
  digests {blob} NOT NULL,
  CHECK ((chunk_id IS NULL) <> (act IS NULL)),
  CHECK (length(digests) = 32 * count)
);
CREATE INDEX leaf_batches_waiting ON leaf_batches (id) WHERE first_index IS NULL;

-- One row: the tree as it was decided, and how much of it everybody can read.
CREATE TABLE log_state (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL,
  size BIGINT NOT NULL,
  root {blob} NOT NULL,
  edge {blob} NOT NULL,
  decided_at BIGINT NOT NULL,
  published_size BIGINT
);

CREATE TABLE log_tiles (
  level BIGINT NOT NULL,
  n BIGINT NOT NULL,
  hashes {blob} NOT NULL,
  PRIMARY KEY (level, n)
);

CREATE TABLE log_checkpoints (
  size BIGINT PRIMARY KEY,
  note TEXT NOT NULL
);
