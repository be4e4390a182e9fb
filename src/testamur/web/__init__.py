"""The HTTP edge: what arrives over a socket, and in what time and size."""
