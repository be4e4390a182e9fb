"""What the DNS says, for rooms that ask it."""
