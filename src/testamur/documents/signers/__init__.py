"""Signers: the signing certificates of institutions, and the PINs that open them."""
