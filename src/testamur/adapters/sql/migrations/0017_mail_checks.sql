-- What the DNS said last of a domain that mails are from.
CREATE TABLE mail_checks (
  domain TEXT PRIMARY KEY,
  checked_at BIGINT NOT NULL,
  -- JSON: a list of findings.
  findings TEXT NOT NULL
)
