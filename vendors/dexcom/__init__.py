"""Dexcom (API v3): see README.md."""
