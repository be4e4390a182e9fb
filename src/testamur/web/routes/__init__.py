"""One file per dialect: requests to verbs, verbs to answers."""
