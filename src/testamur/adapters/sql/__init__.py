"""Every table, on SQLite and on PostgreSQL: one schema, one set of queries."""
