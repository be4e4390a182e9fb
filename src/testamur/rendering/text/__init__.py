"""Fonts, and the places of letters: from words to what is drawn where."""
