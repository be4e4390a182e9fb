"""Mailboxes at a mail server (RFC 3501)."""
