"""The academic directory: institutions, courses, students and what they have to do."""
