"""The outside world: databases, files, other people's servers."""
