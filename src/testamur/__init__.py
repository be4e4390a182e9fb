"""Testamur: give it a CSV plus images and every row becomes one certificate."""
