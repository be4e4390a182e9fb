"""How issuing would go, row by row, without any of it happening."""
