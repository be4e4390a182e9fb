"""The issuing cycle: check, draft, keep."""
