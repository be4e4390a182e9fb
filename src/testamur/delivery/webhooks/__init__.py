"""Other systems are told of events (Standard Webhooks 1.0)."""
