"""The Thought Industries REST API, version 2: certificate templates and certifying."""
