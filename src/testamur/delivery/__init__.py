"""What leaves the house: the results of a job, as CSV and as ZIP."""
