"""Our own API under /v1: plain resources, problem details (RFC 9457)."""
