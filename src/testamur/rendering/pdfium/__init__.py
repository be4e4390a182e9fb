"""What a reader of others makes of our files: their pixels and their words."""
