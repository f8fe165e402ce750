"""Garmin (Health API): see README.md."""
