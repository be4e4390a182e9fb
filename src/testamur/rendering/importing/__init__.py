"""From a PDF with `{{placeholders}}` to a package."""
