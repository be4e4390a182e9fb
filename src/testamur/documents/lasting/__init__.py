"""Documents that were signed are made to last, one by one, when there is time."""
