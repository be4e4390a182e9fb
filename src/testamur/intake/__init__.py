"""Bytes to rows: spreadsheets, archives, pictures; the door every job comes through."""
