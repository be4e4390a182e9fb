"""The Pocketbook bulk mint API. Where we bend it: docs/divergences/pocketbook.md."""
