-- Institutional signing certificates. Certificates are kept for ever; the sealed key
-- goes with the revocation.
CREATE TABLE signers (
  id {serial},
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('pkcs12', 'pkcs11')),
  algorithm TEXT NOT NULL,
  -- DER, one after the other, the signing certificate first.
  chain {blob} NOT NULL,
  -- What lists show of it.
  subject TEXT NOT NULL,
  issuer TEXT NOT NULL,
  serial_number TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_until BIGINT NOT NULL,
  -- How the key is sealed by PIN and operator secret. NULL: it is in a token.
  salt {blob},
  parameters TEXT,
  sealed {blob},
  -- Where the token is (RFC 7512). It has no PIN in it.
  uri TEXT,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX signers_by_tenant ON signers (tenant_id, id);

-- PINs that were tried since the last right one: counted before they are looked at.
CREATE TABLE signer_guesses (
  id {serial},
  signer_id BIGINT NOT NULL REFERENCES signers (id),
  at BIGINT NOT NULL
);
CREATE INDEX signer_guesses_by_signer ON signer_guesses (signer_id, id);
