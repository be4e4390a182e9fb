"""Strangers' pictures, drawings and PDF files, made safe to draw."""
