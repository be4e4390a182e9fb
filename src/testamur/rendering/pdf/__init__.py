"""The stamp: PDF files as a constant beginning and a tail, written by our own hand."""
