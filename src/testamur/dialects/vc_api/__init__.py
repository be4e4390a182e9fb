"""The W3C's Verifiable Credential API: what its callers and suites send and read."""
