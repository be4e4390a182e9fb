"""Where a key is kept that we never see: tokens (PKCS#11) and key services (KMS)."""
