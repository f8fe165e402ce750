"""Oura (API v2): see README.md."""
