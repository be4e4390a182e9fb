"""Mails are signed for the domain they are from (DKIM)."""
