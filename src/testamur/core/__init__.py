"""What every room leans on: nouns, moves, refusals, limits. Only the stdlib."""
