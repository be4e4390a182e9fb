"""The W3C's conformance suites, run against a server here."""
