"""Files in the data directory, written so that they survive power loss."""
