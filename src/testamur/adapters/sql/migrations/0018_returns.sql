-- What came back of a mail: hard, soft, delayed or complaint, the code and the words
-- of a mail server, without addresses, and when.
ALTER TABLE outbox ADD COLUMN returned_kind TEXT;
ALTER TABLE outbox ADD COLUMN returned_code TEXT;
ALTER TABLE outbox ADD COLUMN returned_words TEXT;
ALTER TABLE outbox ADD COLUMN returned_at BIGINT;
CREATE INDEX outbox_by_message_id ON outbox (message_id);

-- How many messages came back, by what came of them.
CREATE TABLE mail_returns (
  outcome TEXT PRIMARY KEY,
  count BIGINT NOT NULL
)
