"""Fetching what a row points at, from behind a wall (OWASP API7: SSRF)."""
