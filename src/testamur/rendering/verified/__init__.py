"""Documents that say how they are verified: made of what strangers uploaded."""
