"""The academic directory in tables: one for each definition, and how to list them."""
