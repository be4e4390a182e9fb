"""Template and row to PDF, PNG and JPEG: the same bytes every time."""
