"""Repeatable measurements of what Testamur does. `make bench` runs all of them."""
