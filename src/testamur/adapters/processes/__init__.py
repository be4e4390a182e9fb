"""Other processes on this machine."""
