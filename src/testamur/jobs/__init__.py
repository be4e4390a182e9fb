"""Leasing, running, retrying, cancelling, progress. Knows nothing of certificates."""
