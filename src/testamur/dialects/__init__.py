"""Wire spellings of our words, one per folder. No I/O, no clock, no database."""
