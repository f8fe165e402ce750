"""Anybody who can post signed JSON: see README.md."""
