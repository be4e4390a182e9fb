"""The die: a credential's structure engraved once, and stamped for every row."""
