"""Polar (AccessLink v3): see README.md."""
