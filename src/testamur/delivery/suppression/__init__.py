"""Whom a tenant does not write to any more, and how they say so."""
