"""What an uploaded PDF is, and whether an institution may put its name to it."""
