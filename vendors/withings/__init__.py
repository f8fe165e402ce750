"""Withings (Public API): see README.md."""
