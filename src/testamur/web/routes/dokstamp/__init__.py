"""The routes of the DokStamp API, a file for each noun of it."""
