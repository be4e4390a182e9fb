"""Signatures in PDFs (PAdES, ETSI EN 319 142-1): made, timestamped, made to last."""
