"""Uploaded files: sent first, and used afterwards."""
