"""Omron (US Wellness/Partner API): see README.md."""
