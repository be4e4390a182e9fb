"""Verification: what a credential is worth, checked piece by piece."""
